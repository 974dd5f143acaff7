import { Families } from '../../src/catalogue/families.js'
import { SummaryFold } from '../../src/folds/summary-fold.js'
import { places } from '../../src/series/walk.js'
import type { Sim } from '../lifecycle/sim.js'

/** The quantiles of the first series of summary `s`, by the simulation's clock. */
export function quantilesOf(sim: Sim): number[] {
  const family = new Families(sim.arena).get('s')
  const [place] = family === undefined ? [] : places(sim.arena, family)
  if (family === undefined || place === undefined) return []
  return new SummaryFold(sim.arena, () => sim.uptime()).of(family, place)
}
