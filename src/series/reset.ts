/** Sets all series of a family to zero. */
import type { Family } from '../catalogue/families.js'
import { places, resetPlace } from '../folds/fold.js'
import type { Arena } from '../memory/arena.js'
import type { SeriesTable } from './series.js'

/** `uptime` in ms since the registry was made. Returns how many series keep their counts, as memory is full. */
export function resetFamily(arena: Arena, series: SeriesTable, family: Family, uptime: number): number {
  let kept = 0
  const shard = series.shard()
  // Inside an epoch no place is used again for another series.
  series.inEpoch(() => {
    for (const place of places(arena, family, true)) {
      if (!resetPlace(arena, family, place, shard, uptime)) kept++
    }
  })
  return kept
}
