/**
 * A span against a reuse, forced: between the encoder's look at a place and its copying of the place's text, the series
 * is removed, three sweeps free the place, and another label set takes it and counts. The kernel under test is the one
 * that is shipped, but for a call to the test at that point (src/kernel/assembly/hook.ts).
 *
 * Allowed: the series that were there when the scrape began, less the one that went. Forbidden: the label set that came
 * later, whole or in part, or what it counted, or any line twice.
 */
import { createHash } from 'node:crypto'
import t from 'tap'
import { Families } from '../../src/catalogue/families.js'
import { pageOf } from '../../src/catalogue/pages.js'
import { Plan } from '../../src/exposition/plan.js'
import { flagPiece, pieceCount, spanBytes } from '../../src/exposition/span.js'
import type { Format } from '../../src/exposition/types.js'
import * as L from '../../src/memory/layout.js'
import { giveSlot, takeSlot } from '../../src/memory/slots.js'
import { Sim, type SimThread } from '../lifecycle/sim.js'
import { hookedKernel } from '../support/hooked-kernel.js'
import { TORN } from '../support/torn.js'

/** As many as a first page has: who comes can only take the place of who went. */
const SERIES = L.FIRST_PAGE_PLACES

type Kind = 'counter' | 'histogram'

/** The same world each time: a family of SERIES series that nobody holds any more. */
function world(kind: Kind, labelNames = ['x']) {
  const sim = new Sim()
  const thread = sim.thread(1)
  for (let n = 0; n < SERIES; n++) count(thread, kind, `old${n}`, n + 1, labelNames)
  const family = new Families(sim.arena).get('f')
  if (family === undefined) throw new Error('no family')
  return { sim, thread, family }
}

function count(thread: SimThread, kind: Kind, x: string, value: number, labelNames = ['x']): void {
  const labels = Object.fromEntries(labelNames.map(name => [name, x]))
  if (kind === 'counter') thread.counter('f', { labelNames }).inc(labels, value)
  else thread.histogram('f', { labelNames }).observe(labels, value)
}

/** Removes a series and has another take its place; all of it while the encoder stands still. */
function replace({ sim, thread }: ReturnType<typeof world>, kind: Kind, gone: string, come: string): void {
  const metric = kind === 'counter' ? thread.counter('f') : thread.histogram('f')
  if (!metric.remove({ x: gone })) throw new Error(`${gone} was not there`)
  for (let n = 0; n < 3; n++) sim.sweep()
  count(thread, kind, come, 1_000)
}

/** The family, encoded by a kernel that calls `beforeCopy` before it encodes a place. */
function encoded(at: ReturnType<typeof world>, format: Format, beforeCopy: (place: number) => void): string {
  const { arena } = at.sim
  const kernel = hookedKernel(arena, beforeCopy)
  const slot = takeSlot(arena, 900)
  const plan = new Plan(arena, kernel, [at.family], { format, prefix: '', selfMetrics: true })
  plan.next(slot, arena.i32[L.P_SLOT_TEXT])
  flagPiece(arena, slot, 0, L.PIECE_OPEN)
  flagPiece(arena, slot, pieceCount(arena, slot) - 1, L.PIECE_CLOSE)
  kernel.encode(slot)
  const text = Buffer.from(spanBytes(arena, slot)).toString('latin1')
  giveSlot(arena, slot)
  return text
}

for (const kind of ['counter', 'histogram'] as const) {
  for (const format of ['text', 'openmetrics', 'protobuf', 'json'] as const) {
    t.test(`${kind} as ${format}: whichever of its places is taken away under the encoder`, async t => {
      for (let which = 0; which < SERIES; which++) {
        const expected = world(kind)
        expected.thread[kind]('f').remove({ x: `old${which}` })
        const at = world(kind)
        let looks = 0
        let place = 0
        const text = encoded(at, format, address => {
          if (looks++ !== which) return
          place = address / L.WORD_BYTES
          // Of another length, so that a text in parts would show.
          replace(at, kind, `old${which}`, `a label set that came later ${which}`)
        })
        const state = at.sim.arena.i32[place * 2 + L.PLACE_STATE]
        t.equal(state & L.STATE_MASK, L.STATE_LIVE, 'the place is in use again')
        t.ok(at.sim.arena.i32[place * 2 + L.PLACE_TEXT_BYTES] > 20, 'by the one that came')
        t.ok(looks > SERIES, 'the page was encoded again')
        t.equal(
          text,
          encoded(expected, format, () => {}),
          `place ${which}`,
        )
      }
    })
  }
}

for (const kind of ['counter', 'histogram'] as const) {
  for (const format of ['text', 'openmetrics', 'protobuf', 'json'] as const) {
    t.test(`${kind} as ${format}: a text that is torn`, async t => {
      for (const [what, tear] of Object.entries(TORN)) {
        for (const labelNames of [['x'], ['x', 'y']]) {
          const at = world(kind, labelNames)
          const whole = encoded(at, format, () => {})
          const { sim } = at
          const { i32, u8, slots, slotWords } = sim.arena
          const behind = u8.subarray((slots + slotWords) * L.WORD_BYTES, i32[L.H_LIMIT] * L.WORD_BYTES)
          let before = ''
          let looks = 0
          let begin = 0
          let mend: (() => void) | undefined
          const text = encoded(at, format, address => {
            if (++looks === 1) begin = address
            if (looks === 2) {
              const place = address / L.WORD_BYTES
              const had = [L.PLACE_TEXT, L.PLACE_TEXT_BYTES].map(field => [field, i32[place * 2 + field]])
              tear(sim.arena, place)
              i32[pageOf(sim.arena, place) * 2 + L.PAGE_FREES]++
              before = hash(behind)
              mend = () => {
                for (const [field, value] of had) i32[place * 2 + field] = value
              }
            } else if (looks > 1 && address === begin) {
              t.equal(hash(behind), before, `${what}: nothing is written behind the slot`)
              mend?.()
            }
          })
          t.equal(text, whole, `${what}, ${labelNames.length} labels`)
          t.ok(mend !== undefined && looks > SERIES, 'the page was encoded again')
        }
      }
    })
  }
}

function hash(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}
