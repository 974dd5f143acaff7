import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { childrenOf } from './proc.js'

/** A process of its own for one contender: nothing that another one did to heap or optimiser reaches it. */
export class Child {
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown[]>

  private constructor(process: ChildProcess) {
    this.#process = process
    this.#exited = once(process, 'exit')
  }

  /** Starts a program; resolves when it has sent its first message, with that message. */
  static async start<R>(
    program: URL,
    args: readonly string[],
    execArgv: readonly string[] = [],
  ): Promise<[Child, R]> {
    const child = new Child(
      fork(fileURLToPath(program), args, { execArgv: [...execArgv], serialization: 'advanced' }),
    )
    return [child, await child.#answer<R>()]
  }

  get pid(): number {
    return this.#process.pid!
  }

  async ask<R>(question: unknown): Promise<R> {
    this.#process.send(question as object)
    return this.#answer<R>()
  }

  /** Ends it at once, and what it has started, which may be stopped or hang. */
  async stop(): Promise<void> {
    const below =
      this.#process.exitCode === null && this.#process.signalCode === null ? childrenOf(this.pid) : []
    this.#process.kill('SIGKILL')
    for (const pid of below) process.kill(pid, 'SIGKILL')
    await this.#exited
  }

  async #answer<R>(): Promise<R> {
    const [answer] = await Promise.race([
      once(this.#process, 'message'),
      this.#exited.then(([code, signal]) => {
        throw new Error(
          `${this.#process.spawnargs.slice(1).join(' ')}: ended (${code ?? signal}) without an answer`,
        )
      }),
    ])
    if (answer !== null && typeof answer === 'object' && 'failed' in answer)
      throw new Error(String(answer.failed))
    return answer as R
  }
}

/** The child's side: sends `ready`, then answers each question in turn. */
export function answerQuestions<Q>(ready: unknown, answer: (question: Q) => unknown): void {
  process.on('message', async question => {
    try {
      process.send!((await answer(question as Q)) ?? true)
    } catch (error) {
      process.send!({
        failed: error instanceof Error ? error.stack : String(error),
      })
    }
  })
  process.once('disconnect', () => process.exit())
  process.send!(ready)
}
