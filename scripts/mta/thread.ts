import { once } from 'node:events'
import { parentPort, Worker } from 'node:worker_threads'

/** Milliseconds that a thread has to end by itself once it was asked to. */
const GRACE_MS = 2000

type ToThread = { readonly ask: string; readonly id: number }
type FromThread =
  | { readonly ready: unknown }
  | { readonly failed: string }
  | { readonly id: number; readonly answer: unknown }

/** A Worker that says when it is ready, answers questions, and ends when asked to. */
export class Thread<Ready> {
  readonly worker: Worker
  readonly ready: Ready
  readonly #answers = new Map<number, (answer: unknown) => void>()
  readonly #exited: Promise<unknown>
  #ids = 0
  #stopping = false

  /** Starts a Worker and waits until it is ready. `onDeath` is called if it ends without having been asked to. */
  static async start<Ready>(
    file: URL,
    workerData: object,
    onDeath: (error: Error) => void,
  ): Promise<Thread<Ready>> {
    const worker = new Worker(file, { workerData })
    const [first] = (await Promise.race([
      once(worker, 'message'),
      once(worker, 'exit').then(() => {
        throw new Error(`thread ${file.pathname} ended before it was ready`)
      }),
    ])) as [FromThread]
    if ('failed' in first) {
      await worker.terminate()
      throw new Error(first.failed)
    }
    return new Thread(worker, (first as { ready: Ready }).ready, onDeath)
  }

  private constructor(worker: Worker, ready: Ready, onDeath: (error: Error) => void) {
    this.worker = worker
    this.ready = ready
    this.#exited = new Promise(resolve => worker.once('exit', resolve))
    worker.on('error', onDeath)
    worker.once('exit', code => {
      if (!this.#stopping) onDeath(new Error(`a thread ended unasked, with exit code ${code}`))
    })
    worker.on('message', (message: FromThread) => {
      if (!('id' in message)) return
      this.#answers.get(message.id)?.(message.answer)
      this.#answers.delete(message.id)
    })
  }

  ask<Answer>(question: string): Promise<Answer> {
    const id = ++this.#ids
    return new Promise(resolve => {
      this.#answers.set(id, answer => resolve(answer as Answer))
      this.worker.postMessage({ ask: question, id } satisfies ToThread)
    })
  }

  /** Asks it to end, and resolves with its last words once it has; or with nothing if it had to be stopped. */
  async stop<Answer>(): Promise<Answer | undefined> {
    this.#stopping = true
    let words: Answer | undefined
    void this.ask<Answer>('stop').then(answer => {
      words = answer
    })
    const late = setTimeout(() => void this.worker.terminate(), GRACE_MS)
    await this.#exited
    clearTimeout(late)
    return words
  }
}

/** The other end: starts the thread's work, and answers until it is asked to stop. */
export async function serveThread(
  start: () => Promise<{
    ready: unknown
    /** Questions that it answers. */
    answers?: Record<string, () => unknown>
    /** Ends everything that keeps the thread alive; gives its last words. */
    stop: () => Promise<unknown>
  }>,
): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this file runs as a Worker of the sample MTA')
  try {
    const { ready, answers = {}, stop } = await start()
    port.on('message', async ({ ask, id }: ToThread) => {
      const answer = ask === 'stop' ? await stop() : await answers[ask]?.()
      port.postMessage({ id, answer } satisfies FromThread)
      if (ask === 'stop') port.close()
    })
    port.postMessage({ ready } satisfies FromThread)
  } catch (error) {
    port.postMessage({ failed: (error as Error).message } satisfies FromThread)
  }
}
