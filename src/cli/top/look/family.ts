/** Families: what is said of them, and what lines belong to which. */
import type { Observed } from './observed.js'
import { COUNT, NONE, SUM, Tally, VALUE } from './tally.js'

export type Type =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown'

const TYPES: Readonly<Record<string, Type>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  untyped: 'unknown',
  unknown: 'unknown',
}

/** Its part is in a label: `le` or `quantile`. */
export const PART = -5

/** What lines of a type have behind the family's name. */
const LINES: Readonly<Record<Type, Readonly<Record<string, number>>>> = {
  counter: { '': VALUE, _total: VALUE, _created: NONE },
  gauge: { '': VALUE },
  histogram: { _bucket: PART, _sum: SUM, _count: COUNT, _created: NONE },
  gaugehistogram: { _bucket: PART, _gsum: SUM, _gcount: COUNT },
  summary: { '': PART, _sum: SUM, _count: COUNT, _created: NONE },
  info: { '': VALUE, _info: VALUE },
  stateset: { '': VALUE },
  unknown: { '': VALUE },
}
const SUFFIX = /_(?:bucket|sum|count|total|created|gsum|gcount|info)$/
const LONGEST_SUFFIX = '_created'.length
/** Of what has no type, what mostly only rises. */
const RISES = /_(?:total|sum|count|bucket)$/

/** More bounds, or quantiles, than any histogram has. */
const MOST_PARTS = 2000
/** What is beyond is not shown. */
export const MOST_FAMILIES = 50_000
/** So many may be gone before they are forgotten. */
const GONE = 1024
const MOST_HELP = 300
export const MOST_NAME = 300

export class Family {
  number: number
  readonly name: string
  type: Type
  /** Whether a line of TYPE stood there, and in which look the last one did. */
  typed = false
  typedIn = 0
  help = ''
  tally = new Tally()
  /** Bounds of buckets, or quantiles. */
  readonly parts: number[] = []
  readonly #parts = new Map<number, number>()
  /** The look it was in last, and the one before; when that was, and how long behind that, in ms. */
  look = 0
  before = 0
  at = Number.NaN
  elapsed = Number.NaN
  /** Of a native histogram. */
  native: Observed | undefined
  /** What the look that it was in last has written over: should that break off. */
  #undone: Pick<Family, 'tally' | 'look' | 'before' | 'at' | 'elapsed'> | undefined

  constructor(number: number, name: string, type: Type) {
    this.number = number
    this.name = name
    this.type = type
  }

  get hasBuckets(): boolean {
    return this.type === 'histogram' || this.type === 'gaugehistogram'
  }

  /** The label that tells a series' lines apart: buckets, or quantiles. */
  get partLabel(): 'le' | 'quantile' | undefined {
    if (this.hasBuckets) return 'le'
    return this.type === 'summary' ? 'quantile' : undefined
  }

  /** Whether buckets are there and say nothing of where: such a histogram has native ones, or none. */
  get isCountOnly(): boolean {
    return this.type === 'histogram' && this.parts.every(bound => bound === Number.POSITIVE_INFINITY)
  }

  /** The number of a bound or quantile; NONE if it is none, or one too many. */
  part(bound: number): number {
    if (Number.isNaN(bound)) return NONE
    const known = this.#parts.get(bound)
    if (known !== undefined) return known
    if (this.parts.length === MOST_PARTS) return NONE
    this.#parts.set(bound, this.parts.length)
    return this.parts.push(bound) - 1
  }

  enter(look: number, at: number): void {
    const { tally, elapsed } = this
    const spare = this.#undone?.tally ?? new Tally()
    this.#undone = { tally, look: this.look, before: this.before, at: this.at, elapsed }
    this.tally = spare
    this.before = this.look
    this.look = look
    this.elapsed = at - this.at
    this.at = at
    this.tally.clear()
  }

  /** The look that it was in last does not count. */
  undo(): void {
    if (this.#undone === undefined) return
    const spare = this.tally
    Object.assign(this, this.#undone)
    this.#undone = { ...this.#undone, tally: spare }
  }
}

export interface Line {
  readonly family: Family
  /** PART where a label says which. */
  readonly role: number
}

export class Families {
  readonly all: Family[] = []
  readonly #byName = new Map<string, Family>()
  readonly #lines = new Map<string, Line | undefined>()
  /** A family has another type than it had: nothing that is known of its series holds. */
  changed = false
  /** The number of the look under way. */
  look = 0

  get(name: string): Family | undefined {
    return this.#byName.get(name)
  }

  /** The family of a name, known or yet to come. */
  named(name: string): Family | undefined {
    return this.get(name) ?? this.#make(name, 'unknown')
  }

  /** Undefined where there are too many. */
  #make(name: string, type: Type): Family | undefined {
    if (this.all.length === MOST_FAMILIES || name.length > MOST_NAME) return undefined
    const made = new Family(this.all.length, name, type)
    this.all.push(made)
    this.#byName.set(name, made)
    return made
  }

  typeIs(name: string, said: string): void {
    const type = TYPES[said]
    if (type === undefined) return
    const known = this.get(name)
    if (known === undefined) {
      const made = this.#make(name, type)
      if (made !== undefined) this.#isTyped(made)
      this.#lines.clear()
    } else if (known.type === type) this.#isTyped(known)
    // Within one exposition the first type holds, and what samples above all types were taken for.
    else if (known.typedIn !== this.look && known.look !== this.look) {
      if (known.typed || known.look > 0) this.changed = true
      known.type = type
      this.#isTyped(known)
      this.#lines.clear()
    }
  }

  #isTyped(family: Family): void {
    family.typed = true
    family.typedIn = this.look
  }

  helpIs(name: string, help: string): void {
    const family = this.named(name)
    if (family !== undefined) family.help = help.slice(0, MOST_HELP)
  }

  /** Whose line has a name. `bound`: whether it has a label `le`. */
  line(name: string, bound: boolean): Line | undefined {
    if (name.length > MOST_NAME + LONGEST_SUFFIX) return undefined
    if (this.#lines.has(name)) return this.#lines.get(name)
    const found = this.#lineOf(name, bound)
    if (this.#lines.size >= 4 * MOST_FAMILIES) this.#lines.clear()
    this.#lines.set(name, found)
    return found
  }

  /** Forgets families that are gone, when they are many. Gives for each number the one it has now. */
  forget(isGone: (family: Family) => boolean): Int32Array | undefined {
    const kept = this.all.filter(family => !isGone(family))
    const gone = this.all.length - kept.length
    const isFull = this.all.length === MOST_FAMILIES && gone > 0
    if (!isFull && (gone <= GONE || gone * 4 <= this.all.length)) return undefined
    const moved = new Int32Array(this.all.length)
    this.all.length = 0
    this.#byName.clear()
    this.#lines.clear()
    for (const family of kept) {
      moved[family.number] = this.all.length
      family.number = this.all.length
      this.all.push(family)
      this.#byName.set(family.name, family)
    }
    return moved
  }

  #lineOf(name: string, bound: boolean): Line | undefined {
    const own = this.get(name)
    const role = own === undefined ? undefined : LINES[own.type]['']
    if (own !== undefined && role !== undefined && (own.typed || own.type !== 'unknown'))
      return { family: own, role }
    const [suffix] = SUFFIX.exec(name) ?? []
    if (suffix !== undefined) {
      const family = this.get(name.slice(0, -suffix.length))
      const role = family === undefined ? undefined : LINES[family.type][suffix]
      if (family !== undefined && role !== undefined) return { family, role }
      // A histogram whose type nobody tells.
      if (suffix === '_bucket' && bound && (family === undefined || !family.typed)) {
        const made = family ?? this.#make(name.slice(0, -suffix.length), 'histogram')
        if (made === undefined) return undefined
        made.type = 'histogram'
        this.#lines.clear()
        return { family: made, role: PART }
      }
    }
    const made = own ?? this.#make(name, 'unknown')
    if (made === undefined) return undefined
    if (!made.typed && RISES.test(name)) made.type = 'counter'
    return { family: made, role: VALUE }
  }
}
