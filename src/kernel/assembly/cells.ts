// Pages of cells: a page of places has one for each shard that stores there, the newest first.
import { COMMON_SHARD } from './layout'
import { exists, view } from './record'
import { CellPage, Page } from './records'

// @ts-ignore: decorator
@inline
export function newestCells(page: Page): CellPage {
  return view<CellPage>(page.shared.cells)
}

/** Does not exist where it is the oldest. */
// @ts-ignore: decorator
@inline
export function olderCells(cells: CellPage): CellPage {
  return view<CellPage>(cells.next)
}

/** The common shard's, of which there is at most one. Does not exist where nobody made it. */
export function commonCells(newest: CellPage): CellPage {
  let cells = newest
  while (exists(cells) && cells.shard != COMMON_SHARD) cells = olderCells(cells)
  return cells
}

/** Where the nth cell is. */
// @ts-ignore: decorator
@inline
export function cellAt(cells: CellPage, n: i32): usize {
  return cells.behind + (<usize>n << 3)
}
