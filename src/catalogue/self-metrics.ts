/**
 * The library's own metrics: families like all others, whose values are read off the memory when a scrape that tells
 * them begins.
 *
 * Assumes: what is written are facts of the memory, so that two scrapes which write at once write the same.
 * Guarantees: telling them needs no shard and no new memory, the two things whose lack they tell of: the series of
 * dropped updates are made, hidden, together with the family they are about.
 */
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { slotsTaken } from '../memory/slots.js'
import { tallied } from '../memory/tally.js'
import { DROP_REASONS, dropped } from './drops.js'
import { Families, type Family, type Kind } from './families.js'
import { LabelWriter } from './labels.js'
import { appendPage, commonCells, placeAt } from './pages.js'

interface SelfMetric {
  readonly name: string
  readonly kind: Kind
  readonly help: string
  readonly read: (arena: Arena) => number
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
const pair = (n: number) => (arena: Arena) => tallied(arena, n)

/** Shards in a state; of those in use, how many nobody watches. */
function shards(arena: Arena, wanted: number, unwatched = false): number {
  const { i32 } = arena
  let count = 0
  for (let index = 1; index < i32[L.H_SHARD_COUNT]; index++) {
    const at = (arena.shards + index * L.SHARD_WORDS) * 2
    if ((Atomics.load(i32, at + L.SHARD_STATE) & L.SHARD_STATE_MASK) !== wanted) continue
    if (!unwatched || i32[at + L.SHARD_WATCHED] === 0) count++
  }
  return count
}

/** Those that are counted, and one for each family of the program's without labels. */
function series(arena: Arena): number {
  const { i32 } = arena
  let count = Atomics.load(i32, L.H_SERIES)
  for (let family = Atomics.load(i32, L.H_FAMILIES); family !== 0; family = i32[family * 2 + L.F_NEXT]) {
    const own = (i32[family * 2 + L.F_FLAGS] & L.FLAG_SELF) === 0
    if (own && i32[family * 2 + L.F_LABELS] === 0) count++
  }
  return count
}

const SELF_METRICS: readonly SelfMetric[] = [
  gauge(
    'postmeter_memory_reserved_bytes',
    'address space that the registry reserved',
    arena => arena.u8.length,
  ),
  gauge('postmeter_memory_used_bytes', 'bytes given out for families, series, cells and text', arena =>
    arena.usedBytes(),
  ),
  gauge(
    'postmeter_memory_reusable_bytes',
    'bytes of series records that are free for new series; their cells and text come on top',
    arena => Math.max(0, arena.i32[L.H_PLACES] - arena.i32[L.H_SERIES]) * L.PLACE_WORDS * L.WORD_BYTES,
  ),
  gauge('postmeter_series', 'series that exist, retired ones included', series),
  gauge(
    'postmeter_series_retired',
    'series that the last sweep left hidden: told no more, and not yet free',
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
  gauge('postmeter_shards_unwatched', 'threads that record and whose end nobody will notice', arena =>
    shards(arena, L.SHARD_LIVE, true),
  ),
  counter('postmeter_threads_refused_total', 'times a thread found no shard', field(L.H_THREADS_REFUSED)),
  gauge('postmeter_slots_in_use', 'slots that hold a part of a scrape', slotsTaken),
  counter('postmeter_sweeps_total', 'looks at all series that can expire', pair(L.H_SWEEPS)),
  counter(
    'postmeter_sweep_seconds_total',
    'time that sweeps took',
    arena => tallied(arena, L.H_SWEEP_TOTAL) / 1e6,
  ),
  gauge(
    'postmeter_sweep_last_seconds',
    'time that the last sweep took',
    arena => arena.i32[L.H_SWEEP_LAST] / 1e6,
  ),
]

/** Told whether or not there is a default label of that name: so there must be none. */
export const DROP_LABELS = ['family', 'reason']

const DROPS = 'postmeter_dropped_updates_total'
const DROPS_HELP = 'updates that could not be recorded, by family and reason (memory, series, label, threads)'

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

/** Registers them, when the registry is made. Drops that no family can be charged with have an empty `family` label. */
export function writeSelfMetrics(arena: Arena, now: number): void {
  const families = new Families(arena)
  const limits = { maxSeries: 0, expireAfter: 0 }
  const drops = families.register(identity(DROPS, 'counter', DROP_LABELS), DROPS_HELP, limits, now)
  for (const { name, kind, help } of SELF_METRICS)
    families.register(identity(name, kind, []), help, limits, now)
  if (drops !== undefined) makeDropPage(arena, drops, '', L.H_DROP_PAGE)
}

/**
 * Makes the hidden series that a family's dropped updates are told by, if no thread has. Two threads that register the
 * family at once may make them twice: one of them stays hidden.
 */
export function reserveDrops(arena: Arena, families: Families, family: Family): void {
  const at = family.ref * 2 + L.F_DROP_PAGE
  const drops = families.get(DROPS)
  if (drops !== undefined && Atomics.load(arena.i32, at) === 0) makeDropPage(arena, drops, family.name, at)
}

/** Where there is no memory for them, there will be none. */
function makeDropPage(arena: Arena, drops: Family, metric: string, at: number): void {
  const { i32, f64 } = arena
  const page = arena.alloc(L.PAGE_HEADER_WORDS + L.DROP_REASONS * L.PLACE_WORDS)
  if (page === 0) return
  i32[page * 2 + L.PAGE_OWNER] = L.COMMON_SHARD
  i32[page * 2 + L.PAGE_CAPACITY] = L.DROP_REASONS
  i32[page * 2 + L.PAGE_FAMILY] = drops.ref
  const labels = new LabelWriter(drops.labelNames, drops.ref, L.MAX_NAME_BYTES)
  for (let reason = 0; reason < L.DROP_REASONS; reason++) {
    const place = placeAt(page, reason)
    i32[place * 2 + L.PLACE_INDEX] = reason
    labels.write([metric, DROP_REASONS[reason]])
    i32[place * 2 + L.PLACE_TEXT] = arena.store(labels.bytes.subarray(0, labels.length + 2))
    i32[place * 2 + L.PLACE_TEXT_BYTES] = labels.length
    i32[page * 2 + L.PAGE_TEXT_BYTES] += labels.length
    f64[place + L.PLACE_BIRTH_WORD] = f64[drops.ref + L.F_BIRTH_WORD]
    if (i32[place * 2 + L.PLACE_TEXT] === 0) return
  }
  if (commonCells(arena, drops, page) === 0) return
  appendPage(arena, drops.ref, page)
  Atomics.compareExchange(i32, at, 0, page)
}

/** Brings them up to date. Costs about a microsecond a family. */
export class SelfMetrics {
  readonly #arena: Arena
  readonly #families: Families

  constructor(arena: Arena, families: Families) {
    this.#arena = arena
    this.#families = families
  }

  refresh(): void {
    const arena = this.#arena
    for (const { name, read } of SELF_METRICS) {
      const family = this.#families.get(name)
      if (family !== undefined) this.#set(family, arena.i32[family.ref * 2 + L.F_FIRST_PAGE], 0, read(arena))
    }
    const drops = this.#families.get(DROPS)
    if (drops === undefined) return
    this.#tellDrops(drops, 0, arena.i32[L.H_DROP_PAGE])
    let family = Atomics.load(arena.i32, L.H_FAMILIES)
    for (; family !== 0; family = arena.i32[family * 2 + L.F_NEXT]) {
      this.#tellDrops(drops, family, Atomics.load(arena.i32, family * 2 + L.F_DROP_PAGE))
    }
  }

  /** Series of drops show once there is something to tell. */
  #tellDrops(drops: Family, family: number, page: number): void {
    if (page === 0) return
    for (let reason = 0; reason < L.DROP_REASONS; reason++) {
      const count = dropped(this.#arena, family, reason)
      if (count === 0) continue
      this.#set(drops, page, reason, count)
      this.#show(placeAt(page, reason))
    }
  }

  /** Makes a hidden series live, born now: as SeriesTable does one that it makes, for scrapes that did not plan it. */
  #show(place: number): void {
    const { i32 } = this.#arena
    const state = place * 2 + L.PLACE_STATE
    if (Atomics.load(i32, state) === L.STATE_LIVE) return
    Atomics.compareExchange(i32, state, L.STATE_FREE, L.STATE_MADE)
    Atomics.store(i32, place * 2 + L.PLACE_BORN, Atomics.load(i32, L.H_SCRAPE_SEQ))
    Atomics.compareExchange(i32, state, L.STATE_MADE, L.STATE_LIVE)
  }

  #set(family: Family, page: number, index: number, value: number): void {
    const cells = commonCells(this.#arena, family, page)
    if (cells !== 0) this.#arena.f64[cells + L.CELLS_HEADER_WORDS + index * family.cells] = value
  }
}
