import { table } from '../report/terminal.js'
import { chosen, digits, measure } from './floors.js'
import type { GateOptions } from './gate.js'
import { doubts, LOSS, limitOf, MARGIN, machineKind, type Runs, writeRuns } from './limits.js'

export interface CalibrateOptions extends GateOptions {
  readonly runs: number
  /** Keep the runs there are. */
  readonly add: boolean
  readonly now: Date
}

/** Sets limits from so many runs of all floors; false if a limit is not to be trusted. */
export async function calibrate(options: CalibrateOptions): Promise<boolean> {
  const { file, only, generations, runs, add, now } = options
  const floors = chosen(only)
  let all: Runs = {}
  // Each run is kept at once.
  for (let run = 0; run < runs; run++) {
    const measured = Object.entries(await measure(floors, generations))
    const values = Object.fromEntries(measured.map(([name, ratio]) => [name, [ratio]]))
    all = writeRuns(file, values, now, add || run > 0)
  }
  console.log(
    `\n${machineKind()}: limits are medians times ${digits(MARGIN)}; a loss of ${LOSS} x is to fail`,
  )
  table([
    ['', 'runs', 'least', 'median', 'most', 'limit'],
    ...floors.map(({ name }) => {
      const ratios = all[name]!
      const spread = [Math.min(...ratios), limitOf(ratios) / MARGIN, Math.max(...ratios), limitOf(ratios)]
      return [name, String(ratios.length), ...spread.map(digits)]
    }),
  ])
  const found = floors.flatMap(({ name }) => doubts(name, all[name]!))
  for (const doubt of found) console.log(`  ${doubt}`)
  return found.length === 0
}
