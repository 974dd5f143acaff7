/**
 * A span against a reuse, forced: between the encoder's look at a place and its copying of the place's text, the series
 * is removed, three sweeps free the place, and another label set takes it and counts. The kernel under test is the one
 * that is shipped, but for a call to the test at that point (src/kernel/assembly/hook.ts).
 *
 * Allowed: the series that were there when the scrape began, less the one that went. Forbidden: the label set that came
 * later, whole or in part, or what it counted, or any line twice.
 */
import t from 'tap'
import { Families } from '../../src/catalogue/families.js'
import { Plan } from '../../src/encode/plan.js'
import { flagPiece, pieceCount, spanBytes } from '../../src/encode/span.js'
import type { Format } from '../../src/encode/types.js'
import * as L from '../../src/memory/layout.js'
import { takeSlot } from '../../src/memory/slots.js'
import { Sim, type SimThread } from '../lifecycle/sim.js'
import { hookedKernel } from '../support/hooked-kernel.js'

/** As many as a first page has: who comes can only take the place of who went. */
const SERIES = L.FIRST_PAGE_PLACES

type Kind = 'counter' | 'histogram'

/** The same world each time: a family of SERIES series that nobody holds any more. */
function world(kind: Kind) {
  const sim = new Sim()
  const thread = sim.thread(1)
  for (let n = 0; n < SERIES; n++) count(thread, kind, `old${n}`, n + 1)
  const family = new Families(sim.arena).get('f')
  if (family === undefined) throw new Error('no family')
  return { sim, thread, family }
}

function count(thread: SimThread, kind: Kind, x: string, value: number): void {
  if (kind === 'counter') thread.counter('f').inc({ x }, value)
  else thread.histogram('f').observe({ x }, value)
}

/** Removes a series and has another take its place; all of it while the encoder stands still. */
function replace({ sim, thread }: ReturnType<typeof world>, kind: Kind, gone: string, come: string): void {
  const metric = kind === 'counter' ? thread.counter('f') : thread.histogram('f')
  if (!metric.remove({ x: gone })) throw new Error(`${gone} was not there`)
  for (let n = 0; n < 3; n++) sim.sweep()
  count(thread, kind, come, 1_000)
}

/** Told by a kernel that calls `beforeCopy` for each place it is about to tell. */
function tell(at: ReturnType<typeof world>, format: Format, beforeCopy: (place: number) => void): string {
  const { arena } = at.sim
  const kernel = hookedKernel(arena, beforeCopy)
  const slot = takeSlot(arena, 900)
  const plan = new Plan(arena, kernel, [at.family], { format, prefix: '', selfMetrics: true })
  plan.next(slot, arena.i32[L.H_SLOT_TEXT])
  flagPiece(arena, slot, 0, L.PIECE_OPEN)
  flagPiece(arena, slot, pieceCount(arena, slot) - 1, L.PIECE_CLOSE)
  kernel.encode(slot)
  return Buffer.from(spanBytes(arena, slot)).toString('latin1')
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
        const told = tell(at, format, address => {
          if (looks++ !== which) return
          place = address / L.WORD_BYTES
          // Of another length, so that a text in parts would show.
          replace(at, kind, `old${which}`, `a label set that came later ${which}`)
        })
        const state = at.sim.arena.i32[place * 2 + L.PLACE_STATE]
        t.equal(state & L.STATE_MASK, L.STATE_LIVE, 'the place is in use again')
        t.ok(at.sim.arena.i32[place * 2 + L.PLACE_TEXT_BYTES] > 20, 'by the one that came')
        t.ok(looks > SERIES, 'the page was told again')
        t.equal(
          told,
          tell(expected, format, () => {}),
          `place ${which}`,
        )
      }
    })
  }
}
