// The fold without the encoding, for the bench: built among the kernel's own files, whose fold it calls, to
// dist/bench/folding.wasm.
import { fold } from './fold'
import { exists, view } from './record'
import { Family, Page, Slot } from './records'

/** Folds a family page by page, as a scrape does, and adds up what came out: what nobody read might be left out. */
export function foldFamily(slot: u32, family: u32): f64 {
  return total(view<Family>(family), view<Slot>(slot).vector)
}

function total(family: Family, vector: usize): f64 {
  const cells = family.cells
  const aggregate = family.aggregate
  let total = f64x2.splat(0)
  for (let page = view<Page>(family.shared.firstPage); exists(page); page = view<Page>(page.shared.next)) {
    const count = page.capacity
    const values = fold(page, 0, count, cells, aggregate, vector)
    const end = values + (<usize>(count * cells) << 3)
    let at = values
    for (; at + 16 <= end; at += 16) total = f64x2.add(total, v128.load(at))
    if (at < end) total = f64x2.add(total, f64x2.replace_lane(f64x2.splat(0), 0, load<f64>(at)))
  }
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1)
}
