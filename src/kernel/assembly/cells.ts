// Pages of cells: a page of places has one for each shard that stores there, the newest first.
import { COMMON_SHARD } from './layout'
import { exists, view } from './record'
import { CellPage, Page } from './records'
import { mostRecords } from './sound'

// @ts-ignore: decorator
@inline
export function newestCells(page: Page): CellPage {
  return view<CellPage>(page.shared.cells)
}

/** Does not exist where it is the oldest. `left` is how many more pages there can be: mostRecords() at first. */
// @ts-ignore: decorator
@inline
export function olderCells(cells: CellPage, left: i32): CellPage {
  if (left == 0) unreachable()
  return view<CellPage>(cells.next)
}

/** The common shard's, of which there is at most one. Does not exist where nobody made it. */
export function commonCells(newest: CellPage): CellPage {
  let cells = newest
  let left = mostRecords()
  while (exists(cells) && cells.shard != COMMON_SHARD) cells = olderCells(cells, --left)
  return cells
}

/** How many pages the chain has that was measured last: of each instance its own, and read at once. */
export let length: i32 = 0

/**
 * Walks a chain to its end, and leaves its length; returns the common shard's page. Others only put pages before the
 * newest one, so who goes on by the length needs to look neither for the end nor whether there is one.
 */
export function measure(newest: CellPage): CellPage {
  let common = changetype<CellPage>(0)
  let left = mostRecords()
  const most = left
  for (let cells = newest; exists(cells); cells = olderCells(cells, --left)) {
    if (cells.shard == COMMON_SHARD) common = cells
  }
  length = most - left
  return common
}

/** Where the nth cell is. */
// @ts-ignore: decorator
@inline
export function cellAt(cells: CellPage, n: i32): usize {
  return cells.behind + (<usize>n << 3)
}
