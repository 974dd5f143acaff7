// The kernel: plans, folds, encodes and sweeps, over the registry's memory. It allocates nothing and keeps nothing from
// one call to the next. What it writes to is a slot that its caller owns, so any number of instances can run over one
// memory; what folds a single place writes to nothing. From outside it is given references; within, they are views of
// what they refer to (record.ts).
//
// A format has a file of its own, and text one more for each kind of family: a class that extends Encoder (encoder.ts),
// and what families and series cost at most. A new format, or a new kind, is entered in encode.ts and plan.ts.
import { activityOfPlace } from './activity'
import { encodePieces } from './encode'
import { foldThreadCells, foldValue } from './fold'
import { number } from './number'
import { headBytesOf, planPlaces } from './plan'
import { view } from './record'
import { Family, Page, Slot } from './records'
import { sweepPages } from './sweep'

/** Folds and encodes the pieces of a slot into its text. */
export function encode(slot: u32): void {
  encodePieces(view<Slot>(slot))
}

/** See plan.ts. */
export function headCost(slot: u32, family: u32): i32 {
  return headBytesOf(view<Slot>(slot), view<Family>(family))
}

/** See plan.ts. */
export function plan(slot: u32, family: u32, page: u32, first: i32, budget: i32): i32 {
  return planPlaces(view<Slot>(slot), view<Family>(family), view<Page>(page), first, budget)
}

/** See sweep.ts. */
export function sweep(slot: u32, family: u32, page: u32, pages: i32, now: i32): i32 {
  return sweepPages(view<Slot>(slot), view<Family>(family), view<Page>(page), pages, now)
}

/** One value of a series, as fold.ts has it; `index` is the place's in its page. */
export function foldCell(family: u32, page: u32, index: i32, cell: i32): f64 {
  return foldValue(view<Family>(family), view<Page>(page), index, cell)
}

/** What the threads' cells alone add up to: see fold.ts. */
export function foldThreads(family: u32, page: u32, index: i32, cell: i32): f64 {
  return foldThreadCells(view<Family>(family), view<Page>(page), index, cell)
}

/** What shows whether a series moved: see activity.ts. */
export function activityOf(family: u32, page: u32, index: i32): f64 {
  return activityOfPlace(view<Family>(family), view<Page>(page), index)
}

/** Spells one number into the slot's text, for tests; returns its length. */
export function spell(slot: u32, value: f64): i32 {
  const to = view<Slot>(slot).behind
  return <i32>(number(to, value) - to)
}
