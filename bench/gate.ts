import { FLOORS, type Floor, measure } from './floors.js'
import { ATTEMPTS, judge, type Verdict } from './judge.js'
import {
  doubts,
  ELSEWHERE,
  LOSS,
  limitOf,
  MARGIN,
  machineKind,
  type Runs,
  readLimits,
  writeRuns,
} from './limits.js'
import { table } from './report.js'

export interface GateOptions {
  /** Where limits are kept. */
  readonly file: string
  /** Only floors of these names. */
  readonly only: readonly string[]
  readonly generations: number
}

/** Measures each floor, and those that broke again; tells what came of it. */
export async function gate({ file, only, generations }: GateOptions): Promise<readonly Verdict[]> {
  const { limits, calibrated, machine } = readLimits(file)
  const outcomes: Record<string, number[]> = {}
  const broken = ({ name }: Floor) => !judge({ [name]: outcomes[name]! }, limits)[0]!.held
  let left = chosen(only)
  // Once all others are done, not at once: what disturbed the first attempt may be over.
  for (let attempt = 0; attempt < ATTEMPTS && left.length > 0; attempt++) {
    for (const [name, ratio] of Object.entries(await measure(left, generations))) {
      outcomes[name] ??= []
      outcomes[name]!.push(ratio)
    }
    left = left.filter(broken)
  }
  const verdicts = judge(outcomes, limits)
  const about = (name: string) => FLOORS.find(floor => floor.name === name)!
  console.log('\ngate: times as long as a floor in the same run')
  table([
    ['', 'to', 'at most', 'measured', ''],
    ...verdicts.map(({ name, attempts, limit, held }) => [
      about(name).what,
      about(name).to,
      digits(limit),
      attempts.map(digits).join(', '),
      held ? 'ok' : 'FAILED',
    ]),
  ])
  if (!calibrated) {
    console.log(
      `  no machine like this one (${machine}) was calibrated: limits are the widest of others, times ${ELSEWHERE}`,
    )
    console.log('  its own come from: npm run bench -- --calibrate 10')
  }
  return verdicts
}

/** One line for each floor that failed: what was measured, what was wanted, how to see it again. */
export function failures(verdicts: readonly Verdict[]): string[] {
  return verdicts
    .filter(({ held }) => !held)
    .map(
      ({ name, attempts, limit }) =>
        `floor ${name}: ${attempts.map(digits).join(', ')} times as long as ${FLOORS.find(floor => floor.name === name)!.to}, at most ${digits(limit)} is let pass; again: npm run bench -- --gate --floor '${name}'`,
    )
}

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

function chosen(only: readonly string[]): readonly Floor[] {
  return only.length === 0 ? FLOORS : FLOORS.filter(({ name }) => only.includes(name))
}

function digits(ratio: number): string {
  return ratio.toPrecision(4)
}
