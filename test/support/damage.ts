/** What a program does with a registry: all that walks its memory, one act at a time. For tests that damage the memory. */
import { threadId } from 'node:worker_threads'
import { placeAt } from '../../src/catalogue/pages.js'
import type { Registry } from '../../src/index.js'
import { type Arena, openArena } from '../../src/memory/arena.js'
import { allCells, allFamilies, allPages } from '../../src/memory/damage.js'
import * as L from '../../src/memory/layout.js'
import { isText, place } from '../../src/memory/record.js'
import { RECORDS } from '../../src/memory/records.js'
import { hasShares } from '../../src/memory/shares.js'

/** Acts that must not throw, whatever has become of the memory: a program records, and its metrics are in nobody's way. */
export function recordingActs(registry: Registry): Record<string, () => unknown> {
  const { counter, gauges, histogram, native, summary, info, stateset } = register(registry)
  const held = counter.labels('held', 'x')
  let made = 0
  return {
    'record through held children': () => {
      held.inc()
      histogram.observe(0.5)
      native.labels('held').observe(0.1)
      summary.labels('held').observe(3)
    },
    'look a new label set up': () => counter.labels(`new ${++made} of ${threadId}`, 'y').inc(),
    'look a known one up': () => {
      for (let n = 0; n < 9; n++) counter.labels(`${n}`, 'x').inc()
    },
    'give an exemplar': () => {
      held.inc(1, { trace_id: 'abc' })
      histogram.observe(2, { trace_id: 'a longer one than the one before' })
    },
    'observe in a new range': () => {
      made++
      native.labels(`${made % 3}`).observe(1.3 ** (made % 300))
      native.labels(`${made % 3}`).observe(-(1.3 ** (made % 300)))
      summary.labels(`${made % 3}`).observe(1.3 ** (made % 90))
    },
    'set gauges': () => {
      for (const gauge of gauges) gauge.set({ x: `${made++ % 5}` }, made)
    },
    'set an info and a stateset': () => {
      info.set({ v: `${++made}` })
      stateset.become(made % 2 === 0 ? 'a' : 'b')
    },
    remove: () => counter.remove(`${made++ % 9}`, 'x'),
    clear: () => gauges[0]!.clear(),
    reset: () => {
      counter.reset()
      native.reset()
      summary.reset()
      for (const gauge of gauges) gauge.reset()
    },
    'register another metric': () =>
      registry.counter({ name: `c${made++ % 50}_total`, help: 'h', labelNames: ['x'] }).inc({ x: 'a' }),
    unregister: () => registry.unregister(`c${made % 50}_total`),
    'register all again': () => register(registry),
  }
}

/** Acts that may fail, with an error that says what is wrong. */
export function readingActs(registry: Registry): Record<string, () => unknown> {
  return {
    value: () => [
      registry.value('many_total', { a: '1', b: 'x' }),
      registry.value('damage_histogram'),
      registry.value('damage_native', { x: '1' }),
      registry.value('damage_summary', { x: '1' }),
      registry.value('postmeter_series'),
    ],
    text: () => registry.metrics({ selfMetrics: true }),
    openmetrics: () => registry.metrics({ format: 'openmetrics', created: true }),
    protobuf: () => registry.metrics({ format: 'protobuf' }),
    json: () => registry.json({ selfMetrics: true }),
  }
}

function register(registry: Registry) {
  const labels = { help: 'h', labelNames: ['x'] } as const
  return {
    counter: registry.counter({ name: 'many_total', help: 'h', labelNames: ['a', 'b'], expireAfter: 200 }),
    gauges: (['sum', 'livesum', 'min', 'max', 'last'] as const).map(aggregate =>
      registry.gauge({ name: `damage_${aggregate}`, ...labels, aggregate }),
    ),
    histogram: registry.histogram({ name: 'damage_histogram', help: 'h' }),
    native: registry.histogram({ name: 'damage_native', ...labels, native: { schema: 5 } }),
    summary: registry.summary({ name: 'damage_summary', ...labels, maxAge: 500 }),
    info: registry.info({ name: 'damage_info', help: 'h', labelNames: ['v'] }),
    stateset: registry.stateset({ name: 'damage_state', help: 'h', states: ['a', 'b'] }),
  }
}

/** A field of a kind of record, and where the records are that have it, in Int32s. */
export interface Target {
  readonly name: string
  readonly offset: number
  /** Whether it refers to another record. */
  readonly link: boolean
  /** Where the records begin, in words. */
  readonly records: readonly number[]
}

/** All fields of the records that a populated registry has. */
export function targets(registry: Registry): Target[] {
  const found = recordsOf(openArena(registry.handle))
  return RECORDS.flatMap(layout => {
    const records = [...(found.get(layout.name) ?? [])]
    if (records.length === 0) return []
    return place(layout).placed.flatMap(({ key, field, at }) => {
      if (field.doc === 'reserved') return []
      // Of a list the first ones stand for all.
      const fields = Math.min(field.fields * field.count, 4)
      return Array.from({ length: fields }, (_, n) => ({
        name: `${layout.name}.${key}${n === 0 ? '' : `+${n}`}`,
        offset: at + n,
        link: field.type === 'u32' || (isText(field) && n === 0),
        records,
      }))
    })
  })
}

function recordsOf(arena: Arena): Map<string, Set<number>> {
  const { i32 } = arena
  const found = new Map<string, Set<number>>()
  const note = (record: string, at: number) => {
    if (at !== 0) found.set(record, (found.get(record) ?? new Set()).add(at))
  }
  note('Header', L.HEADER_AT / L.WORD_BYTES)
  note('Attachment', arena.attachments)
  for (const shard of [0, 1]) note('Shard', arena.shards + shard * L.SHARD_WORDS)
  note('Lineage', i32[L.H_LINEAGES]!)
  for (const family of allFamilies(arena)) {
    if ((i32[family * 2 + L.F_FLAGS]! & L.FLAG_SELF) !== 0) continue
    note('Family', family)
    if (i32[family * 2 + L.F_BOUNDS] !== 0) note('Suffix', i32[family * 2 + L.F_SUFFIXES]!)
    for (const page of allPages(arena, family)) {
      note('Page of places', page)
      const capacity = i32[page * 2 + L.PAGE_CAPACITY]!
      for (let n = 0; n < Math.min(capacity, 4); n++) note('Place', placeAt(page, n))
      for (const cells of allCells(arena, page)) {
        note('Page of cells', cells)
        const behind = cells + L.CELLS_HEADER_WORDS + capacity * i32[family * 2 + L.F_CELLS]!
        if (i32[family * 2 + L.F_BLOCKS] !== 0) {
          note('Block reference', behind)
          note('Block', i32[behind * 2 + L.NATIVE_BLOCK]!)
        } else if (hasShares(i32[family * 2 + L.F_KIND]!, i32[family * 2 + L.F_AGGREGATE]!))
          note('Shares', behind)
        const table = i32[cells * 2 + L.CELLS_EXEMPLARS]!
        for (let n = 0; table !== 0 && n < 8; n++) note('Exemplar', i32[table * 2 + n]!)
      }
    }
  }
  return found
}
