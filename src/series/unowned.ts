import type { Family } from '../catalogue/families.js'
import { textOf } from '../catalogue/labels.js'
import { pageOf, placeIndex } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import { allCells } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { isShare } from '../memory/shares.js'
import type { SeriesTable } from './series.js'
import { places } from './walk.js'

/**
 * The label texts of a gauge's series in which no living thread has a share. One that a thread is making at this moment
 * can be among them. Not for aggregate `last`, which has no shares.
 */
export function unowned(arena: Arena, series: SeriesTable, family: Family): string[] {
  // Within an epoch, a place has the series whose text was read.
  return series.inEpoch(() => {
    const texts: string[] = []
    for (const place of places(arena, family)) if (!isOwned(arena, place)) texts.push(textOf(arena, place))
    return texts
  })
}

function isOwned(arena: Arena, place: number): boolean {
  const index = placeIndex(arena, place)
  for (const cells of allCells(arena, pageOf(arena, place))) {
    if (isShare(arena, cells, L.SHARE_OWN, index)) return true
  }
  return false
}
