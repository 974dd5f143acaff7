// The sweeper: finds series that are idle, hides them, and frees those that nobody holds. The protocol, and why it
// loses nothing, is told in src/lifecycle/states.ts; the states are changed here by compare-exchange, step by step,
// so that a sweep that dies anywhere is taken up by the next one.
import { clearExemplars } from './exemplars'
import { fold, UNSET } from './fold'
import {
  AGGREGATE_LAST,
  AGGREGATE_LIVESUM,
  AGGREGATE_MAX,
  AGGREGATE_MIN,
  AGGREGATE_SUM,
  CELLS_BITS_FIELDS,
  CELLS_HEADER_WORDS,
  CELLS_NEXT,
  CELLS_OWNED,
  CELLS_REQUESTED,
  CELLS_SHARD,
  EXPIRE_UNTOUCHED,
  EXPIRE_ZERO,
  F_AGGREGATE,
  F_BOUNDS,
  F_CELLS,
  F_CURRENT,
  F_EXPIRE_AFTER,
  F_EXPIRE_RULE,
  F_KIND,
  H_EPOCH,
  H_HASH,
  H_HASH_MASK,
  H_REQUESTS,
  H_SHARD_COUNT,
  H_SHARDS,
  KIND_GAUGE,
  KIND_HISTOGRAM,
  KIND_INFO,
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
  SHARE_BESIDE,
  SHARE_OWN,
  SHARE_SET,
  SLOT_STATUS,
  SLOT_SWEEP_FREED,
  SLOT_SWEEP_PAGE,
  SLOT_VECTOR_WORD,
  STATE_BITS,
  STATE_FREE,
  STATE_FREEING,
  STATE_LIVE,
  STATE_MASK,
  STATE_REMOVED,
  STATE_RETIRED,
  STATE_UNLINKED,
} from './layout'
import { clearBlocks } from './native'
import { address, field, header, setField, shared } from './record'
import { clearBits, hasBit, shareBits } from './shares'

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

/** What tells whether a series moved: a value, the observations of a histogram, touches, or all shares there are. */
function activity(family: u32, page: u32, index: i32, values: usize): f64 {
  const cells = field(family, F_CELLS)
  if (field(family, F_EXPIRE_RULE) == EXPIRE_UNTOUCHED) {
    let touches: f64 = 0
    for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
      touches += load<f64>(address(c + CELLS_HEADER_WORDS + (index + 1) * cells - 1))
    }
    return touches
  }
  if (sharesGo(family)) return sharesHash(family, page, index)
  if (field(family, F_KIND) != KIND_HISTOGRAM) return load<f64>(values)
  let count: f64 = 0
  const bounds = field(family, F_BOUNDS)
  for (let n = 0; n <= bounds; n++) count += load<f64>(values + ((<usize>n) << 3))
  return count
}

/** Whether the activity is read off the cells when it is asked for, and not off a fold. */
function readsCells(family: u32): bool {
  return field(family, F_EXPIRE_RULE) == EXPIRE_UNTOUCHED || sharesGo(family)
}

/** Whether a thread's share goes with it, so that the fold changes where nobody stored. */
function sharesGo(family: u32): bool {
  const aggregate = field(family, F_AGGREGATE)
  return aggregate == AGGREGATE_LIVESUM || aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX
}

/** What a cell holds before anything was stored there. */
function nothingOf(family: u32): u64 {
  const aggregate = field(family, F_AGGREGATE)
  return aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX ? UNSET : 0
}

/** See sharesHash in src/folds/fold.ts: remove() notes it there, and it is compared here. */
function sharesHash(family: u32, page: u32, index: i32): f64 {
  const nothing = nothingOf(family)
  const cells = field(family, F_CELLS)
  let high: u32 = 0
  let low: u32 = 0
  for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
    const raw = atomic.load<u64>(address(c + CELLS_HEADER_WORDS + index * cells))
    if (raw == nothing) continue
    const mixed = mix(<u32>(raw >> 32) ^ mix(<u32>raw + <u32>field(c, CELLS_SHARD) * 0x9e3779b1))
    high += mixed
    low += mix(mixed ^ 0x7f4a7c15)
  }
  return <f64>high * 1048576 + <f64>(low >> 12)
}

function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x85ebca6b
  h = (h ^ (h >> 13)) * 0xc2b2ae35
  return h ^ (h >> 16)
}

/**
 * Whether a gauge that goes when it is zero stands at anything else. A fold of zero is not enough where shares are each
 * their thread's word: of `livesum`, `min` and `max` all that count, of `sum` those that were set.
 */
function isBusy(family: u32, page: u32, index: i32, value: f64): bool {
  const aggregate = field(family, F_AGGREGATE)
  if (value != 0) return true
  if (aggregate == AGGREGATE_LAST || field(family, F_KIND) != KIND_GAUGE) return false
  const which = aggregate == AGGREGATE_SUM ? SHARE_SET : SHARE_OWN
  const nothing = nothingOf(family)
  const cells = field(family, F_CELLS)
  for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
    const bits = shareBits(page, c)
    if (aggregate == AGGREGATE_SUM && hasBit(bits, SHARE_BESIDE, index)) return true
    if (!hasBit(bits, which, index)) continue
    const raw = atomic.load<u64>(address(c + CELLS_HEADER_WORDS + index * cells))
    // Zero of either sign.
    if (raw != nothing && raw << 1 != 0) return true
  }
  return false
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
  const nothing = nothingOf(family)
  const shares = field(family, F_KIND) == KIND_GAUGE && field(family, F_AGGREGATE) != AGGREGATE_LAST
  for (let c = <u32>shared(page, PAGE_CELLS); c != 0; c = <u32>field(c, CELLS_NEXT)) {
    const first = address(c + CELLS_HEADER_WORDS + index * cells)
    for (let n = 0; n < cells; n++) store<u64>(first + ((<usize>n) << 3), n == 0 ? nothing : 0)
    if (shares) clearBits(shareBits(page, c), index)
    clearBlocks(family, page, c, index)
    clearExemplars(family, c, index)
  }
}

/** Whether it is the label set of an info that holds now. */
function isCurrent(family: u32, place: u32): bool {
  return field(family, F_KIND) == KIND_INFO && <u32>shared(family, F_CURRENT) == place
}

/**
 * Looks once at every place of a family from `page` on, `pages` of them at most. Returns how many series it leaves
 * hidden; how many it freed, and the page to go on with (0: none), are left in the slot. `now` is in ms since the
 * registry was made; the vector is a slot's.
 */
export function sweep(slot: u32, family: u32, page: u32, pages: i32, now: i32): i32 {
  const vector = address(slot + SLOT_VECTOR_WORD)
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  const after = field(family, F_EXPIRE_AFTER)
  const zeroRule = field(family, F_EXPIRE_RULE) == EXPIRE_ZERO
  const fresh = readsCells(family)
  const oldest = oldestEpoch()
  const epoch = atomic.load<i32>((<usize>H_EPOCH) << 2)
  let freed = 0
  let hiding = 0
  for (; page != 0 && pages > 0; page = <u32>shared(page, PAGE_NEXT), pages--) {
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
        const value = values + ((<usize>(index * cells)) << 3)
        const moved = activity(family, page, index, value)
        const known = load<f64>(address(place + PLACE_FOLD_WORD))
        if (moved != known || (zeroRule && isBusy(family, page, index, load<f64>(value)))) {
          // Cells were read just now; what was told of a fold that is noted holds for them too.
          if (fresh && atomic.add<i32>(at(place, PLACE_STATE), 0) != state) continue
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
      } else if (isCurrent(family, place) && kind < STATE_FREEING) {
        // Who replaced an older one had found it before it was set again.
        if (changeState(place, state, STATE_LIVE)) hiding--
      } else if (kind == STATE_RETIRED || kind == STATE_REMOVED) {
        // Owners first, fold second: what was stored before an owner let go is seen, and after it nobody stores.
        const owned = isOwned(page, index)
        const again = fold(page, index, 1, cells, aggregate, vector + ((<usize>(capacity * cells)) << 3))
        const moved = activity(family, page, index, again)
        // What expired was not busy: shares that were set to make zero again are a movement that the fold hides.
        const busy = kind == STATE_RETIRED && zeroRule && isBusy(family, page, index, load<f64>(again))
        if (busy || differ(moved, load<f64>(address(place + PLACE_FOLD_WORD)))) {
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
  setField(slot, SLOT_SWEEP_PAGE, <i32>page)
  setField(slot, SLOT_SWEEP_FREED, freed)
  return hiding
}

/** From FREEING to UNLINKED. */
function free(place: u32, epoch: i32): void {
  unlink(place)
  setField(place, PLACE_CHANGED, epoch)
  const state = shared(place, PLACE_STATE)
  atomic.store<i32>(at(place, PLACE_STATE), (state & ~STATE_MASK) | STATE_UNLINKED)
}
