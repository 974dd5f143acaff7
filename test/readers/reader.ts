import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

/** A program that reads one exposition after the other: see expfmt.go and python_client.py. Ended after the test. */
export class Reader<F> {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #said = ''

  constructor(t: Test, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env } })
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
    this.#child.stderr.setEncoding('utf8').on('data', part => {
      this.#said += part
    })
    // A reader that has ended takes nothing: the missing answer shows it, so this error need not.
    this.#child.stdin.on('error', () => {})
    const exited = once(this.#child, 'exit')
    t.teardown(async () => {
      this.#child.stdin.end()
      const [code, signal] = await exited
      if (code !== 0) throw new Error(`${program} ended with ${signal ?? code}: ${this.#said}`)
    })
  }

  /** What it finds in a document, one at a time. @throws Error with what it says of a bad one. */
  async read(format: string, document: string | Uint8Array): Promise<F[]> {
    const body = Buffer.from(document)
    this.#child.stdin.write(`${JSON.stringify({ format, bytes: body.length })}\n`)
    this.#child.stdin.write(body)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`the reader ended: ${this.#said}`)
    const { families, error } = JSON.parse(value) as { families: F[]; error?: string }
    if (error !== undefined) throw new Error(error)
    return families
  }
}

/** A number as Python or Go spells it. */
export function numberOf(text: string): number {
  return text === '+Inf'
    ? Number.POSITIVE_INFINITY
    : text === '-Inf'
      ? Number.NEGATIVE_INFINITY
      : Number(text)
}
