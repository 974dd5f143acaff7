import { once } from 'node:events'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import type { Test } from 'tap'

/** A Worker of test/fixtures/core-worker.ts, spoken with by calls. */
export class Thread {
  readonly worker: Worker
  readonly #waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>()
  #id = 0

  constructor(t: Pick<Test, 'teardown'>, options: WorkerOptions = {}) {
    const fixture = new URL('../fixtures/core-worker.js', import.meta.url)
    this.worker = options.eval
      ? new Worker(`import(${JSON.stringify(fixture.href)})`, options)
      : new Worker(fixture, options)
    this.worker.on('message', ({ id, value, error }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(value as never)
      else waiting?.reject(new Error(error))
    })
    this.worker.on('error', error => this.#fail(error as Error))
    this.worker.on('exit', () => this.#fail(new Error('the thread has ended')))
    t.teardown(() => this.end())
  }

  call<T = unknown>(op: string, ...args: unknown[]): Promise<T> {
    const id = ++this.#id
    this.worker.postMessage({ id, op, args })
    return new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  /** Terminates it, whatever it is doing; resolves after its 'exit' was heard by all. */
  async end(): Promise<void> {
    if (this.worker.threadId < 0) return
    const exit = once(this.worker, 'exit')
    await this.worker.terminate()
    await exit
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

/** For Atomics: a barrier, or a flag to stop and one that says that it began. */
export function shared(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8))
}
