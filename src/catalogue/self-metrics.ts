/**
 * The library's own metrics. They are families like all others. Their values are read off the memory when a scrape that
 * exposes them begins.
 *
 * Assumes: The values written are facts of the memory, so two scrapes that write at once write the same.
 * Guarantees: Exposing them needs no shard and no new memory, which are what is missing when updates are dropped: the
 * hidden series of a family's dropped updates are made together with the family.
 */
import type { Arena } from '../memory/arena.js'
import { attachedProcesses } from '../memory/attached.js'
import { nextBirth } from '../memory/births.js'
import { allFamilies } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { stateOf, wordAt } from '../memory/owner.js'
import { slotsTaken } from '../memory/slots.js'
import { readWide } from '../memory/wide-counter.js'
import { DROP_REASONS, dropped } from './drops.js'
import { Families, type Family, type Kind } from './families.js'
import { LabelWriter } from './labels.js'
import { appendPage, commonCells, placeAt } from './pages.js'

interface SelfMetric {
  readonly name: string
  readonly kind: Kind
  readonly help: string
  /** `now` is in ms since the registry was made. */
  readonly read: (arena: Arena, now: number) => number
}

const gauge = (name: string, help: string, read: SelfMetric['read']): SelfMetric => ({
  name,
  kind: 'gauge',
  help,
  read,
})
const counter = (name: string, help: string, read: SelfMetric['read']): SelfMetric => ({
  ...gauge(name, help, read),
  kind: 'counter',
})

const field = (n: number) => (arena: Arena) => Atomics.load(arena.i32, n)
const pair = (n: number) => (arena: Arena) => readWide(arena, n)

/** Number of shards in a state. */
function shards(arena: Arena, wanted: number): number {
  return shardsIn(arena, wanted).length
}

/**
 * A thread that watches another marks its shard on a timer, and an event loop may be busy. So a thread that has
 * recorded for less than this, ms, does not count as unwatched.
 */
const WATCHED_WITHIN = 10_000

function unwatched(arena: Arena, now: number): number {
  const { i32 } = arena
  return shardsIn(arena, L.SHARD_LIVE).filter(
    at => i32[at + L.SHARD_WATCHED] === 0 && ((now - i32[at + L.SHARD_CLAIMED]) | 0) > WATCHED_WITHIN,
  ).length
}

/** Int32 indices of the shards in a state. */
function shardsIn(arena: Arena, wanted: number): number[] {
  const found: number[] = []
  for (let index = 1; index < arena.shardCount; index++) {
    const at = (arena.shards + index * L.SHARD_WORDS) * 2
    if (stateOf(Atomics.load(arena.i64, wordAt(at + L.SHARD_OWNER))) === wanted) found.push(at)
  }
  return found
}

/** Series that are counted, and one for each of the program's families without labels. */
function series(arena: Arena): number {
  const { i32 } = arena
  let count = Atomics.load(i32, L.H_SERIES)
  for (const family of allFamilies(arena)) {
    const shown = (i32[family * 2 + L.F_FLAGS] & (L.FLAG_SELF | L.FLAG_HIDDEN)) === 0
    if (shown && i32[family * 2 + L.F_LABELS] === 0) count++
  }
  return count
}

const SELF_METRICS: readonly SelfMetric[] = [
  gauge(
    'postmeter_memory_reserved_bytes',
    'address space that the registry reserved',
    arena => arena.u8.length,
  ),
  gauge(
    'postmeter_memory_used_bytes',
    'bytes of the reserved ones that are given out: to families, series, cells and text, and to what is there from the beginning; all of them when memory is full',
    arena => arena.u8.length - arena.freeBytes(),
  ),
  gauge(
    'postmeter_memory_reusable_bytes',
    'bytes of series records that are free for new series; their cells and text come on top',
    arena => Math.max(0, arena.i32[L.H_PLACES] - arena.i32[L.H_SERIES]) * L.PLACE_WORDS * L.WORD_BYTES,
  ),
  gauge('postmeter_series', 'series that exist, retired ones included', series),
  gauge(
    'postmeter_series_retired',
    'series that the last sweep left hidden: not exposed any more, and not yet free',
    field(L.H_RETIRED),
  ),
  counter('postmeter_series_made_total', 'label sets registered', pair(L.H_MADE)),
  counter('postmeter_series_expired_total', 'series freed, by expiry or removal', pair(L.H_EXPIRED)),
  counter(
    'postmeter_series_removed_total',
    'calls of remove() and clear() that removed a series',
    pair(L.H_REMOVED),
  ),
  gauge('postmeter_shards_in_use', 'threads that record', arena => shards(arena, L.SHARD_LIVE)),
  gauge('postmeter_shards_orphaned', 'shards of threads that ended, kept for the next ones', arena =>
    shards(arena, L.SHARD_ORPHAN),
  ),
  gauge('postmeter_shards_unwatched', 'threads that record and whose end nobody will notice', unwatched),
  counter('postmeter_threads_refused_total', 'times a thread found no shard', field(L.H_THREADS_REFUSED)),
  gauge('postmeter_slots_in_use', 'slots that hold a part of a scrape', slotsTaken),
  counter('postmeter_sweeps_total', 'looks at all series that can expire', pair(L.H_SWEEPS)),
  counter('postmeter_sweeps_failed_total', 'of these, broken off', pair(L.H_SWEEPS_FAILED)),
  counter(
    'postmeter_sweep_seconds_total',
    'time that sweeps took',
    arena => readWide(arena, L.H_SWEEP_TOTAL) / 1e6,
  ),
  gauge(
    'postmeter_sweep_last_seconds',
    'time that the last sweep took',
    arena => arena.i32[L.H_SWEEP_LAST] / 1e6,
  ),
]

/** Of registries that processes share. */
const SHARED_SELF_METRICS: readonly SelfMetric[] = [
  gauge('postmeter_processes', 'processes that are attached', attachedProcesses),
  counter('postmeter_processes_found_dead_total', 'processes that ended without detaching', pair(L.H_BURIED)),
]

function selfMetrics(arena: Arena): readonly SelfMetric[] {
  // It is written before the process attaches.
  return arena.i32[L.P_DESCRIPTOR] === 0 ? SELF_METRICS : [...SELF_METRICS, ...SHARED_SELF_METRICS]
}

/** These labels are always exposed, so no default label may have their names. */
export const DROP_LABELS = ['family', 'reason']

export const DROPS = 'postmeter_dropped_updates_total'
const DROPS_HELP = `updates that could not be recorded, by family and reason (${DROP_REASONS.join(', ')})`

const identity = (name: string, kind: Kind, labelNames: readonly string[]) =>
  ({
    name,
    kind,
    labelNames,
    bounds: [],
    aggregate: 'sum',
    expire: 'zero',
    unit: '',
    self: true,
  }) as const

/**
 * Registers the library's own metrics, when the registry is made. Drops that no family can count have an empty `family`
 * label.
 */
export function writeSelfMetrics(arena: Arena, now: number): void {
  const families = new Families(arena)
  const drops = families.register(identity(DROPS, 'counter', DROP_LABELS), DROPS_HELP, NO_LIMITS, now)
  writeFamilies(arena, families, selfMetrics(arena), now)
  // A memory that begins anew has it.
  if (drops !== undefined && arena.i32[L.H_DROP_PAGE] === 0) makeDropPage(arena, drops, '', L.H_DROP_PAGE)
}

const NO_LIMITS = { maxSeries: 0, expireAfter: 0 }

function writeFamilies(arena: Arena, families: Families, metrics: readonly SelfMetric[], now: number): void {
  for (const { name, kind, help } of metrics) {
    const family = families.register(identity(name, kind, []), help, NO_LIMITS, now)
    // Later memory may be full.
    if (family !== undefined) commonCells(arena, family, arena.i32[family.ref * 2 + L.F_FIRST_PAGE])
  }
}

/**
 * Makes the hidden series that expose a family's dropped updates, before the family can be seen, so that all drops of
 * every family can be exposed. False when memory is full; then the registry counts the drops. If two threads register a
 * family at once, one of them makes the series in vain, and they stay hidden. Families of one name, of which all but
 * one are hidden or belong elsewhere, have these series together.
 */
export function reserveDrops(arena: Arena, families: Families, ref: number, metric: string): boolean {
  const drops = families.get(DROPS)
  // In a memory too small for the library's own metrics no drops are exposed.
  if (drops === undefined) return true
  const { i32 } = arena
  const at = ref * 2 + L.F_DROP_PAGE
  const namesake = families.namesake(metric, ref)
  const theirs = namesake === undefined ? 0 : Atomics.load(i32, namesake.ref * 2 + L.F_DROP_PAGE)
  if (theirs !== 0) i32[at] = theirs
  return i32[at] !== 0 || makeDropPage(arena, drops, metric, at)
}

/** Makes a page of such series, and stores its reference at an Int32 index. False when memory is full. */
function makeDropPage(arena: Arena, drops: Family, metric: string, at: number): boolean {
  const page = newDropPage(arena, drops, metric)
  arena.i32[at] = page
  return page !== 0
}

function newDropPage(arena: Arena, drops: Family, metric: string): number {
  const { i32, f64 } = arena
  const page = arena.alloc(L.PAGE_HEADER_WORDS + L.DROP_REASONS * L.PLACE_WORDS)
  if (page === 0) return 0
  i32[page * 2 + L.PAGE_OWNER] = L.COMMON_SHARD
  i32[page * 2 + L.PAGE_CAPACITY] = L.DROP_REASONS
  i32[page * 2 + L.PAGE_FAMILY] = drops.ref
  const labels = new LabelWriter(arena.hashKey, drops.labelNames, drops.ref, L.MAX_NAME_BYTES)
  for (let reason = 0; reason < L.DROP_REASONS; reason++) {
    const place = placeAt(page, reason)
    i32[place * 2 + L.PLACE_INDEX] = reason
    labels.write([metric, DROP_REASONS[reason]])
    i32[place * 2 + L.PLACE_TEXT] = arena.store(labels.bytes.subarray(0, labels.length + 2))
    i32[place * 2 + L.PLACE_TEXT_BYTES] = labels.length
    i32[page * 2 + L.PAGE_TEXT_BYTES] += labels.length
    f64[place + L.PLACE_BIRTH_WORD] = f64[drops.ref + L.F_BIRTH_WORD]
    if (i32[place * 2 + L.PLACE_TEXT] === 0) return 0
  }
  if (commonCells(arena, drops, page) === 0) return 0
  appendPage(arena, drops.ref, page)
  return page
}

/**
 * The series that counts a family's drops for a reason; 0 if nothing was dropped. `family` is '' for drops that no
 * family could count. No hash chain leads to these series.
 */
export function dropPlace(arena: Arena, families: Families, family: string, reason: string): number {
  const { i32 } = arena
  const nth = (DROP_REASONS as readonly string[]).indexOf(reason)
  const charged = family === '' ? undefined : families.namesake(family, 0)
  if (nth === -1 || (family !== '' && charged === undefined)) return 0
  const page = Atomics.load(i32, charged === undefined ? L.H_DROP_PAGE : charged.ref * 2 + L.F_DROP_PAGE)
  if (page === 0) return 0
  const place = placeAt(page, nth)
  return (Atomics.load(i32, place * 2 + L.PLACE_STATE) & L.STATE_MASK) === L.STATE_LIVE ? place : 0
}

/** Updates the library's own metrics. Costs about a microsecond for each family. */
export class SelfMetrics {
  readonly #arena: Arena
  readonly #families: Families
  readonly #uptime: () => number
  /** The memory that they tell of. */
  #of: Arena
  /** Pages of drops of the families of another memory, by name. */
  readonly #foreign = new Map<string, number>()

  /** `uptime` in ms since the registry was made. */
  constructor(arena: Arena, families: Families, uptime: () => number) {
    this.#arena = arena
    this.#families = families
    this.#uptime = uptime
    this.#of = arena
  }

  /**
   * Has them tell of another memory, which this process only reads. It must be of a registry that processes share; `now`
   * is in ms since the epoch.
   */
  observe(of: Arena, now: number): void {
    this.#of = of
    writeFamilies(this.#arena, this.#families, SHARED_SELF_METRICS, now)
  }

  refresh(): void {
    const arena = this.#arena
    const now = this.#uptime()
    for (const { name, read } of selfMetrics(this.#of)) {
      const family = this.#families.get(name)
      if (family !== undefined)
        this.#set(family, arena.i32[family.ref * 2 + L.F_FIRST_PAGE], 0, read(this.#of, now))
    }
    const drops = this.#families.get(DROPS)
    if (drops === undefined) return
    this.#updateDrops(drops, arena.i32[L.H_DROP_PAGE], [0])
    const pages = this.#of === arena ? this.#dropPages() : this.#foreignPages(drops)
    for (const [page, families] of pages) this.#updateDrops(drops, page, families)
  }

  /** The pages of families' drops, each with its families. */
  #dropPages(): Map<number, number[]> {
    const { i32 } = this.#arena
    const pages = new Map<number, number[]>()
    for (const family of allFamilies(this.#arena)) {
      const page = Atomics.load(i32, family * 2 + L.F_DROP_PAGE)
      const others = pages.get(page)
      if (others === undefined) pages.set(page, [family])
      else others.push(family)
    }
    return pages
  }

  /** The same for families of another memory that have dropped anything: pages are made as they are needed. */
  #foreignPages(drops: Family): Map<number, number[]> {
    const pages = new Map<number, number[]>()
    for (const { name, ref } of new Families(this.#of).all()) {
      const some = DROP_REASONS.some((_, reason) => dropped(this.#of, ref, reason) > 0)
      const page = this.#foreign.get(name) ?? (some ? newDropPage(this.#arena, drops, name) : 0)
      if (page === 0) continue
      this.#foreign.set(name, page)
      pages.set(page, [...(pages.get(page) ?? []), ref])
    }
    return pages
  }

  /** Updates the counts of the drops of families. A series is shown only once it has something to count. */
  #updateDrops(drops: Family, page: number, families: readonly number[]): void {
    if (page === 0) return
    for (let reason = 0; reason < L.DROP_REASONS; reason++) {
      const count = families.reduce((sum, family) => sum + dropped(this.#of, family, reason), 0)
      if (count === 0) continue
      this.#set(drops, page, reason, count)
      this.#show(placeAt(page, reason))
    }
  }

  /**
   * Makes a hidden series live, and born now. So scrapes that did not plan it skip it, as they skip a series that
   * SeriesTable makes.
   */
  #show(place: number): void {
    const { i32 } = this.#arena
    const state = place * 2 + L.PLACE_STATE
    if (Atomics.load(i32, state) === L.STATE_LIVE) return
    Atomics.compareExchange(i32, state, L.STATE_FREE, L.STATE_MADE)
    Atomics.store(i32, place * 2 + L.PLACE_BORN, nextBirth(this.#arena))
    Atomics.compareExchange(i32, state, L.STATE_MADE, L.STATE_LIVE)
  }

  #set(family: Family, page: number, index: number, value: number): void {
    const cells = commonCells(this.#arena, family, page)
    if (cells !== 0) this.#arena.f64[cells + L.CELLS_HEADER_WORDS + index * family.cells] = value
  }
}
