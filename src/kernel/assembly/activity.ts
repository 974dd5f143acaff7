// What a sweep asks of a series: whether it moved since it was last looked at, and whether a gauge that goes when it is
// zero stands at anything else. remove() notes the same activity that the sweep compares (activityOfPlace): both are computed
// here, from the same cells in the same order.
import { cellAt, newestCells, olderCells } from './cells'
import { foldCell, UNSET } from './fold'
import { beforeCopy } from './hook'
import {
  AGGREGATE_LAST,
  AGGREGATE_LIVESUM,
  AGGREGATE_MAX,
  AGGREGATE_MIN,
  AGGREGATE_SUM,
  EXPIRE_UNTOUCHED,
  KIND_GAUGE,
  KIND_HISTOGRAM,
} from './layout'
import { exists } from './record'
import { Family, Page } from './records'
import { hasBit, sharesOf } from './shares'
import { mostRecords } from './sound'

/** A place's folded cells, in a vector. */
@unmanaged
class Folded {
  // @ts-ignore: decorator
  @inline
  cell(_family: Family, _page: Page, _index: i32, n: i32): f64 {
    return load<f64>(changetype<usize>(this) + (<usize>n << 3))
  }
}

/** A place's cells, each folded when it is asked for. */
@unmanaged
class Unfolded {
  // @ts-ignore: decorator
  @inline
  cell(family: Family, page: Page, index: i32, n: i32): f64 {
    return foldCell(family, page, index, n)
  }
}

/** The activity of a place that fold() has folded into `values`. */
export function activity(family: Family, page: Page, index: i32, values: usize): f64 {
  return activityFrom(changetype<Folded>(values), family, page, index)
}

/** The same for a caller that has no vector. */
export function activityOfPlace(family: Family, page: Page, index: i32): f64 {
  return activityFrom(changetype<Unfolded>(0), family, page, index)
}

/** What shows whether a series moved: a value, the observations of a histogram, touches, or all shares there are. */
// @ts-ignore: decorator
@inline
function activityFrom<Values>(values: Values, family: Family, page: Page, index: i32): f64 {
  if (family.expireRule == EXPIRE_UNTOUCHED) return touchesOf(family, page, index)
  if (sharesGo(family)) return sharesHash(family, page, index)
  if (family.kind != KIND_HISTOGRAM) return values.cell(family, page, index, 0)
  let count: f64 = 0
  const bounds = family.bounds
  for (let n = 0; n <= bounds; n++) count += values.cell(family, page, index, n)
  return count
}

/** How often threads called a gauge, dead ones too. */
// @ts-ignore: decorator
@inline
function touchesOf(family: Family, page: Page, index: i32): f64 {
  const last = (index + 1) * family.cells - 1
  let touches: f64 = 0
  for (let c = newestCells(page), left = mostRecords(); exists(c); c = olderCells(c, --left)) {
    beforeCopy(0)
    touches += load<f64>(cellAt(c, last))
  }
  return touches
}

/** Whether the activity is read off the cells when it is asked for, and not off a fold. */
export function readsCells(family: Family): bool {
  return family.expireRule == EXPIRE_UNTOUCHED || sharesGo(family)
}

/** Whether a thread's share goes with it, so that the fold changes where nobody stored. */
function sharesGo(family: Family): bool {
  const aggregate = family.aggregate
  return aggregate == AGGREGATE_LIVESUM || aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX
}

/** What a cell holds before anything was stored there. */
export function nothingOf(family: Family): u64 {
  const aggregate = family.aggregate
  return aggregate == AGGREGATE_MIN || aggregate == AGGREGATE_MAX ? UNSET : 0
}

/**
 * A number below 2^52 of all cells of a place, dead threads' too: it changes when a thread stores another value, and
 * not when a thread dies. Cells that hold nothing yet add nothing, so a new page of cells does not change it.
 */
// @ts-ignore: decorator
@inline
function sharesHash(family: Family, page: Page, index: i32): f64 {
  const nothing = nothingOf(family)
  const cells = family.cells
  let high: u32 = 0
  let low: u32 = 0
  for (let c = newestCells(page), left = mostRecords(); exists(c); c = olderCells(c, --left)) {
    beforeCopy(0)
    const raw = atomic.load<u64>(cellAt(c, index * cells))
    if (raw == nothing) continue
    const mixed = mix(<u32>(raw >> 32) ^ mix(<u32>raw + <u32>c.shard * 0x9e3779b1))
    high += mixed
    low += mix(mixed ^ 0x7f4a7c15)
  }
  return <f64>high * 1048576 + <f64>(low >> 12)
}

/** MurmurHash3's finalizer. */
function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x85ebca6b
  h = (h ^ (h >> 13)) * 0xc2b2ae35
  return h ^ (h >> 16)
}

/**
 * Whether a gauge that goes when it is zero stands at anything else. A fold of zero is not enough where shares are each
 * their thread's word: of `livesum`, `min` and `max` all that count, of `sum` those that were set.
 */
export function isBusy(family: Family, page: Page, index: i32, value: f64): bool {
  const aggregate = family.aggregate
  if (value != 0) return true
  if (aggregate == AGGREGATE_LAST || family.kind != KIND_GAUGE) return false
  const nothing = nothingOf(family)
  const cells = family.cells
  for (let c = newestCells(page), left = mostRecords(); exists(c); c = olderCells(c, --left)) {
    const shares = sharesOf(page, c)
    if (aggregate == AGGREGATE_SUM && hasBit(shares.beside, index)) return true
    if (!hasBit(aggregate == AGGREGATE_SUM ? shares.set : shares.own, index)) continue
    const raw = atomic.load<u64>(cellAt(c, index * cells))
    // Zero of either sign.
    if (raw != nothing && raw << 1 != 0) return true
  }
  return false
}

/** Whether two folds are two values: what is no number both times has not moved. */
// @ts-ignore: decorator
@inline
export function differ(one: f64, other: f64): bool {
  return one != other && (one == one || other == other)
}
