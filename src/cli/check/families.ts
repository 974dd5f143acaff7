/** Families, the names of their lines, and their labels, each found by the hash of its name. */

import { mapKey, mix } from '../bytes/hash.js'
import { textOf } from '../bytes/numbers.js'
import type { Format } from '../source/format.js'
import { Distinct } from './distinct.js'

/** What a line is of its family. */
export type Role =
  | 'value'
  | 'bucket'
  | 'sum'
  | 'count'
  | 'created'
  /** A name that lines of this type do not have. */
  | 'none'

/** What the names of a type's lines have behind the family's. */
const TEXT_LINES: Readonly<Record<string, Readonly<Record<string, Role>>>> = {
  histogram: { _bucket: 'bucket', _sum: 'sum', _count: 'count' },
  summary: { '': 'value', _sum: 'sum', _count: 'count' },
}
const OPENMETRICS_LINES: typeof TEXT_LINES = {
  counter: { _total: 'value', _created: 'created' },
  histogram: { _bucket: 'bucket', _sum: 'sum', _count: 'count', _created: 'created' },
  gaugehistogram: { _bucket: 'bucket', _gsum: 'sum', _gcount: 'count' },
  summary: { '': 'value', _sum: 'sum', _count: 'count', _created: 'created' },
  info: { _info: 'value' },
}
const PLAIN: Readonly<Record<string, Role>> = { '': 'value' }
const SUFFIX = /_(?:bucket|sum|count|total|created|gsum|gcount|info)$/

export const TYPES: Readonly<Record<Format, readonly string[]>> = {
  text: ['counter', 'gauge', 'histogram', 'summary', 'untyped'],
  openmetrics: [
    ...['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'],
  ],
}

const OWN_LABELS: Readonly<Record<string, 'le' | 'quantile'>> = {
  histogram: 'le',
  gaugehistogram: 'le',
  summary: 'quantile',
}
/** Which lines of a type never fall. */
const COUNTS: Readonly<Record<string, readonly Role[]>> = {
  counter: ['value'],
  histogram: ['bucket', 'count'],
  summary: ['count'],
}

/** Beyond these a hostile text would take memory without end. */
const MOST_FAMILIES = 100_000
const MOST_LABELS = 200_000

export function linesOf(format: Format, type: string | undefined): Readonly<Record<string, Role>> {
  return (format === 'text' ? TEXT_LINES : OPENMETRICS_LINES)[type ?? ''] ?? PLAIN
}

export class Label {
  readonly key1: number
  readonly key2: number
  readonly name: string
  readonly bytes: Uint8Array
  /** Whether its value is a number that the type gives a meaning. */
  readonly own: 'le' | 'quantile' | undefined
  /** Whether it stands for the name of the metric, so that no line may have it. */
  readonly reserved: boolean
  readonly values = new Distinct()
  /** Label sets of the family without this label: how many series there would be. */
  readonly without = new Distinct()
  /** The line in which it stood last; the chunk of bytes, where its value stands in it, and what that adds to a hash. */
  line = 0
  chunk = 0
  from = 0
  to = 0
  part1 = 0
  part2 = 0
  /** Whether its value was that of the line before. */
  repeats = false

  constructor(bytes: Uint8Array, key1: number, key2: number) {
    const name = textOf(bytes, 0, bytes.length)
    this.bytes = bytes
    this.name = name
    this.own = name === 'le' || name === 'quantile' ? name : undefined
    this.reserved = name === '__name__'
    this.key1 = key1
    this.key2 = key2
  }
}

export class Family {
  readonly name: string
  readonly index: number
  /** What it adds to the hash of a label set, whichever of its lines has it. */
  readonly sum1: number
  readonly sum2: number
  /** 0 until there is one. */
  typeLine = 0
  helpLine = 0
  /** Whether a HELP says anything. */
  helped = false
  unitLine = 0
  firstSample = 0
  type: string | undefined
  /** The label by which its lines of one label set differ. */
  own: 'le' | 'quantile' | undefined
  unit = ''
  /** Its last line, once another family began behind it; 0 while it goes on. */
  ended = 0
  /** Whether there are too many for each to have one: this stands for all others. */
  readonly shared: boolean
  samples = 0
  /** Lines that stood there before. */
  duplicates = 0
  /** In the order in which they first came. */
  readonly labels: Label[] = []
  readonly byKey = new Map<number, Label>()
  /** The names of its lines that have come. */
  readonly names: Name[] = []

  constructor(name: string, index: number, shared: boolean) {
    this.name = name
    this.index = index
    this.sum1 = mix(index + 1)
    this.sum2 = mix(~index)
    this.shared = shared
  }
}

export interface Name {
  readonly text: string
  readonly bytes: Uint8Array
  readonly key1: number
  readonly key2: number
  /** What it adds to the hash of a series. */
  readonly sum1: number
  readonly sum2: number
  readonly family: Family
  role: Role
  /** Whether its values never fall while the process runs. */
  counts: boolean
}

export class Families {
  readonly #format: Format
  readonly all: Family[] = []
  readonly #families = new Map<string, Family>()
  readonly #names = new Map<number, Name>()
  #labels = 0
  /** How many were not held. */
  beyond = 0

  constructor(format: Format) {
    this.#format = format
  }

  get(name: string): Family | undefined {
    return this.#families.get(name)
  }

  /** That of a line's name, whose hash is given. */
  name(key1: number, key2: number, bytes: Uint8Array, from: number, to: number): Name {
    const key = mapKey(key1, key2)
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const text = textOf(bytes, from, to)
    const family = this.of(text)
    const made: Name = {
      ...{ text, key1, key2, family, bytes: Uint8Array.from(bytes.subarray(from, to)) },
      sum1: mix(key1 ^ 0x5bd1e995),
      sum2: mix(key2 ^ 0x1b873593),
      ...this.#roleOf(text, family),
    }
    if (!family.shared) {
      this.#names.set(key, made)
      family.names.push(made)
    }
    return made
  }

  /** The family that a name is of, as a line or as what HELP and TYPE name. It is made if there is none. */
  of(name: string): Family {
    return this.#familyOf(name) ?? this.#make(name)
  }

  /** As Prometheus' parser of text finds it: one of that name first. In OpenMetrics the suffix of a type comes first. */
  #familyOf(name: string): Family | undefined {
    const own = this.#families.get(name)
    if (own !== undefined && this.#format === 'text') return own
    const [suffix] = SUFFIX.exec(name) ?? []
    if (suffix !== undefined) {
      const base = this.#families.get(name.slice(0, -suffix.length))
      if (base !== undefined && linesOf(this.#format, base.type)[suffix] !== undefined) return base
    }
    return own
  }

  #roleOf(name: string, family: Family): Pick<Name, 'role' | 'counts'> {
    const { type, shared } = family
    const role = shared ? 'value' : (linesOf(this.#format, type)[name.slice(family.name.length)] ?? 'none')
    return { role, counts: COUNTS[type ?? '']?.includes(role) === true }
  }

  /** A family's type is known from here on. */
  retype(family: Family, type: string): void {
    family.type = type
    family.own = OWN_LABELS[type]
    // Names of its lines that came before are of another kind now.
    for (const name of family.names) Object.assign(name, this.#roleOf(name.text, family))
  }

  #make(name: string): Family {
    const index = this.all.length
    if (index > MOST_FAMILIES) {
      this.beyond++
      return this.all[MOST_FAMILIES]!
    }
    const family = new Family(name, index, index === MOST_FAMILIES)
    if (family.shared) this.beyond++
    else this.#families.set(name, family)
    this.all.push(family)
    return family
  }

  /** That of a label of a family; `undefined` where there are too many of them. */
  label(family: Family, key1: number, key2: number, bytes: Uint8Array, from: number, to: number): Label {
    const key = mapKey(key1, key2)
    let label = family.byKey.get(key)
    if (label !== undefined) return label
    label = new Label(Uint8Array.from(bytes.subarray(from, to)), key1, key2)
    if (this.#labels >= MOST_LABELS) {
      this.beyond++
      return label
    }
    this.#labels++
    family.byKey.set(key, label)
    family.labels.push(label)
    return label
  }
}
