/**
 * The lines of one histogram or summary with one label set: buckets in order, cumulative, `+Inf` and `_count` alike. Lines
 * of one label set mostly stand together; where they do not, what they had is found again by their hash.
 */

import type { Format } from '../source/format.js'
import type { Family } from './families.js'
import type { Findings } from './findings.js'
import { KEY, KeyTable, type Part } from './key-table.js'

/** Cells of a group, behind its key. */
const LINE = KEY
const FLAGS = KEY + 1
const FAMILY = KEY + 2
const WORDS = 3
const WIDTH = KEY + WORDS
/** Reals: the last bound and its count, and what +Inf or _count said first. */
const BOUND = 0
const CUMULATED = 1
const TOTAL = 2
const REALS = 3

const HAS_BUCKET = 1
const HAS_INFINITE = 2
const HAS_COUNT = 4
const HAS_SUM = 8
const HAS_NEGATIVE_BUCKET = 16
const HAS_NEGATIVE_SUM = 32

/** Keeps the hashes of groups apart from those of series. */
const APART = 0x2545f491

export class Groups {
  readonly #table = new KeyTable({ words: WORDS, reals: REALS })
  readonly #openMetrics: boolean
  readonly #findings: Findings
  #h1 = 0
  #h2 = 0
  #part: Part | undefined
  #at = 0

  constructor(format: Format, findings: Findings) {
    this.#openMetrics = format === 'openmetrics'
    this.#findings = findings
  }

  get bytes(): number {
    return this.#table.bytes
  }

  /** The lines that follow are of the label set with this hash. Whether that came before and others came between. */
  enter(h1: number, h2: number, family: Family, line: number): boolean {
    h1 ^= APART
    if (this.#part !== undefined && h1 === this.#h1 && h2 === this.#h2) return false
    const known = this.#table.find(h1, h2)
    this.#h1 = h1
    this.#h2 = h2
    this.#part = this.#table.part
    this.#at = this.#table.at
    if (known) return true
    this.#part.cells[this.#at * WIDTH + LINE] = line
    this.#part.cells[this.#at * WIDTH + FAMILY] = family.index
    this.restart()
    return false
  }

  /** Another point of the same label set, at a later time: its buckets begin anew. */
  restart(): void {
    const { cells, reals } = this.#part!
    cells[this.#at * WIDTH + FLAGS] = 0
    reals[this.#at * REALS + BOUND] = Number.NEGATIVE_INFINITY
    reals[this.#at * REALS + CUMULATED] = 0
  }

  bucket(bound: number, count: number, family: Family, line: number, column: number): void {
    const { cells, reals } = this.#part!
    const real = this.#at * REALS
    const before = reals[real + BOUND]!
    if (bound <= before)
      this.#findings.add('bucket-order', line, column, family.name, () => {
        return `the bucket le="${bound}" stands behind that of le="${before}"`
      })
    const least = reals[real + CUMULATED]!
    if (!(count >= least) && !(count < 0))
      this.#findings.add('bucket-count', line, column, family.name, () => {
        return `the bucket le="${bound}" has ${count}, which is less than the ${least} of le="${before}": buckets are cumulative`
      })
    reals[real + BOUND] = bound
    reals[real + CUMULATED] = count
    cells[this.#at * WIDTH + FLAGS]! |= bound < 0 ? HAS_BUCKET | HAS_NEGATIVE_BUCKET : HAS_BUCKET
    if (bound === Number.POSITIVE_INFINITY) this.#total(count, HAS_INFINITE, family, line)
  }

  count(count: number, family: Family, line: number): void {
    this.#total(count, HAS_COUNT, family, line)
  }

  sum(sum: number): void {
    this.#part!.cells[this.#at * WIDTH + FLAGS]! |= sum < 0 ? HAS_SUM | HAS_NEGATIVE_SUM : HAS_SUM
  }

  #total(count: number, which: number, family: Family, line: number): void {
    const { cells, reals } = this.#part!
    const flags = cells[this.#at * WIDTH + FLAGS]!
    const other = reals[this.#at * REALS + TOTAL]!
    const both = (flags & (HAS_INFINITE | HAS_COUNT) & ~which) !== 0
    if (both && other !== count && family.type !== 'summary')
      this.#findings.add('bucket-total', line, 0, family.name, () => {
        const [infinite, total] = which === HAS_COUNT ? [other, count] : [count, other]
        return `the bucket le="+Inf" has ${infinite}, and _count has ${total}`
      })
    if (!both) reals[this.#at * REALS + TOTAL] = count
    cells[this.#at * WIDTH + FLAGS] = flags | which
  }

  /** Says what each lacks, by the lines where they began. */
  end(families: readonly Family[]): void {
    const lacking: [line: number, flags: number, family: number][] = []
    this.#table.each(({ cells }, at) => {
      const [line, flags, family] = [LINE, FLAGS, FAMILY].map(n => cells[at * WIDTH + n]!) as [
        number,
        number,
        number,
      ]
      if (this.#lacks(flags, families[family]!)) lacking.push([line, flags, family])
    })
    lacking.sort(([a], [b]) => a - b)
    for (const [line, flags, index] of lacking) this.#say(line, flags, families[index]!)
  }

  #lacks(flags: number, { type }: Family): boolean {
    const has = (bits: number) => (flags & bits) !== 0
    if (type === 'summary') return false
    return (
      !has(HAS_INFINITE) ||
      has(HAS_COUNT) !== has(HAS_SUM) ||
      !(has(HAS_COUNT) || this.#openMetrics) ||
      (this.#openMetrics && has(HAS_NEGATIVE_BUCKET | HAS_NEGATIVE_SUM))
    )
  }

  #say(line: number, flags: number, { name, type }: Family): void {
    const has = (bits: number) => (flags & bits) !== 0
    const add: (...args: [Parameters<Findings['add']>[0], string]) => void = (code, why) =>
      this.#findings.add(code, line, 0, name, () => `the series of ${name} that begins here ${why}`)
    if (!has(HAS_INFINITE))
      add('bucket-infinite', has(HAS_BUCKET) ? 'has no bucket le="+Inf"' : 'has no buckets')
    const gauge = type === 'gaugehistogram'
    const [sum, count] = gauge ? ['_gsum', '_gcount'] : ['_sum', '_count']
    if (!this.#openMetrics) {
      if (!has(HAS_COUNT)) add('incomplete', 'has no _count')
      if (!has(HAS_SUM)) add('no-sum', 'has no _sum')
      return
    }
    if (has(HAS_COUNT) !== has(HAS_SUM))
      add('incomplete', `has no ${has(HAS_SUM) ? count : sum}: it has both or none`)
    if (!has(HAS_SUM)) return
    if (has(HAS_NEGATIVE_BUCKET)) {
      if (!gauge) add('sum', 'has _sum beside buckets below 0')
    } else if (has(HAS_NEGATIVE_SUM)) add('sum', `has a ${sum} below 0, and no bucket below 0`)
  }
}
