/** The program as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const main = fileURLToPath(new URL('../../scripts/fleet/main.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export class RunningFleet {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  #out = ''
  #err = ''

  /** Ended after the test if it still runs. The test runner sees what outlives it. */
  static start(t: Test, args: readonly string[], env = process.env): RunningFleet {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
    const fleet = new RunningFleet(child)
    t.teardown(async () => {
      fleet.child.kill('SIGTERM')
      const { out, err } = await fleet.ended
      if (!t.passing()) t.comment(out + err)
    })
    return fleet
  }

  private constructor(child: ChildProcess) {
    this.child = child
    child.stdout!.setEncoding('utf8').on('data', part => {
      this.#out += part
    })
    child.stderr!.setEncoding('utf8').on('data', part => {
      this.#err += part
    })
    this.ended = once(child, 'close').then(([code]) => ({ code, out: this.#out, err: this.#err }))
  }

  /** The first match of what it says. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#out)
      if (match !== null) return match
      const end = await Promise.race([once(this.child.stdout!, 'data').then(() => undefined), this.ended])
      if (end !== undefined && !pattern.test(end.out)) {
        throw new Error(`it ended (${end.code}) and never said ${pattern}:\n${end.out}${end.err}`)
      }
    }
  }
}

/** The cells of the lines of a table, by head. Cells stand two spaces apart at least. */
export function tableOf(out: string, head: RegExp): Record<string, string>[] {
  const lines = out.split('\n')
  const at = lines.findIndex(line => head.test(line))
  if (at < 0) return []
  const cells = (line: string) => line.trim().split(/ {2,}/)
  const heads = cells(lines[at]!)
  const rows = lines.slice(at + 1)
  return rows
    .slice(0, rows.indexOf(''))
    .map(line => Object.fromEntries(cells(line).map((cell, n) => [heads[n]!, cell])))
}
