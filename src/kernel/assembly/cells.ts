// Pages of cells: a page of places has one for each shard that stores there, the newest first.
import { view } from './record'
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

/** Where the nth cell is. */
// @ts-ignore: decorator
@inline
export function cellAt(cells: CellPage, n: i32): usize {
  return cells.behind + (<usize>n << 3)
}
