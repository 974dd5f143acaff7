/**
 * Families: which metrics exist. A family is written whole into memory of its own, and then published at the head of
 * one chain. So a reader sees all of it or nothing. Families are never unlinked. A hidden one (FLAG_HIDDEN) is not
 * exposed, and its name is free: for the same definition, which shows it again, or for another one, which is another
 * family.
 *
 *     H_FAMILIES   bits 63..32: changes, how often a family was hidden or shown    31..0: the newest family
 *
 *     register:  read H_FAMILIES and the families ─▶ one of that name is shown: that one
 *                                                 ├▶ one of that definition is hidden: exchange for one change more; if
 *                                                 │  that fails, begin again ─▶ clear its flag ─▶ one change more
 *                                                 └▶ none: write one ─▶ exchange for it; if that fails, begin again
 *
 * Assumes: An arena's memory does not move.
 * Guarantees: `register` may be called from any thread. If threads register the same name at once, one wins, and all
 * get its family, or one that conflicts with it: a publication, and a flag that was changed, come with an exchange that
 * fails if there was another one since the families were read. If two of a name are shown for a moment, or because a
 * thread died between flag and exchange, the newer one has the name, for all. A thread that dies in it leaves at most
 * unused memory.
 */
import { damaged, plainError } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import { nextBirth } from '../memory/births.js'
import { Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { wordAt } from '../memory/owner.js'
import { hasShares } from '../memory/shares.js'
import { AGGREGATES, type AgeWindow, type Identity, isIdentity, KINDS, type Kind } from './identity.js'
import { baseName, escapeHelp, escapeOpenMetricsHelp, spellBound, spellCanonical } from './names.js'

export type { AgeWindow, Aggregate, ExpireRule, Identity, Kind, Native } from './identity.js'
export { AGGREGATE_NAMES } from './identity.js'

/** The type of a kind outside of OpenMetrics. The kinds for which only OpenMetrics has a type are exposed as gauges. */
function plainType(kind: Kind): string {
  return kind === 'info' || kind === 'stateset' ? 'gauge' : kind
}

/** Limits of a family's series. The first registration sets them. */
export interface Limits {
  /** The most series; 0 for no limit. */
  readonly maxSeries: number
  /** Series that are idle for so long are freed, ms; 0 for never. */
  readonly expireAfter: number
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
export function linesOf({ name, kind }: Pick<Identity, 'name' | 'kind'>): string[] {
  const base = baseName(kind, name)
  if (kind === 'histogram') return [name, ...HISTOGRAM_LINES.map(suffix => name + suffix)]
  if (kind === 'summary') return [name, ...SUMMARY_LINES.map(suffix => name + suffix)]
  if (kind !== 'counter') return base === name ? [name] : [name, base]
  return base === name ? [name] : [name, base, `${base}_created`]
}

/** Of those, the names that it and its lines have in the text format. */
function textLinesOf(identity: Identity): string[] {
  const { name, kind } = identity
  const inText = (line: string) => line === name || (kind !== 'counter' && !line.endsWith('_created'))
  return linesOf(identity).filter(inText)
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

const WORD = wordAt(L.H_FAMILIES)
const CHANGES_AT = 32n
const CHANGE = 1n << CHANGES_AT
const NEWEST = CHANGE - 1n

export class Families {
  readonly #arena: Arena
  /** All of them, oldest first. */
  readonly #byRef = new Map<number, Family>()
  /** Those that are shown, by key. */
  readonly #byKey = new Map<string, Family>()
  /** The same by the names that their lines can have. */
  readonly #byLine = new Map<string, Family>()
  #newest = 0
  /** What H_FAMILIES was when they were read. */
  #read = 0n

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** The family of that name that is shown. */
  get(name: string, scope?: string): Family | undefined {
    this.#sync()
    return this.#byKey.get(keyOf(name, scope))
  }

  /** The family of the registry's exposition that has lines of that name in any format. */
  ofLine(name: string): Family | undefined {
    this.#sync()
    return this.#byLine.get(keyOf(name))
  }

  /** Whether a family is shown: it was not hidden since it was registered. */
  isShown(family: Family): boolean {
    this.#sync()
    return this.#byKey.get(keyOf(family.name, family.scope)) === this.#byRef.get(family.ref)
  }

  /** All of them, shown or hidden, oldest first. */
  all(): Iterable<Family> {
    this.#sync()
    return this.#byRef.values()
  }

  /** A family of that name other than `ref`, shown or hidden, in any scope: the oldest. */
  namesake(name: string, ref: number): Family | undefined {
    this.#sync()
    for (const family of this.#byRef.values()) if (family.name === name && family.ref !== ref) return family
    return undefined
  }

  /** The family that has this record. */
  byRef(ref: number): Family | undefined {
    const known = this.#byRef.get(ref)
    if (known !== undefined) return known
    this.#sync()
    return this.#byRef.get(ref)
  }

  /**
   * The families of the registry's exposition at this moment, in order of name (by code unit, because names are ASCII).
   */
  sorted(): Family[] {
    this.#sync()
    const shown = [...this.#byKey.values()].filter(({ scope }) => scope === undefined)
    return shown.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * The same without those that have lines of a name in OpenMetrics that one before has: families that were registered
   * with `textOnly`, such as a gauge `x` beside a counter `x_total`.
   */
  sortedForOpenMetrics(): { apart: Family[]; leftOut: Family[] } {
    const taken = new Set<string>()
    const apart: Family[] = []
    const leftOut: Family[] = []
    for (const family of this.sorted()) {
      const lines = linesOf(family)
      if (lines.some(line => taken.has(line))) leftOut.push(family)
      else {
        apart.push(family)
        for (const line of lines) taken.add(line)
      }
    }
    return { apart, leftOut }
  }

  /** Changes when a family is added, hidden or shown. If it is the same, an earlier sorted() is still right. */
  version(): bigint {
    return Atomics.load(this.#arena.i64, WORD)
  }

  /**
   * Hides a family. It stays as it is, with its series, and goes on counting what is recorded by threads that have not
   * registered it anew.
   */
  hide(family: Family): void {
    this.#setFlags(family.ref, flags => flags | L.FLAG_HIDDEN)
    this.#change()
  }

  /**
   * The family of that name, which is made if there is none; undefined when memory is full. One of the same definition
   * that is hidden is shown again. Whether a family that existed has the same options is for the caller to check, with
   * `conflict`. `prepare` is called with a new family's record before anybody can see it, and perhaps again; it returns
   * false when memory is full.
   *
   * @throws Error naming both if another family has lines of the same name.
   */
  register(
    identity: Identity,
    help: string,
    limits: Limits,
    now: number,
    prepare: (ref: number) => boolean = () => true,
    { textOnly = false, revive = () => {} }: Registering = {},
  ): Family | undefined {
    const { i32, i64 } = this.#arena
    let written: Family | undefined
    let shown: Family | undefined
    for (;;) {
      const found = this.get(identity.name, identity.scope)
      // Another one came meanwhile, and has the name: what this call has shown would come up when that one goes.
      if (shown !== undefined && found !== undefined && found.ref !== shown.ref) this.hide(shown)
      if (found !== undefined) return found
      // Checked against the families as they were read: if there was a change since, the exchange fails, and it is
      // checked again.
      this.#checkLines(identity, textOnly)
      const read = this.#read
      const hidden = this.#hidden(identity)
      if (hidden !== undefined) {
        // First, so that no two revive one that both saw hidden, but for the moment that it takes.
        if (Atomics.compareExchange(i64, WORD, read, read + CHANGE) !== read) continue
        if (!this.#isLeft(hidden)) revive(hidden)
        this.#show(hidden, help, limits)
        shown = hidden
        this.#change()
        continue
      }
      written ??= writeFamily(this.#arena, identity, help, limits, now)
      if (written === undefined || !prepare(written.ref)) return undefined
      i32[written.ref * 2 + L.F_NEXT] = this.#newest
      Atomics.compareExchange(i64, WORD, read, (read & ~NEWEST) | BigInt(written.ref))
    }
  }

  /** The newest family of that definition, which is hidden. */
  #hidden(identity: Identity): Family | undefined {
    const { name, scope = '', self } = identity
    let found: Family | undefined
    // Each registration goes over all of them: no keys are made here.
    for (const family of this.#byRef.values()) {
      if (family.name !== name || (family.scope ?? '') !== scope || family.self !== self) continue
      if (conflict(family, identity) === undefined) found = family
    }
    return found
  }

  #isLeft({ ref }: Family): boolean {
    return (Atomics.load(this.#arena.i32, ref * 2 + L.F_FLAGS) & L.FLAG_LEFT) !== 0
  }

  #show(family: Family, help: string, limits: Limits): void {
    const { ref } = family
    if (this.#isLeft(family)) {
      writeLimits(this.#arena, ref, limits)
      writeHelp(this.#arena, ref, help)
    }
    this.#setFlags(ref, flags => flags & ~(L.FLAG_HIDDEN | L.FLAG_LEFT))
  }

  #setFlags(ref: number, change: (flags: number) => number): void {
    const at = ref * 2 + L.F_FLAGS
    const { i32 } = this.#arena
    for (;;) {
      const flags = Atomics.load(i32, at)
      if (Atomics.compareExchange(i32, at, flags, change(flags)) === flags) return
    }
  }

  /** Says that a flag has changed. */
  #change(): void {
    Atomics.add(this.#arena.i64, WORD, CHANGE)
  }

  /** No two families may have lines of the same name in any format. OpenMetrics 1.0, 'MetricFamily' and 'Suffixes'. */
  #checkLines(identity: Identity, textOnly: boolean): void {
    for (const line of textOnly ? textLinesOf(identity) : linesOf(identity)) {
      const taken = this.#byLine.get(keyOf(line, identity.scope))
      if (taken === undefined || taken.name === identity.name) continue
      if (textOnly && !textLinesOf(taken).includes(line)) continue
      throw plainError(
        'ERR_POSTMETER_CONFLICT',
        `metric "${identity.name}" would have lines of the same name as metric "${taken.name}", a ${taken.kind}: ${line}`,
      )
    }
  }

  /** Reads the families that were published since the last call, and which are shown, if that has changed. */
  #sync(): void {
    const read = Atomics.load(this.#arena.i64, WORD)
    if (read === this.#read) return
    const newest = Number(read & NEWEST)
    const added: Family[] = []
    const walk = new Walk(this.#arena, 'families', L.FAMILY_WORDS)
    for (let ref = newest; ref !== this.#newest; ref = this.#arena.i32[ref * 2 + L.F_NEXT])
      added.push(readFamily(this.#arena, walk.pass(ref)))
    added.reverse()
    for (const family of added) this.#byRef.set(family.ref, family)
    if (read >> CHANGES_AT === this.#read >> CHANGES_AT) for (const family of added) this.#index(family)
    else {
      this.#byKey.clear()
      this.#byLine.clear()
      for (const family of this.#byRef.values()) this.#index(family)
    }
    this.#newest = newest
    this.#read = read
  }

  /** Enters a family that is shown; an older one of the name makes way. */
  #index(family: Family): void {
    if ((Atomics.load(this.#arena.i32, family.ref * 2 + L.F_FLAGS) & L.FLAG_HIDDEN) !== 0) return
    this.#byKey.set(keyOf(family.name, family.scope), family)
    for (const line of linesOf(family)) this.#byLine.set(keyOf(line, family.scope), family)
  }
}

/** A name in a scope; no name has a space. */
function keyOf(name: string, scope = ''): string {
  return `${scope} ${name}`
}

/** How a family is registered. */
export interface Registering {
  /** Lines of the same name are refused only where the text format has them. */
  readonly textOnly?: boolean
  /** Called with a family that was hidden by a call, before it is shown again. */
  readonly revive?: (family: Family) => void
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

/** What a family's record says. @throws Error if it cannot be what was written. */
export function readFamily(arena: Arena, ref: number): Family {
  const { i32 } = arena
  const at = ref * 2
  const definition = arena.text(i32[at + L.F_DEFINITION], i32[at + L.F_DEFINITION_BYTES])
  let identity: unknown
  try {
    identity = JSON.parse(definition)
  } catch {
    // Said below.
  }
  if (!isIdentity(identity)) throw damaged('a definition of a metric is none')
  const family = { ...identity, ref, cells: cellCount(identity), pagePlaces: pagePlaces(identity) }
  const same =
    i32[at + L.F_KIND] === KINDS[identity.kind] &&
    i32[at + L.F_CELLS] === family.cells &&
    i32[at + L.F_LABELS] === identity.labelNames.length &&
    i32[at + L.F_BOUNDS] === identity.bounds.length
  if (!same) throw damaged(`the record of metric ${JSON.stringify(identity.name)} is not what defines it`)
  return family
}

function writeFamily(
  arena: Arena,
  identity: Identity,
  help: string,
  limits: Limits,
  now: number,
): Family | undefined {
  const { name, scope, kind, labelNames, bounds, aggregate, expire, states, unit, self, native, window } =
    identity
  const definition = JSON.stringify({
    name,
    scope,
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
  const [label, suffixes] = lineLabels(identity)
  const texts = [name, definition, ` ${plainType(kind)}\n`, ` ${type}\n`, unit === '' ? '' : ` ${unit}\n`]
  const fixed = [L.F_NAME, L.F_DEFINITION, L.F_TYPE, L.F_OM_TYPE, L.F_OM_UNIT]
  for (const [field, text] of helpTexts(kind, help)) {
    fixed.push(field)
    texts.push(text)
  }
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
  writeLimits(arena, ref, limits)
  i32[at + L.F_EXPIRE_RULE] = expireRule(identity)
  f64[ref + L.F_BIRTH_WORD] = now
  fixed.forEach((field, n) => {
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
      ;[i32[row + field], i32[row + field + 1]] = put(fixed.length + spelled.length * n + m)
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

function writeLimits({ i32 }: Arena, ref: number, { maxSeries, expireAfter }: Limits): void {
  const at = ref * 2
  i32[at + L.F_MAX_SERIES] = maxSeries
  i32[at + L.F_EXPIRE_AFTER] = i32[at + L.F_LABELS] === 0 ? 0 : expireAfter
}

/** The texts in which a family's help is. */
function helpTexts(kind: Kind, help: string): [field: number, text: string][] {
  const json = `":{${help === '' ? '' : `"help":${JSON.stringify(help)},`}"type":"${plainType(kind)}","value":`
  return [
    [L.F_HELP, ` ${escapeHelp(help)}\n# TYPE `],
    [L.F_JSON, json],
    [L.F_RAW_HELP, help],
    [L.F_OM_HELP, ` ${escapeOpenMetricsHelp(help)}\n# TYPE `],
  ]
}

/** Gives a family another help, if memory has room for it. Call while no scrape can have planned the family. */
function writeHelp(arena: Arena, ref: number, help: string): void {
  const { i32 } = arena
  const at = ref * 2
  if (arena.text(i32[at + L.F_RAW_HELP], i32[at + L.F_RAW_HELP_BYTES]) === help) return
  const { kind } = readFamily(arena, ref)
  const texts = helpTexts(kind, help).map(([field, text]) => {
    const bytes = Buffer.from(text)
    return [field, arena.store(bytes), bytes.length] as const
  })
  if (texts.some(([, at]) => at === 0)) return
  for (const [field, where, bytes] of texts) {
    i32[at + field] = where
    i32[at + field + 1] = bytes
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
  i32[place * 2 + L.PLACE_BORN] = nextBirth(arena)
  f64[place + L.PLACE_BIRTH_WORD] = now
  i32[family * 2 + L.F_FIRST_PAGE] = page
  i32[family * 2 + L.F_SERIES] = 1
  i32[family * 2 + L.F_PAGES] = 1
  return true
}
