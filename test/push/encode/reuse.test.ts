/**
 * As test/kernel/reuse.test.ts, for what is pushed: between the encoder's look at a place and its copying of the place's
 * text, the series is removed, the place freed, and taken by another label set; or what it says is torn. What the span
 * has is what was there when the push began, less the one that went; its symbols are those that its series refer to.
 */
import t from 'tap'
import { Families } from '../../../src/catalogue/families.js'
import { pageOf } from '../../../src/catalogue/pages.js'
import { Plan } from '../../../src/exposition/plan.js'
import { addPiece, beginSpan, spanBudget, spanBytes } from '../../../src/exposition/span.js'
import type { Pushed, PushFormat } from '../../../src/exposition/types.js'
import * as L from '../../../src/memory/layout.js'
import { giveSlot, takeSlot } from '../../../src/memory/slots.js'
import { Sim, type SimThread } from '../../lifecycle/sim.js'
import { hookedKernel } from '../../support/hooked-kernel.js'
import { metricsOf } from '../../support/push-schemas.js'
import { TORN } from '../../support/torn.js'
import { readFirst, readSecond } from '../readers/remote-write.js'
import { addedText, PUSH_FORMATS } from '../readers/source.js'

const SERIES = L.FIRST_PAGE_PLACES
const NOW = 1_700_000_000_000
const ADDED = addedText({ job: 'a', zone: 'b' })
const KINDS = ['counter', 'histogram', 'native', 'summary'] as const

type Kind = (typeof KINDS)[number]

function metric(thread: SimThread, kind: Kind, labelNames?: readonly string[]) {
  if (kind === 'counter') return thread.counter('f', { labelNames })
  if (kind === 'summary') return thread.summary('f', { labelNames })
  const native = { schema: 3, maxBuckets: 100 }
  return thread.histogram('f', kind === 'native' ? { labelNames, native } : { labelNames })
}

function count(thread: SimThread, kind: Kind, x: string, value: number, labelNames = ['x']): void {
  const labels = Object.fromEntries(labelNames.map(name => [name, x]))
  const one = metric(thread, kind, labelNames)
  if ('inc' in one) one.inc(labels, value)
  else one.observe(labels, value)
}

/** The same world each time: a family of SERIES series that nobody holds any more. */
function world(kind: Kind, labelNames = ['x']) {
  const sim = new Sim()
  const thread = sim.thread(1)
  for (let n = 0; n < SERIES; n++) count(thread, kind, `old${n}`, n + 1, labelNames)
  const family = new Families(sim.arena).get('f')
  if (family === undefined) throw new Error('no family')
  return { sim, thread, family }
}

function remove({ thread }: ReturnType<typeof world>, kind: Kind, gone: string): void {
  if (!metric(thread, kind).remove({ x: gone })) throw new Error(`${gone} was not there`)
}

/** Removes a series and has another take its place; all of it while the encoder stands still. */
function replace(at: ReturnType<typeof world>, kind: Kind, gone: string, come: string): void {
  remove(at, kind, gone)
  for (let n = 0; n < 3; n++) at.sim.sweep()
  count(at.thread, kind, come, 1_000)
}

function encoded(
  at: ReturnType<typeof world>,
  format: PushFormat,
  beforeCopy: (place: number) => void,
  series: Pushed['series'] = 'exposed',
): Uint8Array {
  const { arena } = at.sim
  const kernel = hookedKernel(arena, beforeCopy)
  const slot = takeSlot(arena, 900)
  const options = { format, prefix: 'p_', selfMetrics: true, pushed: { time: NOW, series, added: ADDED } }
  if (series === 'exposed') {
    new Plan(arena, kernel, [at.family], options).next(slot, spanBudget(arena, format))
  } else {
    beginSpan(arena, slot, options, arena.i32[L.H_BIRTHS]!)
    arena.i32[slot * 2 + L.SLOT_PLAN_EXEMPLAR] = 0
    const page = arena.i32[at.family.ref * 2 + L.F_FIRST_PAGE]!
    addPiece(arena, slot, { family: at.family.ref, page, first: 0, count: SERIES, flags: 0 })
  }
  kernel.encode(slot)
  const bytes = Uint8Array.from(spanBytes(arena, slot))
  giveSlot(arena, slot)
  return bytes
}

/** What a receiver has of a span. Where a part of it is written again, symbols may be there twice. */
function read(format: PushFormat, bytes: Uint8Array): unknown {
  if (bytes.length === 0) return []
  if (format === 'otlp') return metricsOf(bytes)
  const { series, metadata } =
    format === 'remote-write' ? readFirst(bytes) : readSecond(bytes, { again: true })
  return { series: series.map(one => ({ ...one, bits: String(one.bits) })), metadata }
}

for (const kind of KINDS) {
  for (const format of PUSH_FORMATS) {
    t.test(`${kind} as ${format}: whichever of its places is taken away under the encoder`, async t => {
      for (let which = 0; which < SERIES; which++) {
        const expected = world(kind)
        remove(expected, kind, `old${which}`)
        const at = world(kind)
        let places = 0
        let place = 0
        const bytes = encoded(at, format, address => {
          // With 0 a native histogram's blocks are looked at.
          if (address === 0 || places++ !== which) return
          place = address / L.WORD_BYTES
          replace(at, kind, `old${which}`, `a label set that came later ${which}`)
        })
        const state = at.sim.arena.i32[place * 2 + L.PLACE_STATE]!
        t.equal(state & L.STATE_MASK, L.STATE_LIVE, 'the place is in use again')
        t.ok(places > SERIES, 'the page was encoded again')
        const whole = encoded(expected, format, () => {})
        t.same(read(format, bytes), read(format, whole), `place ${which}`)
        if (format === 'remote-write-2') {
          t.notOk(Buffer.from(bytes).includes('came later'), 'its labels are no symbols either')
        } else t.ok(Buffer.compare(bytes, whole) === 0, 'to the byte')
      }
    })

    t.test(`${kind} as ${format}: a place that is gone, and is used anew while that is told`, async t => {
      for (let which = 0; which < SERIES; which++) {
        const world2 = () => {
          const at = world(kind)
          for (let n = 0; n < SERIES; n++) remove(at, kind, `old${n}`)
          return at
        }
        const at = world2()
        let places = 0
        const bytes = encoded(
          at,
          format,
          address => {
            if (address === 0 || places++ !== which) return
            for (let n = 0; n < 3; n++) at.sim.sweep()
            for (let n = 0; n < SERIES; n++) count(at.thread, kind, `a label set that came later ${n}`, 1)
          },
          'gone',
        )
        t.notOk(Buffer.from(bytes).includes('came later'), 'who came is not gone')
        t.notOk(Buffer.from(bytes).includes('old'), 'and who is told of no more is not half told of')
        t.same(read(format, bytes), [], 'none of them has its labels any more')
      }
    })
  }
}

for (const kind of ['counter', 'histogram'] as const) {
  for (const format of PUSH_FORMATS) {
    t.test(`${kind} as ${format}: a text that is torn`, async t => {
      for (const [what, tear] of Object.entries(TORN)) {
        for (const labelNames of [['x'], ['x', 'y']]) {
          const at = world(kind, labelNames)
          const whole = encoded(at, format, () => {})
          const { arena } = at.sim
          const { i32, u8, slots, slotWords } = arena
          const slot = slots * L.WORD_BYTES
          const behind = (from: Uint8Array) =>
            Buffer.from(
              from.buffer,
              from.byteOffset + slot + slotWords * L.WORD_BYTES,
              from.length - slot - slotWords * L.WORD_BYTES,
            )
          let before = Buffer.alloc(0)
          let looks = 0
          let begin = 0
          let mend: (() => void) | undefined
          const bytes = encoded(at, format, address => {
            if (++looks === 1) begin = address
            if (looks === 2) {
              const place = address / L.WORD_BYTES
              const had = [L.PLACE_TEXT, L.PLACE_TEXT_BYTES].map(
                field => [field, i32[place * 2 + field]!] as const,
              )
              tear(arena, place)
              i32[pageOf(arena, place) * 2 + L.PAGE_FREES]!++
              before = Buffer.from(behind(u8))
              mend = () => {
                for (const [field, value] of had) i32[place * 2 + field] = value
              }
            } else if (looks > 2 && address === begin) {
              t.equal(Buffer.compare(behind(u8), before), 0, `${what}: nothing is written behind the slot`)
              mend?.()
            }
          })
          t.same(read(format, bytes), read(format, whole), `${what}, ${labelNames.length} labels`)
          t.ok(mend !== undefined && looks > SERIES, 'the page was encoded again')
        }
      }
    })
  }
}
