import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const FIXTURE = fileURLToPath(new URL('../fixtures/process.js', import.meta.url))

/** Calls of a process that answers as test/fixtures/process.ts does. They reject when it ends. */
export function callsTo(child: ChildProcess): (op: string, ...args: unknown[]) => Promise<unknown> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let last = 0
  child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) one?.resolve(value)
    else one?.reject(new Error(error))
  })
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the process has ended: ${signal ?? code}`))
    waiting.clear()
  })
  return (op, ...args) => {
    const id = ++last
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      child.send({ id, op, args })
    })
  }
}

/** A process of test/fixtures/process.ts, spoken with by calls; killed when the test ends. */
export class Process {
  readonly child: ChildProcess
  readonly #call: (op: string, ...args: unknown[]) => Promise<unknown>

  constructor(t: Pick<Test, 'teardown'>, options: ForkOptions = {}) {
    this.child = fork(FIXTURE, options)
    this.#call = callsTo(this.child)
    t.teardown(() => this.kill())
  }

  get pid(): number {
    return this.child.pid!
  }

  call<T = unknown>(op: string, ...args: unknown[]): Promise<T> {
    return this.#call(op, ...args) as Promise<T>
  }

  /** Resolves when the system has ended it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exit = once(this.child, 'exit')
    this.child.kill(signal)
    await exit
  }
}
