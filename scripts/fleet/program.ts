import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Milliseconds that a program has to end by itself once it was asked to. */
const GRACE_MS = 20_000
/** Of what it said, what is kept. */
const TAIL = 4000

interface StartOptions {
  /** Put before the program: a command that runs it elsewhere. */
  readonly within?: readonly string[]
  /** Whether it is a Node program that is talked to. */
  readonly channel?: boolean
}

/** All programs of a trial, so that none outlives it. */
export class Programs {
  readonly #onDeath: (error: Error) => void
  readonly #all: Program[] = []
  #closed = false

  /** `onDeath` is called if one ends without having been asked to. */
  constructor(onDeath: (error: Error) => void) {
    this.#onDeath = onDeath
  }

  start(name: string, command: readonly string[], options: StartOptions = {}): Program {
    if (this.#closed) throw new Error(`${name} is not started: all is about to end`)
    const program = new Program(name, command, options, error => {
      if (!this.#closed) this.#onDeath(error)
    })
    this.#all.push(program)
    return program
  }

  /** No more are started, and that one ends is no surprise from now on. */
  close(): void {
    this.#closed = true
  }

  /** Ends all that run, the last first: what sends ends before what it sends to. */
  async stop(): Promise<void> {
    this.close()
    for (const program of this.#all.reverse()) await program.stop()
  }
}

/** A program that runs until it is stopped or killed. */
export class Program {
  readonly name: string
  readonly child: ChildProcess
  readonly ended: Promise<unknown>
  #said = ''
  #expected = false

  constructor(
    name: string,
    command: readonly string[],
    { within = [], channel = false }: StartOptions,
    onDeath: (error: Error) => void,
  ) {
    const [program, ...args] = [...within, ...command]
    this.name = name
    this.child = spawn(program!, args, {
      stdio: ['pipe', 'pipe', 'pipe', ...(channel ? ['ipc' as const] : [])],
    })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', part => {
        this.#said = (this.#said + part).slice(-TAIL)
      })
    }
    // Of one that is gone: its end is told by the exit.
    this.child.stdin!.on('error', () => {})
    this.ended = new Promise(resolve => {
      this.child.once('exit', (code, signal) => {
        if (!this.#expected) onDeath(new Error(`${name} ended (${signal ?? code}): ${this.said}`))
        resolve(undefined)
      })
      this.child.once('error', error => {
        if (!this.#expected) onDeath(new Error(`${name} cannot be started: ${error.message}`))
        resolve(undefined)
      })
    })
  }

  /** The last that it said. */
  get said(): string {
    return this.#said.trim()
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.child
    return pid !== undefined && exitCode === null && signalCode === null
  }

  /** The next message of a type. Rejects if it ends first. */
  async hears<T>(type: string): Promise<T> {
    const { promise, resolve } = later<T>()
    const hear = (message: { type: string }) => {
      if (message.type === type) resolve(message as T)
    }
    this.child.on('message', hear)
    try {
      const gone = this.ended.then((): never => {
        throw new Error(`${this.name} ended before it said "${type}": ${this.said}`)
      })
      return await Promise.race([promise, gone])
    } finally {
      this.child.off('message', hear)
    }
  }

  /** Asks for a message of a type. */
  asks<T>(question: string, type: string): Promise<T> {
    const answer = this.hears<T>(type)
    this.child.send(question, () => {})
    return answer
  }

  /** The next line on its standard output. */
  async says(line: string): Promise<void> {
    while (this.running && !this.#said.includes(line)) {
      await Promise.race([once(this.child.stdout!, 'data'), this.ended])
    }
    if (!this.#said.includes(line))
      throw new Error(`${this.name} ended before it said "${line}": ${this.said}`)
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.#expected = true
    this.child.kill('SIGKILL')
    await this.ended
  }

  /** Has it end by itself. Can be called twice. */
  async stop(): Promise<void> {
    this.#expected = true
    if (!this.running) return
    this.child.kill('SIGTERM')
    const late = setTimeout(() => this.child.kill('SIGKILL'), GRACE_MS)
    await this.ended
    clearTimeout(late)
  }
}

/** Promise.withResolvers, which Node 20 has not. */
export function later<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
