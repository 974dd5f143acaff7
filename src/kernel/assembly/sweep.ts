// The sweeper: finds series that are idle, hides them, and frees those that nobody holds. The protocol, and why it
// loses nothing, stands in src/lifecycle/states.ts; the states are changed here by compare-exchange, step by step,
// so that a sweep that dies anywhere is taken up by the next one.
import { activity, differ, isBusy, nothingOf, readsCells } from './activity'
import { cellAt, newestCells, olderCells } from './cells'
import { clearExemplars } from './exemplars'
import { fold } from './fold'
import {
  AGGREGATE_LAST,
  EXPIRE_ZERO,
  KIND_GAUGE,
  KIND_INFO,
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
import { placeOf } from './place'
import { address, exists, fence, header, nth, ownProcess, refOf, view } from './record'
import { BlockReference, CellPage, Family, Page, Place, Shard, Shares, Slot } from './records'
import { clearBits, fieldOf } from './shares'
import { capacityOf, inArena, mostRecords, soundFamily } from './sound'

function changeState(place: Place, from: i32, state: i32): bool {
  return place.shared.exchangeState(from, (from & ~STATE_MASK) | state)
}

/** The oldest epoch that a look-up is inside; the current one where none is. */
function oldestEpoch(): i32 {
  let oldest = header().shared.epoch
  const count = ownProcess().shardCount
  for (let n = 0; n < count; n++) {
    const inside = nth<Shard>(address(ownProcess().shards), n).shared.epoch
    if (inside != 0 && inside < oldest) oldest = inside
  }
  return oldest
}

function isOwned(page: Page, index: i32): bool {
  const bit = 1 << (index & 31)
  for (let c = newestCells(page), left = mostRecords(); exists(c); c = olderCells(c, --left)) {
    if ((atomic.load<i32>(fieldOf(c.owned, index)) & bit) != 0) return true
  }
  return false
}

/** Asks every thread that holds a place to let go of it. */
function request(page: Page, index: i32): void {
  const bit = 1 << (index & 31)
  let asked = false
  for (let c = newestCells(page), left = mostRecords(); exists(c); c = olderCells(c, --left)) {
    if ((atomic.load<i32>(fieldOf(c.owned, index)) & bit) == 0) continue
    if (!inArena(changetype<usize>(c), offsetof<CellPage>())) unreachable()
    if ((atomic.or<i32>(fieldOf(c.requested, index), bit) & bit) == 0) asked = true
  }
  if (asked) header().shared.addRequests(1)
}

/** Takes a place out of its hash chain. Others only ever insert at a head, so a link in the middle is ours alone. */
function unlink(place: Place): void {
  const reference = refOf(place)
  const bucket = address(ownProcess().hash) + ((<usize>(place.hash & ownProcess().hashMask)) << 2)
  while (true) {
    const head = atomic.load<u32>(bucket)
    const next = place.shared.next
    if (head == reference) {
      if (atomic.cmpxchg<u32>(bucket, head, next) == head) return
      continue
    }
    let before = view<Place>(head)
    let left = mostRecords()
    while (exists(before)) {
      if (--left < 0 || !inArena(changetype<usize>(before), offsetof<Place>())) unreachable()
      const after = before.shared.next
      if (after == reference) {
        before.shared.next = next
        return
      }
      before = view<Place>(after)
    }
    return
  }
}

/** Zeroes a place's cells in all shards, so that its next life begins at nothing. */
function clearCells(family: Family, page: Page, capacity: i32, index: i32): void {
  const cells = family.cells
  const blocks = <usize>(capacity * family.blocks) * offsetof<BlockReference>()
  const bytes = offsetof<CellPage>() + (<usize>(capacity * cells) << 3) + blocks
  const nothing = nothingOf(family)
  const shares = family.kind == KIND_GAUGE && family.aggregate != AGGREGATE_LAST
  for (let c = newestCells(page), left = mostRecords(); exists(c); c = olderCells(c, --left)) {
    if (!inArena(changetype<usize>(c), bytes + offsetof<Shares>())) unreachable()
    const first = cellAt(c, index * cells)
    for (let n = 0; n < cells; n++) store<u64>(first + ((<usize>n) << 3), n == 0 ? nothing : 0)
    if (shares) clearBits(changetype<Shares>(cellAt(c, capacity * cells)), index)
    clearBlocks(family, capacity, c, index)
    clearExemplars(family, c, index)
  }
}

/** Whether it is the label set of an info that holds now. */
function isCurrent(family: Family, place: Place): bool {
  return family.kind == KIND_INFO && family.shared.current == refOf(place)
}

/**
 * Looks once at every place of a family from `page` on, `pages` of them at most. Returns how many series it leaves
 * hidden; how many it freed, and the page to go on with (0: none), are left in the slot. `now` is in ms since the
 * registry was made; the vector is a slot's.
 */
export function sweepPages(slot: Slot, record: Family, page: Page, pages: i32, now: i32): i32 {
  const family = soundFamily(slot.scratch, record)
  const vector = slot.vector
  const cells = family.cells
  const aggregate = family.aggregate
  const after = family.expireAfter
  const zeroRule = family.expireRule == EXPIRE_ZERO
  const fresh = readsCells(family)
  const oldest = oldestEpoch()
  const epoch = header().shared.epoch
  let freed = 0
  let hiding = 0
  // As in Walk of src/memory/damage.ts.
  let mark = changetype<Page>(0)
  let steps = 0
  let lap = 1
  for (; exists(page) && pages > 0; page = view<Page>(page.shared.next), pages--) {
    const capacity = capacityOf(page, cells)
    if (page == mark) unreachable()
    if (++steps == lap) {
      mark = page
      lap <<= 1
      steps = 0
    }
    let values = fold(page, 0, capacity, cells, aggregate, vector)
    // A fold that is noted must be older than the state that it is noted in: so all of it is read now.
    if (values != vector) memory.copy(vector, values, (<usize>(capacity * cells)) << 3)
    values = vector
    fence(changetype<usize>(slot) + offsetof<Slot>('status'))
    for (let index = 0; index < capacity; index++) {
      const place = placeOf(page, index)
      const state = place.shared.state
      const kind = state & STATE_MASK
      if (kind == STATE_FREE) continue
      if (kind >= STATE_RETIRED) hiding++
      if (kind == STATE_LIVE) {
        if (after == 0) continue
        const value = values + ((<usize>(index * cells)) << 3)
        const moved = activity(family, page, index, value)
        const known = place.fold
        if (moved != known || (zeroRule && isBusy(family, page, index, load<f64>(value)))) {
          // This activity was read off the cells just now. It too must be older than the state, if it is noted.
          if (fresh && place.shared.addState(0) != state) continue
          place.fold = moved
          place.changed = now
        } else if (now - place.changed >= after) {
          // Another generation: see lifecycle/states.ts.
          const hidden = (((state >> STATE_BITS) + 1) << STATE_BITS) | STATE_RETIRED
          if (place.shared.exchangeState(state, hidden)) {
            hiding++
            request(page, index)
          }
        }
      } else if (isCurrent(record, place) && kind < STATE_FREEING) {
        // A thread that replaced an older label set had found this one before it was set again.
        if (changeState(place, state, STATE_LIVE)) hiding--
      } else if (kind == STATE_RETIRED || kind == STATE_REMOVED) {
        // Owners first, fold second: what was stored before an owner let go is seen, and after it nobody stores.
        const owned = isOwned(page, index)
        const again = fold(page, index, 1, cells, aggregate, vector + ((<usize>(capacity * cells)) << 3))
        const moved = activity(family, page, index, again)
        // What expired was not busy: shares that were set to make zero again are a movement that the fold hides.
        const busy = kind == STATE_RETIRED && zeroRule && isBusy(family, page, index, load<f64>(again))
        if (busy || differ(moved, place.fold)) {
          // The state first: a remove() that comes after it notes a fold of its own, which is not to be overwritten.
          if (!changeState(place, state, STATE_LIVE)) continue
          hiding--
          place.fold = moved
          place.changed = now
        } else if (owned) request(page, index)
        else if (changeState(place, state, STATE_FREEING)) free(place, epoch)
      } else if (kind == STATE_FREEING) free(place, epoch)
      else if (kind == STATE_UNLINKED && place.changed < oldest) {
        clearCells(family, page, capacity, index)
        page.shared.addFrees(1)
        place.shared.state = ((state >> STATE_BITS) + 1) << STATE_BITS
        freed++
        hiding--
      }
    }
  }
  slot.sweepPage = refOf(page)
  slot.sweepFreed = freed
  return hiding
}

/** From FREEING to UNLINKED. */
function free(place: Place, epoch: i32): void {
  unlink(place)
  place.changed = epoch
  const state = place.shared.state
  place.shared.state = (state & ~STATE_MASK) | STATE_UNLINKED
}
