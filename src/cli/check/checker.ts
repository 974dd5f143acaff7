/** Checks one exposition, chunk by chunk, in memory that grows with its series and not with its text. */

import { HASH, LF, SPACE, TAB } from '../bytes/kinds.js'
import { Lines } from '../bytes/lines.js'
import type { Format } from '../source/format.js'
import type { Code } from './codes.js'
import { Comments, hasForbiddenUnit } from './comments.js'
import { Families, type Family, linesOf } from './families.js'
import type { Findings } from './findings.js'
import { lint } from './lint.js'
import { Samples } from './samples.js'
import { Scanner } from './scanner.js'
import type { Series } from './series.js'
import { characters } from './utf8.js'

export class Checker {
  readonly #findings: Findings
  readonly #scanner: Scanner
  readonly #comments: Comments
  readonly #lines = new Lines({
    lines: (bytes, from, to) => this.#read(bytes, from, to),
    long: () => this.#long(),
  })
  readonly format: Format
  readonly families: Families
  readonly samples: Samples
  #bytes: Uint8Array = new Uint8Array()
  #lineStart = 0
  #current: Family | undefined
  /** Where # EOF stood. */
  #eof = 0
  #saidBehindEof = false
  line = 0
  bytes = 0
  /** Lines that were read: samples, HELP, TYPE. */
  understood = 0

  constructor(format: Format, findings: Findings, series: Series) {
    this.format = format
    this.#findings = findings
    this.families = new Families(format)
    const fail = (code: Code, at: number, message: () => string) => this.#fail(code, at, message)
    this.#scanner = new Scanner(format, series.key, this.families, fail)
    this.#comments = new Comments(format, this.families, fail)
    this.samples = new Samples(format, findings, series, this.#scanner, this.families)
  }

  write(chunk: Uint8Array): void {
    this.bytes += chunk.length
    this.#lines.write(chunk)
  }

  /** Checks what only the end shows. */
  end(): void {
    const rest = this.#lines.end()
    if (rest.length > 0) {
      // OpenMetrics lets the last line feed be left out.
      const ended = this.format === 'openmetrics' && Buffer.from(rest).toString() === '# EOF'
      this.#read(Buffer.concat([rest, Buffer.of(LF)]), 0, rest.length + 1)
      if (!ended)
        this.#findings.add('unended', this.line, 0, undefined, () => {
          return 'the last line has no line feed behind it: readers take it for one that was cut off'
        })
    }
    if (this.format === 'openmetrics' && this.#eof === 0)
      this.#findings.add(
        'eof',
        this.line,
        0,
        undefined,
        () => 'the exposition does not end with # EOF: it may be cut off',
      )
    if (this.format === 'text' && this.#eof === this.line && this.line > 0)
      this.#findings.add('openmetrics', this.line, 0, undefined, () => {
        return 'ends as OpenMetrics does: --format openmetrics checks it as such'
      })
    this.samples.end()
    this.#clashes()
    lint(this.families.all, this.format, this.#findings)
    if (this.samples.count === 0)
      this.#findings.add('empty', 0, 0, undefined, () => 'the exposition has no series')
    if (this.families.beyond > 0)
      this.#findings.add('unchecked', 0, 0, undefined, () => {
        return `there are more families or labels than are held; for those beyond, only syntax and duplicates were checked`
      })
  }

  #read(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes
    this.#scanner.chunk++
    const text = this.format === 'text'
    for (let at = from; at < to; ) {
      this.line++
      this.#lineStart = at
      let c = bytes[at]!
      if (text) while (c === SPACE || c === TAB) c = bytes[++at]!
      if (this.#eof > 0 && !text) this.#behindEof()
      if (c === HASH) {
        const end = bytes.indexOf(LF, at)
        this.#comment(bytes, at, end)
        at = end + 1
      } else if (c === LF) {
        if (!text) this.#fail('comment', at, () => 'an empty line, which OpenMetrics does not have')
        at++
      } else at = this.#sample(bytes, at)
    }
    this.samples.flush(bytes)
    // A chunk that is done with is not held.
    this.#bytes = new Uint8Array()
  }

  #sample(bytes: Uint8Array, at: number): number {
    const scanner = this.#scanner
    scanner.line = this.line
    if (!scanner.read(bytes, at)) return bytes.indexOf(LF, at) + 1
    const { family } = scanner.name
    if (family !== this.#current) this.#enter(family)
    this.understood++
    this.samples.take(bytes, this.line)
    return scanner.end + 1
  }

  #comment(bytes: Uint8Array, at: number, end: number): void {
    this.#comments.line = this.line
    const { family, eof } = this.#comments.read(bytes, at, end)
    // In text it is a comment like others.
    const isEof = eof || (end - at === 5 && Buffer.from(bytes.subarray(at, end)).toString() === '# EOF')
    if (isEof) {
      if (this.#eof > 0 && this.format === 'openmetrics') this.#fail('eof', at, () => 'a second # EOF')
      this.#eof = this.line
    }
    if (family === undefined) return
    this.understood++
    this.#enter(family)
  }

  /** A line of a family stands here: the one before it has ended. */
  #enter(family: Family): void {
    const current = this.#current
    if (family === current) return
    if (current !== undefined) current.ended = this.line
    this.#current = family
    if (family.ended > 0 && !family.shared)
      this.#findings.add('interleaved', this.line, 0, family.name, () => {
        return `${family.name} goes on here, and other families began in line ${family.ended}: its lines must be together`
      })
    family.ended = 0
  }

  #behindEof(): void {
    if (this.#saidBehindEof) return
    this.#saidBehindEof = true
    this.#fail('eof', this.#lineStart, () => `something stands behind # EOF, which is in line ${this.#eof}`)
  }

  #long(): void {
    this.line++
    this.#findings.add('long', this.line, 0, undefined, () => 'a line of more than 4 MiB, which is left out')
  }

  /** Families whose names are those of another one's lines: a reader cannot tell whose such a line is. */
  #clashes(): void {
    for (const family of this.families.all) {
      for (const suffix of Object.keys(linesOf(this.format, family.type))) {
        const other = suffix === '' ? undefined : this.families.get(family.name + suffix)
        if (other === undefined || other === family) continue
        const line = other.typeLine || other.helpLine || other.firstSample
        this.#findings.add('clash', line, 0, other.name, () => {
          return `${other.name} has the name of a line of ${family.name}, which is a ${family.type}`
        })
      }
      if (this.format === 'openmetrics' && hasForbiddenUnit(family))
        this.#findings.add('unit', family.unitLine, 0, family.name, () => {
          return `${family.name} has a unit, which a family of type ${family.type} has not`
        })
    }
  }

  #fail(code: Code, at: number, message: () => string): void {
    const column = 1 + characters(this.#bytes, this.#lineStart, at)
    this.#findings.add(code, this.line, column, undefined, message)
  }
}
