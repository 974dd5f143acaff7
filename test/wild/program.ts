import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

/** A program that others wrote, started as its users start it. What it says is waited for; it is ended after the test. */
export class Program {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  /** What it has said so far. */
  readonly lines: string[] = []
  readonly #waiting = new Set<() => void>()

  constructor(
    t: Test,
    command: string,
    args: readonly string[],
    options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ) {
    this.#child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#exited = once(this.#child, 'exit')
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      createInterface(stream).on('line', line => {
        this.lines.push(line)
        for (const wake of this.#waiting) wake()
      })
    void this.#exited.then(() => {
      for (const wake of this.#waiting) wake()
    })
    t.teardown(() => this.end())
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Resolves when so many lines match. Rejects, with what it said, when it ends before. */
  async said(pattern: RegExp, times = 1): Promise<void> {
    // Each line is looked at once: under load a program says thousands.
    let seen = 0
    let found = 0
    const look = () => {
      for (; seen < this.lines.length; seen++) if (pattern.test(this.lines[seen]!)) found++
      return found
    }
    while (look() < times) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(
          `it ended without saying ${pattern} ${times} times:\n${this.lines.slice(-200).join('\n')}`,
        )
      await new Promise<void>(resolve => {
        const wake = () => {
          this.#waiting.delete(wake)
          resolve()
        }
        this.#waiting.add(wake)
      })
    }
  }

  /** Resolves when it has ended by itself; null if a signal ended it. */
  async exitCode(): Promise<number | null> {
    await this.#exited
    return this.#child.exitCode
  }

  /** Ends it as a terminal does. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    await this.#exited
  }
}

/** The processes that a process has started, oldest first. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

/** Whether a process runs; one that has ended may stay listed, where nobody asks for its exit code. */
export function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
