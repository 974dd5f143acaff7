// The kernel: plans, folds, encodes and sweeps, over the registry's memory. It allocates nothing and keeps nothing: all it
// works with is a slot that its caller owns, so any number of instances can run over one memory.
//
// A format has a file of its own: what opens and closes a family, the runs of places of each kind, and what they cost
// at most (plan.ts). A new format, or a new kind, is entered in encode.ts and plan.ts.
import { SLOT_TEXT_WORD } from './layout'
import { number } from './number'
import { address } from './record'

export { encode } from './encode'
export { headCost, plan } from './plan'
export { sweep } from './sweep'

/** Spells one number into the slot's text, for tests; returns its length. */
export function spell(slot: u32, value: f64): i32 {
  const to = address(slot + SLOT_TEXT_WORD)
  return <i32>(number(to, value) - to)
}
