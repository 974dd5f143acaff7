import { table } from '../report/terminal.js'
import { chosen, digits, FLOORS, type Floor, measure } from './floors.js'
import { ATTEMPTS, judge, type Verdict } from './judge.js'
import { ELSEWHERE, readLimits } from './limits.js'

export interface GateOptions {
  /** Where limits are kept. */
  readonly file: string
  /** Only floors of these names. */
  readonly only: readonly string[]
  readonly generations: number
}

/** Measures each floor, and those that broke again; prints the verdicts. */
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
