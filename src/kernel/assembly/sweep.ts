// The sweeper: finds series that are idle, hides them, and frees those that nobody holds. The protocol, and why it
// loses nothing, is told in src/catalogue/lifecycle.ts; the states are changed here by compare-exchange, step by step,
// so that a sweep that dies anywhere is taken up by the next one.
import { clearExemplars } from './exemplars'
import { fold } from './fold'
import {
  AGGREGATE_MAX,
  AGGREGATE_MIN,
  CELLS_BITS_FIELDS,
  CELLS_HEADER_WORDS,
  CELLS_NEXT,
  CELLS_OWNED,
  CELLS_REQUESTED,
  EXPIRE_UNTOUCHED,
  EXPIRE_ZERO,
  F_AGGREGATE,
  F_BOUNDS,
  F_CELLS,
  F_EXPIRE_AFTER,
  F_EXPIRE_RULE,
  F_FIRST_PAGE,
  F_FREES,
  F_KIND,
  F_SERIES,
  H_EPOCH,
  H_EXPIRED,
  H_HASH,
  H_HASH_MASK,
  H_REQUESTS,
  H_ROOM,
  H_SERIES,
  H_SHARD_COUNT,
  H_SHARDS,
  KIND_HISTOGRAM,
  PAGE_CAPACITY,
  PAGE_CELLS,
  PAGE_FREES,
  PAGE_HEADER_WORDS,
  PAGE_NEXT,
  PLACE_CHANGED,
  PLACE_FOLD_WORD,
  PLACE_HASH,
  PLACE_NEXT,
  PLACE_STATE,
  PLACE_WORDS,
  SHARD_EPOCH,
  SHARD_WORDS,
  SLOT_STATUS,
  SLOT_VECTOR_WORD,
  STATE_BITS,
  STATE_FREE,
  STATE_FREEING,
  STATE_LIVE,
  STATE_MASK,
  STATE_REMOVED,
  STATE_RETIRED,
  STATE_UNLINKED,
  UNSET_HIGH,
  UNSET_LOW,
} from './layout'
import { clearBlocks } from './native'
import { address, field, header, setField, shared } from './record'

function at(ref: u32, n: i32): usize {
  return address(ref) + ((<usize>n) << 2)
}

function changeState(place: u32, from: i32, state: i32): bool {
  return atomic.cmpxchg<i32>(at(place, PLACE_STATE), from, (from & ~STATE_MASK) | state) == from
}

/** The oldest epoch that a look-up is inside; the current one where none is. */
function oldestEpoch(): i32 {
  let oldest = atomic.load<i32>((<usize>H_EPOCH) << 2)
  const count = header(H_SHARD_COUNT)
  for (let n = 0; n < count; n++) {
    const inside = shared(<u32>header(H_SHARDS) + n * SHARD_WORDS, SHARD_EPOCH)
    if (inside != 0 && inside < oldest) oldest = inside
  }
  return oldest
}

/** What tells whether a series moved: a value, the observations of a histogram, or touches. */
function activity(family: u32, page: u32, index: i32, values: usize): f64 {
  const cells = field(family, F_CELLS)
  if (field(family, F_EXPIRE_RULE) == EXPIRE_UNTOUCHED) {
    let touches: f64 = 0
    for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
      touches += load<f64>(address(c + CELLS_HEADER_WORDS + (index + 1) * cells - 1))
    }
    return touches
  }
  if (field(family, F_KIND) != KIND_HISTOGRAM) return load<f64>(values)
  let count: f64 = 0
  const bounds = field(family, F_BOUNDS)
  for (let n = 0; n <= bounds; n++) count += load<f64>(values + ((<usize>n) << 3))
  return count
}

/** Whether two folds are two values: what is no number both times has not moved. */
// @ts-ignore: decorator
@inline
function differ(one: f64, other: f64): bool {
  return one != other && (one == one || other == other)
}

function isOwned(page: u32, index: i32): bool {
  const bit = 1 << (index & 31)
  for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
    if ((shared(c, CELLS_OWNED + (index >> 5)) & bit) != 0) return true
  }
  return false
}

/** Asks every thread that holds a place to let go of it. */
function request(page: u32, index: i32): void {
  const bit = 1 << (index & 31)
  let asked = false
  for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
    if ((shared(c, CELLS_OWNED + (index >> 5)) & bit) == 0) continue
    if ((atomic.or<i32>(at(c, CELLS_REQUESTED + (index >> 5)), bit) & bit) == 0) asked = true
  }
  if (asked) atomic.add<i32>((<usize>H_REQUESTS) << 2, 1)
}

/** Takes a place out of its hash chain. Others only ever insert at a head, so a link in the middle is ours alone. */
function unlink(place: u32): void {
  const bucket = address(header(H_HASH)) + ((<usize>(field(place, PLACE_HASH) & header(H_HASH_MASK))) << 2)
  while (true) {
    const head = atomic.load<u32>(bucket)
    const next = atomic.load<u32>(at(place, PLACE_NEXT))
    if (head == place) {
      if (atomic.cmpxchg<u32>(bucket, place, next) == place) return
      continue
    }
    let before = head
    while (before != 0) {
      const after = atomic.load<u32>(at(before, PLACE_NEXT))
      if (after == place) {
        atomic.store<u32>(at(before, PLACE_NEXT), next)
        return
      }
      before = after
    }
    return
  }
}

/** Zeroes a place's cells in all shards, so that its next life begins at nothing. */
function clearCells(family: u32, page: u32, index: i32): void {
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  const extreme = aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX
  const nothing: u64 = extreme ? ((<u64>UNSET_HIGH) << 32) | <u64>UNSET_LOW : 0
  for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
    const first = address(c + CELLS_HEADER_WORDS + index * cells)
    for (let n = 0; n < cells; n++) store<u64>(first + ((<usize>n) << 3), n == 0 ? nothing : 0)
    clearBlocks(family, page, c, index)
    clearExemplars(family, c, index)
  }
}

/**
 * Looks once at every place of a family, and returns how many it leaves hidden. `now` is in ms since the registry was
 * made; the vector is a slot's.
 */
export function sweep(slot: u32, family: u32, now: i32): i32 {
  const vector = address(slot + SLOT_VECTOR_WORD)
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  const after = field(family, F_EXPIRE_AFTER)
  const zeroRule = field(family, F_EXPIRE_RULE) == EXPIRE_ZERO
  const untouched = field(family, F_EXPIRE_RULE) == EXPIRE_UNTOUCHED
  const oldest = oldestEpoch()
  const epoch = atomic.load<i32>((<usize>H_EPOCH) << 2)
  let freed = 0
  let hiding = 0
  for (let page = <u32>shared(family, F_FIRST_PAGE); page != 0; page = <u32>shared(page, PAGE_NEXT)) {
    const capacity = field(page, PAGE_CAPACITY)
    let values = fold(page, 0, capacity, cells, aggregate, vector)
    // A fold that is noted is to be older than the state that it was noted in: all of it is read now.
    if (values != vector) memory.copy(vector, values, (<usize>(capacity * cells)) << 3)
    values = vector
    atomic.add<i32>(at(slot, SLOT_STATUS), 0)
    for (let index = 0; index < capacity; index++) {
      const place: u32 = page + PAGE_HEADER_WORDS + index * PLACE_WORDS
      const state = shared(place, PLACE_STATE)
      const kind = state & STATE_MASK
      if (kind == STATE_FREE) continue
      if (kind >= STATE_RETIRED) hiding++
      if (kind == STATE_LIVE) {
        if (after == 0) continue
        const moved = activity(family, page, index, values + ((<usize>(index * cells)) << 3))
        const known = load<f64>(address(place + PLACE_FOLD_WORD))
        if (moved != known || (zeroRule && moved != 0)) {
          // Touches were read just now; what was told of a fold that is noted holds for them too.
          if (untouched && atomic.add<i32>(at(place, PLACE_STATE), 0) != state) continue
          store<f64>(address(place + PLACE_FOLD_WORD), moved)
          setField(place, PLACE_CHANGED, now)
        } else if (now - field(place, PLACE_CHANGED) >= after) {
          // Another generation: see lifecycle.ts.
          const hidden = (((state >> STATE_BITS) + 1) << STATE_BITS) | STATE_RETIRED
          if (atomic.cmpxchg<i32>(at(place, PLACE_STATE), state, hidden) == state) {
            hiding++
            request(page, index)
          }
        }
      } else if (kind == STATE_RETIRED || kind == STATE_REMOVED) {
        // Owners first, fold second: what was stored before an owner let go is seen, and after it nobody stores.
        const owned = isOwned(page, index)
        const again = fold(page, index, 1, cells, aggregate, vector + ((<usize>(capacity * cells)) << 3))
        const moved = activity(family, page, index, again)
        if (differ(moved, load<f64>(address(place + PLACE_FOLD_WORD)))) {
          // The state first: a remove() that comes after it notes a fold of its own, which is not to be overwritten.
          if (!changeState(place, state, STATE_LIVE)) continue
          hiding--
          store<f64>(address(place + PLACE_FOLD_WORD), moved)
          setField(place, PLACE_CHANGED, now)
        } else if (owned) request(page, index)
        else if (changeState(place, state, STATE_FREEING)) free(place, epoch)
      } else if (kind == STATE_FREEING) free(place, epoch)
      else if (kind == STATE_UNLINKED && field(place, PLACE_CHANGED) < oldest) {
        clearCells(family, page, index)
        atomic.add<i32>(at(page, PAGE_FREES), 1)
        atomic.store<i32>(at(place, PLACE_STATE), ((state >> STATE_BITS) + 1) << STATE_BITS)
        freed++
        hiding--
      }
    }
  }
  if (freed == 0) return hiding
  atomic.sub<i32>(at(family, F_SERIES), freed)
  atomic.add<i32>(at(family, F_FREES), freed)
  atomic.sub<i32>((<usize>H_SERIES) << 2, freed)
  tally(H_EXPIRED, freed)
  atomic.add<i32>((<usize>H_ROOM) << 2, 1)
  return hiding
}

/** From FREEING to UNLINKED. */
function free(place: u32, epoch: i32): void {
  unlink(place)
  setField(place, PLACE_CHANGED, epoch)
  const state = shared(place, PLACE_STATE)
  atomic.store<i32>(at(place, PLACE_STATE), (state & ~STATE_MASK) | STATE_UNLINKED)
}

/** Adds to a count of 64 bits. */
function tally(n: i32, more: i32): void {
  atomic.add<i64>((<usize>n) << 2, <i64>more)
}
