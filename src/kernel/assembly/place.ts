// Places, and whether a scrape exposes them.
import {
  INDEX_MASK,
  SERIES_EXPOSED,
  SERIES_GONE,
  STATE_FREE,
  STATE_FREEING,
  STATE_LIVE,
  STATE_MASK,
  STATE_RETIRED,
  TEXT_CONTROL_BIT,
} from './layout'
import { address, nth, ownProcess } from './record'
import { Page, Place, Slot } from './records'

// @ts-ignore: decorator
@inline
export function placeOf(page: Page, index: i32): Place {
  return nth<Place>(page.behind, index)
}

// @ts-ignore: decorator
@inline
export function next(place: Place): Place {
  return nth<Place>(changetype<usize>(place), 1)
}

// @ts-ignore: decorator
@inline
export function indexOf(place: Place): i32 {
  return place.index & INDEX_MASK
}

/** The page that a place is in. */
// @ts-ignore: decorator
@inline
export function pageOf(place: Place): Page {
  const first = changetype<usize>(place) - <usize>indexOf(place) * offsetof<Place>()
  return changetype<Page>(first - offsetof<Page>())
}

/**
 * Whether a scrape that began with `seq` exposes a place: it is live, and was not born since. A plain load, which may
 * see a place before its text: then `changed` has the page written again. An acquiring one for each costs a sixth of
 * the encoder's time.
 */
// @ts-ignore: decorator
@inline
export function isExposed(place: Place, seq: i32): bool {
  const state = place.state
  return (state & STATE_MASK) == STATE_LIVE && place.born - seq <= 0
}

/** Whether a push tells of a place: of one that is exposed, or, as gone, of one that is exposed no more and has its labels yet. */
export function isPushed(place: Place, seq: i32, series: i32): bool {
  if (series == SERIES_EXPOSED) return isExposed(place, seq)
  const kind = place.state & STATE_MASK
  return kind >= (series == SERIES_GONE ? STATE_RETIRED : STATE_LIVE) && place.born - seq <= 0
}

/** Whether it may be exposed by the time it is encoded: a series can come back to life. */
// @ts-ignore: decorator
@inline
export function mayBeExposed(place: Place, seq: i32): bool {
  return (place.shared.state & STATE_MASK) != STATE_FREE && place.born - seq <= 0
}

/** Whether it has a series, exposed or hidden. */
export function isSeries(place: Place): bool {
  const kind = place.shared.state & STATE_MASK
  return kind >= STATE_LIVE && kind < STATE_FREEING
}

// @ts-ignore: decorator
@inline
export function textOf(place: Place): usize {
  return address(place.text)
}

// @ts-ignore: decorator
@inline
export function textBytesOf(place: Place): i32 {
  return place.textBytes & ~TEXT_CONTROL_BIT
}

/** Where a slot's text must end. */
// @ts-ignore: decorator
@inline
export function slotEnd(slot: Slot): usize {
  return slot.behind + ownProcess().slotText
}
