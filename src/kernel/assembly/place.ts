// Places, and whether a scrape tells them.
import {
  INDEX_MASK,
  PAGE_HEADER_WORDS,
  PLACE_BORN,
  PLACE_INDEX,
  PLACE_STATE,
  PLACE_TEXT,
  PLACE_TEXT_BYTES,
  PLACE_WORDS,
  SLOT_TEXT_WORD,
  STATE_FREE,
  STATE_LIVE,
  STATE_MASK,
  TEXT_CONTROL_BIT,
  H_SLOT_TEXT,
} from './layout'
import { address, field, shared } from './record'

/** Bytes from one place to the next. */
export const STEP: usize = PLACE_WORDS << 3

// @ts-ignore: decorator
@inline
export function placeOf(page: u32, index: i32): u32 {
  return page + PAGE_HEADER_WORDS + index * PLACE_WORDS
}

// @ts-ignore: decorator
@inline
export function indexOf(place: usize): i32 {
  return load<i32>(place, PLACE_INDEX << 2) & INDEX_MASK
}

/** The page that a place is in. */
// @ts-ignore: decorator
@inline
export function pageOf(place: usize): u32 {
  return <u32>(place >> 3) - PAGE_HEADER_WORDS - indexOf(place) * PLACE_WORDS
}

/**
 * Whether a scrape that began with `seq` tells a place: it is live, and was not born since. A plain load, which may
 * see a place before its text: then `changed` has the page told again. An acquiring one for each costs a sixth of the
 * encoder's time.
 */
// @ts-ignore: decorator
@inline
export function told(place: usize, seq: i32): bool {
  const state = load<i32>(place, PLACE_STATE << 2)
  return (state & STATE_MASK) == STATE_LIVE && load<i32>(place, PLACE_BORN << 2) - seq <= 0
}

/** Whether it may be told by the time it is encoded: a series can come back to life. */
// @ts-ignore: decorator
@inline
export function couldBeTold(place: u32, seq: i32): bool {
  return (shared(place, PLACE_STATE) & STATE_MASK) != STATE_FREE && field(place, PLACE_BORN) - seq <= 0
}

// @ts-ignore: decorator
@inline
export function textOf(place: usize): usize {
  return address(load<u32>(place, PLACE_TEXT << 2))
}

// @ts-ignore: decorator
@inline
export function textBytesOf(place: usize): i32 {
  return load<i32>(place, PLACE_TEXT_BYTES << 2) & ~TEXT_CONTROL_BIT
}

/** Where a slot's text must end. */
// @ts-ignore: decorator
@inline
export function slotEnd(slot: u32): usize {
  return address(slot + SLOT_TEXT_WORD) + load<u32>(<usize>H_SLOT_TEXT << 2)
}
