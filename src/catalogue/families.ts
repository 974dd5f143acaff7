/**
 * Families: which metrics exist. A family is written whole into memory of its own, and then published at the head of
 * one chain. So a reader sees all of it or nothing. Families are never unlinked.
 *
 * Assumes: An arena's memory does not move.
 * Guarantees: `register` may be called from any thread. If threads register the same name at once, one wins, and all
 * get its family. A thread that dies in it leaves at most unused memory.
 */
import { plainError } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { hasShares } from '../memory/shares.js'
import { baseName, escapeHelp, escapeOpenMetricsHelp, spellBound, spellCanonical } from './names.js'

export type Kind = 'counter' | 'gauge' | 'histogram' | 'info' | 'stateset' | 'summary'
export type Aggregate = 'sum' | 'livesum' | 'min' | 'max' | 'last'

const KINDS: Record<Kind, number> = {
  counter: L.KIND_COUNTER,
  gauge: L.KIND_GAUGE,
  histogram: L.KIND_HISTOGRAM,
  info: L.KIND_INFO,
  stateset: L.KIND_STATESET,
  summary: L.KIND_SUMMARY,
}

/** The type of a kind outside of OpenMetrics. The kinds for which only OpenMetrics has a type are exposed as gauges. */
function plainType(kind: Kind): string {
  return kind === 'info' || kind === 'stateset' ? 'gauge' : kind
}

const AGGREGATES: Record<Aggregate, number> = {
  sum: L.AGGREGATE_SUM,
  livesum: L.AGGREGATE_LIVESUM,
  min: L.AGGREGATE_MIN,
  max: L.AGGREGATE_MAX,
  last: L.AGGREGATE_LAST,
}

export const AGGREGATE_NAMES = Object.keys(AGGREGATES) as Aggregate[]

/** When a gauge is idle: while it is zero, or while no thread touches it. */
export type ExpireRule = 'zero' | 'untouched'

/** Limits of a family's series. The first registration sets them. */
export interface Limits {
  /** The most series; 0 for no limit. */
  readonly maxSeries: number
  /** Series that are idle for so long are freed, ms; 0 for never. */
  readonly expireAfter: number
}

/** Exponential buckets of a histogram. */
export interface Native {
  /** The finest schema, -4 to 8. A series uses a coarser one when it would have too many buckets. */
  readonly schema: number
  readonly maxBuckets: number
}

/** The time that a summary's quantiles are over, and their precision. */
export interface AgeWindow {
  /** ms. */
  readonly maxAge: number
  readonly ageBuckets: number
  readonly significantDigits: number
}

/** What makes two registrations the same family. */
export interface Identity {
  readonly name: string
  readonly kind: Kind
  readonly labelNames: readonly string[]
  /** Upper bounds of a histogram, ascending, without +Inf; a summary's quantiles, ascending. */
  readonly bounds: readonly number[]
  readonly aggregate: Aggregate
  /** Only for gauges. The other kinds are idle while their fold does not change. */
  readonly expire: ExpireRule
  /** Only for a stateset. */
  readonly states?: readonly string[]
  /** The unit, with which the name ends; '' for none. */
  readonly unit: string
  readonly self: boolean
  /** Only for a native histogram. */
  readonly native?: Native
  /** Only for a summary. */
  readonly window?: AgeWindow
}

export interface Family extends Identity {
  readonly ref: number
  /** Cells that one series has in each shard. */
  readonly cells: number
  /** Series in a full page. */
  readonly pagePlaces: number
}

/**
 * Cells of one series in a shard. A histogram has one for each bucket and one for the sum, and four more if it is
 * native. A counter or gauge has its value, and a count of touches if they matter.
 */
function cellCount(identity: Identity): number {
  if (identity.kind === 'histogram')
    return identity.bounds.length + 2 + (identity.native === undefined ? 0 : L.NATIVE_CELLS)
  if (identity.kind === 'summary') return identity.bounds.length + 2
  return identity.expire === 'untouched' ? 2 : 1
}

/**
 * How many lines of a series can have an exemplar: a counter has one, a histogram one for each bucket. OpenMetrics 1.0,
 * 'Exemplars'.
 */
export function exemplarLines({ kind, bounds }: Identity): number {
  return kind === 'histogram' ? bounds.length + 1 : kind === 'counter' ? 1 : 0
}

/** How many blocks a place has in each shard: see NATIVE_BLOCK. */
function blockCount({ native, window }: Identity): number {
  return native !== undefined ? 1 : (window?.ageBuckets ?? 0)
}

/** Words that the blocks of a place take behind the cells, in each shard. */
export function blockWords(identity: Identity): number {
  return blockCount(identity) * L.NATIVE_WORDS
}

/** Words behind the cells of a page for the bits of a gauge's shares: see memory/shares.ts. */
export function shareWords({ kind, aggregate }: Identity): number {
  return hasShares(KINDS[kind], AGGREGATES[aggregate]) ? L.SHARE_WORDS : 0
}

/** How long an age bucket is counted in, ms. */
export function ageOf({ maxAge, ageBuckets }: AgeWindow): number {
  return Math.ceil(maxAge / ageBuckets)
}

function expireRule(identity: Identity): number {
  if (identity.kind !== 'gauge' && identity.kind !== 'stateset' && identity.kind !== 'info')
    return L.EXPIRE_UNCHANGED
  return identity.expire === 'untouched' ? L.EXPIRE_UNTOUCHED : L.EXPIRE_ZERO
}

function pagePlaces(identity: Identity): number {
  if (identity.labelNames.length === 0) return 1
  const room = Math.floor(
    (L.CELLS_PAGE_WORDS - L.CELLS_HEADER_WORDS - shareWords(identity)) /
      (cellCount(identity) + blockWords(identity)),
  )
  return Math.min(L.MAX_PAGE_PLACES, Math.max(1, room))
}

/**
 * All names that a family and its lines have in any format: a histogram `x` also has `x_bucket`; a counter `x_total` is
 * also called `x`.
 */
function linesOf({ name, kind }: Identity): string[] {
  const base = baseName(kind, name)
  if (kind === 'histogram') return [name, ...HISTOGRAM_LINES.map(suffix => name + suffix)]
  if (kind === 'summary') return [name, ...SUMMARY_LINES.map(suffix => name + suffix)]
  if (kind !== 'counter') return base === name ? [name] : [name, base]
  return base === name ? [name] : [name, base, `${base}_created`]
}

const SUMMARY_LINES = ['_sum', '_count', '_created']
const HISTOGRAM_LINES = ['_bucket', ...SUMMARY_LINES]

/** The label by which the lines of a series differ, and its values: bounds, or quantiles. */
function lineLabels({ kind, bounds }: Identity): [label: string, values: readonly number[]] {
  if (kind === 'histogram') return ['le', [...bounds, Number.POSITIVE_INFINITY]]
  return kind === 'summary' ? ['quantile', bounds] : ['', []]
}

/** The most bytes of `,le="…"} ` or `,quantile="…"} ` in any spelling, or of `[le,`. */
export function longestSuffix(identity: Identity): number {
  const [label, values] = lineLabels(identity)
  const around = label.length + 6
  return values.reduce(
    (most, le) => Math.max(most, spellBound(le).length + around, spellCanonical(le).length + around),
    0,
  )
}

export class Families {
  readonly #arena: Arena
  readonly #byName = new Map<string, Family>()
  /** By the names that their lines can have. */
  readonly #byLine = new Map<string, Family>()
  readonly #byRef = new Map<number, Family>()
  #newest = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  get(name: string): Family | undefined {
    this.#sync()
    return this.#byName.get(name)
  }

  /** The family that has this record. */
  byRef(ref: number): Family | undefined {
    const known = this.#byRef.get(ref)
    if (known !== undefined) return known
    this.#sync()
    return this.#byRef.get(ref)
  }

  /** All families at this moment, in order of name (by code unit, because names are ASCII). */
  sorted(): Family[] {
    this.#sync()
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** A number that changes when a family is added. If it is the same, an earlier sorted() is still right. */
  version(): number {
    return Atomics.load(this.#arena.i32, L.H_FAMILIES)
  }

  /**
   * The family of that name, which is made if there is none; undefined when memory is full. Whether a family that
   * existed has the same options is for the caller to check, with `conflict`. `prepare` is called with a new family's
   * record before anybody can see it; it returns false when memory is full.
   *
   * @throws Error naming both if another family has lines of the same name.
   */
  register(
    identity: Identity,
    help: string,
    limits: Limits,
    now: number,
    prepare: (ref: number) => boolean = () => true,
  ): Family | undefined {
    const { i32 } = this.#arena
    let written: Family | undefined
    for (;;) {
      const found = this.get(identity.name)
      if (found !== undefined) return found
      // Checked against the families known at `head`: if another has been published since, the exchange fails, and it
      // is checked again.
      this.#checkLines(identity)
      const head = this.#newest
      if (written === undefined) {
        written = writeFamily(this.#arena, identity, help, limits, now)
        if (written === undefined || !prepare(written.ref)) return undefined
      }
      i32[written.ref * 2 + L.F_NEXT] = head
      Atomics.compareExchange(i32, L.H_FAMILIES, head, written.ref)
    }
  }

  /** No two families may have lines of the same name in any format. OpenMetrics 1.0, 'MetricFamily' and 'Suffixes'. */
  #checkLines(identity: Identity): void {
    for (const line of linesOf(identity)) {
      const taken = this.#byLine.get(line)
      if (taken === undefined || taken.name === identity.name) continue
      throw plainError(
        'ERR_POSTMETER_CONFLICT',
        `metric "${identity.name}" would have lines of the same name as metric "${taken.name}", a ${taken.kind}: ${line}`,
      )
    }
  }

  /** Reads the families that were published since the last call. */
  #sync(): void {
    const newest = Atomics.load(this.#arena.i32, L.H_FAMILIES)
    for (let ref = newest; ref !== this.#newest; ref = this.#arena.i32[ref * 2 + L.F_NEXT]) {
      const family = readFamily(this.#arena, ref)
      this.#byName.set(family.name, family)
      this.#byRef.set(ref, family)
      for (const line of linesOf(family)) this.#byLine.set(line, family)
    }
    this.#newest = newest
  }
}

/** Why a registration conflicts with a family that exists; undefined if it does not. */
export function conflict(family: Identity, asked: Identity): string | undefined {
  const differs = (what: string, is: unknown, wanted: unknown) =>
    `metric "${family.name}" is registered already with ${what} ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`
  if (family.kind !== asked.kind) return differs('type', family.kind, asked.kind)
  if (JSON.stringify(family.states) !== JSON.stringify(asked.states)) {
    return differs('states', family.states, asked.states)
  }
  if (JSON.stringify(family.labelNames) !== JSON.stringify(asked.labelNames)) {
    return differs('labelNames', family.labelNames, asked.labelNames)
  }
  if (JSON.stringify(family.bounds) !== JSON.stringify(asked.bounds)) {
    return differs(family.kind === 'summary' ? 'quantiles' : 'buckets', family.bounds, asked.bounds)
  }
  if (family.aggregate !== asked.aggregate) return differs('aggregate', family.aggregate, asked.aggregate)
  if (JSON.stringify(family.window) !== JSON.stringify(asked.window)) {
    return differs('window', family.window ?? null, asked.window ?? null)
  }
  if (JSON.stringify(family.native) !== JSON.stringify(asked.native)) {
    return differs('native', family.native ?? null, asked.native ?? null)
  }
  if (family.unit !== asked.unit) return differs('unit', family.unit, asked.unit)
  if (family.expire !== asked.expire) return differs('expire', family.expire, asked.expire)
  return undefined
}

function readFamily(arena: Arena, ref: number): Family {
  const { i32 } = arena
  const at = ref * 2
  const identity = JSON.parse(
    arena.text(i32[at + L.F_DEFINITION], i32[at + L.F_DEFINITION_BYTES]),
  ) as Identity
  return {
    ...identity,
    ref,
    cells: i32[at + L.F_CELLS],
    pagePlaces: i32[at + L.F_PAGE_PLACES],
  }
}

function writeFamily(
  arena: Arena,
  identity: Identity,
  help: string,
  limits: Limits,
  now: number,
): Family | undefined {
  const { name, kind, labelNames, bounds, aggregate, expire, states, unit, self, native, window } = identity
  const definition = JSON.stringify({
    name,
    kind,
    labelNames,
    bounds,
    aggregate,
    expire,
    states,
    unit,
    self,
    native,
    window,
  })
  const base = baseName(kind, name)
  // In OpenMetrics a counter whose name has no `_total` is of type unknown, because no metric is ever renamed.
  const type = kind === 'counter' && base === name ? 'unknown' : kind
  const json = `":{${help === '' ? '' : `"help":${JSON.stringify(help)},`}"type":"${plainType(kind)}","value":`
  const [label, suffixes] = lineLabels(identity)
  const texts = [name, definition, ` ${escapeHelp(help)}\n# TYPE `, ` ${plainType(kind)}\n`, json, help]
  texts.push(` ${escapeOpenMetricsHelp(help)}\n# TYPE `, ` ${type}\n`, unit === '' ? '' : ` ${unit}\n`)
  for (const bound of suffixes) {
    const le = spellBound(bound)
    texts.push(`,${label}="${le}"} `, `[${le},`, `,${label}="${spellCanonical(bound)}"} `)
  }
  const parts = texts.map(text => Buffer.from(text))
  const tableWords = suffixes.length * L.SUFFIX_WORDS
  const textWords = parts.map(part => Math.ceil((part.length + 1) / L.WORD_BYTES))
  const ref = arena.alloc(textWords.reduce((sum, words) => sum + words, L.FAMILY_WORDS + tableWords))
  if (ref === 0) return undefined

  const { i32, f64, u8 } = arena
  const at = ref * 2
  const table = ref + L.FAMILY_WORDS
  let next = table + tableWords
  const put = (n: number): [number, number] => {
    const place = next
    u8.set(parts[n], place * L.WORD_BYTES)
    next += textWords[n]
    return [place, parts[n].length]
  }
  i32[at + L.F_KIND] = KINDS[kind]
  i32[at + L.F_AGGREGATE] = AGGREGATES[aggregate]
  i32[at + L.F_FLAGS] = self ? L.FLAG_SELF : 0
  i32[at + L.F_CELLS] = cellCount(identity)
  i32[at + L.F_BOUNDS] = bounds.length
  i32[at + L.F_LABELS] = labelNames.length
  i32[at + L.F_PAGE_PLACES] = pagePlaces(identity)
  i32[at + L.F_MAX_SERIES] = limits.maxSeries
  i32[at + L.F_EXPIRE_AFTER] = labelNames.length === 0 ? 0 : limits.expireAfter
  i32[at + L.F_EXPIRE_RULE] = expireRule(identity)
  f64[ref + L.F_BIRTH_WORD] = now
  const pairs = [L.F_NAME, L.F_DEFINITION, L.F_HELP, L.F_TYPE, L.F_JSON, L.F_RAW_HELP]
  pairs.push(L.F_OM_HELP, L.F_OM_TYPE, L.F_OM_UNIT)
  pairs.forEach((field, n) => {
    ;[i32[at + field], i32[at + field + 1]] = put(n)
  })
  i32[at + L.F_SUFFIXES] = table
  i32[at + L.F_BASE_BYTES] = base.length
  i32[at + L.F_UNIT_BYTES] = unit.length
  i32[at + L.F_NATIVE_SCHEMA] = native?.schema ?? 0
  i32[at + L.F_NATIVE_BUCKETS] = native?.maxBuckets ?? 0
  i32[at + L.F_BLOCKS] = blockCount(identity)
  i32[at + L.F_AGE] = window === undefined ? 0 : ageOf(window)
  suffixes.forEach((bound, n) => {
    const row = (table + n * L.SUFFIX_WORDS) * 2
    const spelled = [L.SUFFIX_TEXT, L.SUFFIX_JSON, L.SUFFIX_OPENMETRICS]
    spelled.forEach((field, m) => {
      ;[i32[row + field], i32[row + field + 1]] = put(pairs.length + spelled.length * n + m)
    })
    f64[row / 2 + L.SUFFIX_BOUND_WORD] = bound
  })
  i32[at + L.F_SUFFIX_MAX] = longestSuffix(identity)
  if (labelNames.length === 0 && !writeOnlyPlace(arena, ref, now)) return undefined
  return {
    ...identity,
    ref,
    cells: cellCount(identity),
    pagePlaces: pagePlaces(identity),
  }
}

/** Writes the only series of a family without labels. It exists from the registration on. */
function writeOnlyPlace(arena: Arena, family: number, now: number): boolean {
  const { i32, f64 } = arena
  const page = arena.alloc(L.PAGE_HEADER_WORDS + L.PLACE_WORDS)
  if (page === 0) return false
  i32[page * 2 + L.PAGE_FAMILY] = family
  i32[page * 2 + L.PAGE_OWNER] = L.COMMON_SHARD
  i32[page * 2 + L.PAGE_CAPACITY] = 1
  const place = page + L.PAGE_HEADER_WORDS
  i32[place * 2 + L.PLACE_STATE] = L.STATE_LIVE
  i32[place * 2 + L.PLACE_BORN] = Atomics.load(i32, L.H_SCRAPE_SEQ)
  f64[place + L.PLACE_BIRTH_WORD] = now
  i32[family * 2 + L.F_FIRST_PAGE] = page
  i32[family * 2 + L.F_SERIES] = 1
  i32[family * 2 + L.F_PAGES] = 1
  return true
}
