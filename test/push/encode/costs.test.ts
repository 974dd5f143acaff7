/**
 * What a span of what is pushed is planned to take at most, against what it takes: no span comes out larger than its
 * plan. Families are as costly as they can be made, part by part.
 */
import t from 'tap'
import { addPiece, beginSpan, leaveOutExemplars } from '../../../src/exposition/span.js'
import type { Pushed, PushFormat } from '../../../src/exposition/types.js'
import { loadKernel } from '../../../src/kernel/loader.js'
import type { Arena } from '../../../src/memory/arena.js'
import * as L from '../../../src/memory/layout.js'
import { giveSlot, takeSlot } from '../../../src/memory/slots.js'
import { DEFAULTS, inflate, KINDS, LABELS } from '../../support/costly.js'
import { familyOf, fresh } from '../../support/registry.js'
import { addedText, PUSH_FORMATS } from '../readers/source.js'

/** Labels that a push adds: many, and one that is as long as all can be. */
const ADDED: Readonly<Record<string, Uint8Array>> = {
  none: new Uint8Array(),
  many: addedText(
    Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`added_${n}`, n % 2 === 0 ? '' : '"'])),
  ),
  long: addedText({ added: 'x'.repeat(L.MAX_ADDED_BYTES - 'added=""'.length) }),
}

const COUNTS: Readonly<Record<string, number>> = { none: 0, many: 70, long: 1 }

interface Asked {
  readonly format: PushFormat
  readonly prefix: string
  readonly exemplars: boolean
  readonly series: Pushed['series']
  readonly added: keyof typeof ADDED
}

const ASKED: readonly Asked[] = PUSH_FORMATS.flatMap(format =>
  ['', 'p'.repeat(64)].flatMap(prefix => [
    { format, prefix, exemplars: true, series: 'exposed', added: 'none' } as const,
    { format, prefix, exemplars: false, series: 'exposed', added: 'many' } as const,
    { format, prefix, exemplars: false, series: 'all-gone', added: 'long' } as const,
  ]),
)

/** 2.0 begins with the empty symbol, for which the room that the heads have to spare is enough. */
const BEGIN: Readonly<Record<string, number>> = { 'remote-write-2': 2 }

/** Plans as much of the family as a budget allows, and encodes it. */
function encodedSpan(arena: Arena, asked: Asked, budget: number) {
  const { i32 } = arena
  const family = familyOf(arena, 'm_total').ref
  const kernel = loadKernel(arena)
  const slot = takeSlot(arena, 900)
  const { format, prefix, series } = asked
  // A negative time takes the most bytes.
  const pushed = { time: -1, series, added: ADDED[asked.added]! }
  beginSpan(arena, slot, { format, prefix, selfMetrics: false, pushed }, i32[L.H_BIRTHS]!)
  if (!asked.exemplars) leaveOutExemplars(arena, slot)
  const head = kernel.headCost(slot, family)
  const page = i32[family * 2 + L.F_FIRST_PAGE]!
  const count = kernel.plan(slot, family, page, 0, budget - head)
  addPiece(arena, slot, { family, page, first: 0, count, flags: L.PIECE_HEAD })
  const cost = head + i32[slot * 2 + L.SLOT_PLAN_COST]!
  kernel.encode(slot)
  giveSlot(arena, slot)
  return { cost, bytes: i32[slot * 2 + L.SLOT_BYTES]!, status: i32[slot * 2 + L.SLOT_STATUS]!, count }
}

/** What is wrong with spans of all of a family, and of ever smaller parts; planned by pages, and by places. */
function wrongSpans(arena: Arena, asked: Asked): string[] {
  const most = (arena.i32[L.P_SLOT_TEXT]! / 8) * 7
  const all = encodedSpan(arena, asked, most)
  const spans = [all]
  for (let parts = 2; parts <= 6; parts++) spans.push(encodedSpan(arena, asked, Math.floor(all.cost / parts)))
  if (all.count === 0) return ['nothing was planned']
  return spans
    .filter(({ status, bytes, cost }) => status !== L.STATUS_OK || bytes > cost + (BEGIN[asked.format] ?? 0))
    .map(({ count, bytes, cost, status }) => `${count} series: ${bytes} bytes of ${cost}, status ${status}`)
}

for (const [kind, make] of Object.entries(KINDS)) {
  t.test(kind, async t => {
    for (const [defaults, labels] of Object.entries(DEFAULTS)) {
      for (const [what, { labelNames, value }] of Object.entries(LABELS)) {
        const { registry, arena } = fresh(t, { memory: '512MiB', labels, maxLabelLength: 65_536 })
        const sets = Array.from({ length: labelNames.length === 0 ? 1 : 9 }, (_, n) =>
          labelNames.map((_, label) => value(n, label)),
        )
        make(registry, labelNames, sets)
        inflate(arena)
        for (const asked of ASKED) {
          // More labels than there is room for: large.test.ts.
          if (labelNames.length + Object.keys(labels).length + COUNTS[asked.added]! > 254) continue
          t.strictSame(wrongSpans(arena, asked), [], `${what}, ${defaults}, ${JSON.stringify(asked)}`)
        }
        await registry.close()
      }
    }
  })
}
