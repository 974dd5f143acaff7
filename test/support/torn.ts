import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'

/**
 * Where a place's text is, and its length, can be of two lives, and the text itself be overwritten by a third: the copy
 * is thrown away, but until then it must neither leave the memory nor the slot.
 */
export const TORN: Record<string, (arena: Arena, place: number) => void> = {
  "as long as a slot allows, at the arena's end": ({ i32 }, place) => {
    i32[place * 2 + L.PLACE_TEXT] = i32[L.H_LIMIT] - L.TEXT_STEP_WORDS
    i32[place * 2 + L.PLACE_TEXT_BYTES] = i32[L.P_SLOT_TEXT] / 2
  },
  'short, in memory without a mark': ({ i32 }, place) => {
    i32[place * 2 + L.PLACE_TEXT] = i32[L.H_LIMIT] - 100
  },
  'longer than a slot': ({ i32 }, place) => {
    i32[place * 2 + L.PLACE_TEXT_BYTES] = i32[L.P_SLOT_TEXT]
  },
  none: ({ i32 }, place) => {
    i32[place * 2 + L.PLACE_TEXT] = 0
  },
  ...Object.fromEntries(
    ['=', '"', '\\', 'x', '="",', '\x01', '\0'].map(unit => [
      `full of ${JSON.stringify(unit)}`,
      (arena: Arena, place: number) => {
        const bytes = arena.i32[L.P_SLOT_TEXT] / 4
        const text = arena.alloc(bytes / L.WORD_BYTES)
        arena.u8.set(Buffer.from(unit.repeat(bytes / unit.length)), text * L.WORD_BYTES)
        arena.i32[place * 2 + L.PLACE_TEXT] = text
        arena.i32[place * 2 + L.PLACE_TEXT_BYTES] = bytes
      },
    ]),
  ),
}
