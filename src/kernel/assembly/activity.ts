// What a sweep asks of a series: whether it moved since it was last looked at, and whether a gauge that goes when it is
// zero stands at anything else.
import { cellAt, newestCells, olderCells } from './cells'
import { UNSET } from './fold'
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

/** What shows whether a series moved: a value, the observations of a histogram, touches, or all shares there are. */
export function activity(family: Family, page: Page, index: i32, values: usize): f64 {
  const cells = family.cells
  if (family.expireRule == EXPIRE_UNTOUCHED) {
    let touches: f64 = 0
    for (let c = newestCells(page); exists(c); c = olderCells(c)) {
      touches += load<f64>(cellAt(c, (index + 1) * cells - 1))
    }
    return touches
  }
  if (sharesGo(family)) return sharesHash(family, page, index)
  if (family.kind != KIND_HISTOGRAM) return load<f64>(values)
  let count: f64 = 0
  const bounds = family.bounds
  for (let n = 0; n <= bounds; n++) count += load<f64>(values + ((<usize>n) << 3))
  return count
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

/** See sharesHash in src/folds/fold.ts: remove() notes it there, and it is compared here. */
function sharesHash(family: Family, page: Page, index: i32): f64 {
  const nothing = nothingOf(family)
  const cells = family.cells
  let high: u32 = 0
  let low: u32 = 0
  for (let c = newestCells(page); exists(c); c = olderCells(c)) {
    const raw = atomic.load<u64>(cellAt(c, index * cells))
    if (raw == nothing) continue
    const mixed = mix(<u32>(raw >> 32) ^ mix(<u32>raw + <u32>c.shard * 0x9e3779b1))
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
export function isBusy(family: Family, page: Page, index: i32, value: f64): bool {
  const aggregate = family.aggregate
  if (value != 0) return true
  if (aggregate == AGGREGATE_LAST || family.kind != KIND_GAUGE) return false
  const nothing = nothingOf(family)
  const cells = family.cells
  for (let c = newestCells(page); exists(c); c = olderCells(c)) {
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
