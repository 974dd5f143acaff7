/**
 * What a span is planned to take at most, against what it takes: of a slot that is as large as the plan says and not a
 * byte larger, no span may come out as too full. Families are as costly as they can be made, part by part.
 */
import t from 'tap'
import { fitsSpan, placeAt } from '../../src/catalogue/pages.js'
import { addPiece, beginSpan, flagPiece, leaveOutExemplars } from '../../src/exposition/span.js'
import type { Format } from '../../src/exposition/types.js'
import { loadKernel } from '../../src/kernel/loader.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { giveSlot, takeSlot } from '../../src/memory/slots.js'
import { DEFAULTS, inflate, KINDS, LABELS } from '../support/costly.js'
import { familyOf, fresh } from '../support/registry.js'

const FORMATS: readonly Format[] = ['text', 'openmetrics', 'protobuf', 'json']
interface Asked {
  readonly format: Format
  readonly prefix: string
  readonly created: boolean
  readonly exemplars: boolean
}

/** Plans as much of the family as a budget allows, and encodes it into a slot that ends where the plan does. */
function encodedSpan(arena: Arena, asked: Asked, budget: number) {
  const { i32 } = arena
  const family = familyOf(arena, 'm_total').ref
  const kernel = loadKernel(arena)
  const slot = takeSlot(arena, 900)
  const slotText = i32[L.P_SLOT_TEXT]
  beginSpan(arena, slot, { ...asked, selfMetrics: false }, i32[L.H_BIRTHS])
  if (!asked.exemplars) leaveOutExemplars(arena, slot)
  const head = kernel.headCost(slot, family)
  const page = i32[family * 2 + L.F_FIRST_PAGE]
  const count = kernel.plan(slot, family, page, 0, budget - head)
  const flags = L.PIECE_HEAD | L.PIECE_COMMA | (i32[slot * 2 + L.SLOT_PLAN_PAGE] === 0 ? L.PIECE_WHOLE : 0)
  addPiece(arena, slot, { family, page, first: 0, count, flags })
  flagPiece(arena, slot, 0, L.PIECE_OPEN)
  const cost = head + i32[slot * 2 + L.SLOT_PLAN_COST]
  i32[L.P_SLOT_TEXT] = cost
  kernel.encode(slot)
  i32[L.P_SLOT_TEXT] = slotText
  giveSlot(arena, slot)
  return { cost, bytes: i32[slot * 2 + L.SLOT_BYTES], status: i32[slot * 2 + L.SLOT_STATUS], count }
}

/** What is wrong with spans of all of a family, and of ever smaller parts; planned by pages, and by places. */
function wrongSpans(arena: Arena, asked: Asked): string[] {
  const all = encodedSpan(arena, asked, arena.i32[L.P_SLOT_TEXT])
  const spans = [all]
  for (let parts = 2; parts <= 6; parts++) spans.push(encodedSpan(arena, asked, Math.floor(all.cost / parts)))
  return spans
    .filter(({ status, bytes, cost }) => status !== L.STATUS_OK || bytes > cost)
    .map(({ count, bytes, cost }) => `${count} series: ${bytes} bytes of ${cost}`)
}

/** What a span of one series costs, its head included. */
function costOfOne(arena: Arena, asked: Asked): number {
  let span = encodedSpan(arena, asked, arena.i32[L.P_SLOT_TEXT])
  while (span.count > 1) span = encodedSpan(arena, asked, span.cost - 1)
  return span.cost
}

/** Whether a series of such a text would be let in if slots had so many bytes. */
function isLetIn(arena: Arena, place: number, slotText: number): boolean {
  const { i32 } = arena
  const family = familyOf(arena, 'm_total')
  const help = i32[family.ref * 2 + L.F_RAW_HELP_BYTES]
  const text = i32[place * 2 + L.PLACE_TEXT_BYTES]
  const had = i32[L.P_SLOT_TEXT]
  i32[L.P_SLOT_TEXT] = slotText
  const suffix = i32[family.ref * 2 + L.F_SUFFIX_MAX]
  const control = text & L.TEXT_CONTROL_BIT
  const fits = fitsSpan(arena, family, help, suffix, text & ~L.TEXT_CONTROL_BIT, control)
  i32[L.P_SLOT_TEXT] = had
  return fits
}

const ASKED: readonly Asked[] = FORMATS.flatMap(format =>
  ['', 'p'.repeat(64)].flatMap(prefix =>
    [false, true].flatMap(created =>
      [false, true].map(exemplars => ({ format, prefix, created, exemplars })),
    ),
  ),
)

for (const [kind, make] of Object.entries(KINDS)) {
  t.test(kind, async t => {
    for (const [defaults, labels] of Object.entries(DEFAULTS)) {
      for (const [what, { labelNames, value }] of Object.entries(LABELS)) {
        const { registry, arena } = fresh(t, { memory: '64MiB', labels, maxLabelLength: 65_536 })
        const sets = Array.from({ length: labelNames.length === 0 ? 1 : 9 }, (_, n) =>
          labelNames.map((_, label) => value(n, label)),
        )
        make(registry, labelNames, sets)
        inflate(arena)
        for (const asked of ASKED) {
          t.strictSame(wrongSpans(arena, asked), [], `${what}, ${defaults}, ${JSON.stringify(asked)}`)
        }
        // Without exemplars: they are left out where there is no room for them.
        const most = Math.max(...ASKED.filter(one => !one.exemplars).map(asked => costOfOne(arena, asked)))
        const place = placeAt(arena.i32[familyOf(arena, 'm_total').ref * 2 + L.F_FIRST_PAGE], 0)
        t.notOk(
          isLetIn(arena, place, most - 1),
          `${what}, ${defaults}: nothing is let in that outgrows a slot`,
        )
        await registry.close()
      }
    }
  })
}
