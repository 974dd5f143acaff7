import type { Family } from '../catalogue/families.js'
import { textOf } from '../catalogue/labels.js'
import type { ResetTools } from './reset.js'
import { places } from './walk.js'

/** Removes the series of a family whose label text fits. Returns whether there was one. */
export function removeWhere(
  { arena, series, kernel }: ResetTools,
  family: Family,
  fits: (text: string) => boolean,
): boolean {
  // Loaded before the epoch, in which the sweeper can free nothing.
  kernel()
  // Within it, a place has the series whose text was read.
  return series.inEpoch(() => {
    let any = false
    for (const place of places(arena, family)) {
      if (fits(textOf(arena, place)) && series.removePlace(family, place)) any = true
    }
    return any
  })
}
