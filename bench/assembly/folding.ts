// The fold without the telling, for the bench: built among the kernel's own files, whose fold it calls, to
// dist/bench/folding.wasm.
import { fold } from './fold'
import {
  F_AGGREGATE,
  F_CELLS,
  F_FIRST_PAGE,
  PAGE_CAPACITY,
  PAGE_NEXT,
  SLOT_VECTOR_WORD,
} from './layout'
import { address, field, shared } from './record'

/** Folds a family page by page, as a scrape does, and adds up what came out: what nobody read might be left out. */
export function foldFamily(slot: u32, family: u32): f64 {
  const cells = field(family, F_CELLS)
  const aggregate = field(family, F_AGGREGATE)
  const vector = address(slot + SLOT_VECTOR_WORD)
  let total = f64x2.splat(0)
  for (let page = <u32>shared(family, F_FIRST_PAGE); page != 0; page = <u32>shared(page, PAGE_NEXT)) {
    const count = field(page, PAGE_CAPACITY)
    const values = fold(page, 0, count, cells, aggregate, vector)
    const end = values + (<usize>(count * cells) << 3)
    let at = values
    for (; at + 16 <= end; at += 16) total = f64x2.add(total, v128.load(at))
    if (at < end) total = f64x2.add(total, f64x2.replace_lane(f64x2.splat(0), 0, load<f64>(at)))
  }
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1)
}
