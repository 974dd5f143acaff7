import { availableParallelism } from 'node:os'
import type { Histogram } from 'hdr-histogram-js'
import { Child } from './child.js'
import type { Question, Ready, Round } from './contender.js'
import { median, newHistogram } from './statistics.js'

export interface RaceOptions {
  /** The module that exports `contenders`; each of them is made in a process of its own. */
  readonly contenders: URL
  readonly names: readonly string[]
  /** What the contenders make of it: series, children. */
  readonly size: number
  readonly rounds: number
  readonly milliseconds: number
  readonly allocation?: boolean
}

/** How one contender did, round by round; round i of every contender of a race lies next to round i of the others. */
export interface Outcome {
  readonly name: string
  /** Calls in a batch. */
  readonly calls: number
  /** Median nanoseconds a call, for each round. */
  readonly rounds: readonly number[]
  /** Picoseconds a call, of all batches. */
  readonly histogram: Histogram
  /** Bytes that a batch wrote; 0 if it writes none. */
  readonly bytes: number
  /** Bytes of heap allocated by one call; undefined if not asked for. */
  readonly allocated: number | undefined
}

interface Runner {
  readonly child: Child
  readonly calls: number
  readonly outcome: Outcome & { rounds: number[] }
}

/**
 * Races contenders in rounds A B C A B C…, each in a process of its own: a machine that slows down slows all of them,
 * and ratios within a round stay true.
 */
export async function race(options: RaceOptions): Promise<Map<string, Outcome>> {
  const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']
  const runners: Runner[] = []
  const outcomes = new Map<string, Outcome>()
  try {
    const names = options.names.entries()
    // What they do before the first round is not measured: as many at once as there are processors.
    const start = async () => {
      for (const [at, name] of names) {
        const [child, { calls }] = await Child.start<Ready>(
          new URL('./contender-process.js', import.meta.url),
          [options.contenders.href, name, String(options.size)],
          flags,
        )
        const histogram = newHistogram()
        runners[at] = {
          child,
          calls,
          outcome: { name, calls, rounds: [], histogram, bytes: 0, allocated: undefined },
        }
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, start))
    for (let round = -1; round < options.rounds; round++) {
      for (const { child, calls, outcome } of runners) {
        const question: Question = { round: options.milliseconds }
        const { times, bytes } = await child.ask<Round>(question)
        // The first round is for the optimiser.
        if (round < 0) continue
        outcome.rounds.push(median(times) / calls)
        for (const time of times)
          outcome.histogram.recordValue(Math.max(1, Math.round((time * 1000) / calls)))
        Object.assign(outcome, { bytes })
      }
    }
    for (const { child, outcome } of runners) {
      const allocated = options.allocation
        ? await child.ask<number>('allocation' satisfies Question)
        : undefined
      outcomes.set(outcome.name, { ...outcome, allocated })
    }
  } finally {
    await Promise.all(runners.map(({ child }) => child.stop()))
  }
  return outcomes
}

/** How many times as long as `floor` a call of `outcome` takes: the median over rounds of the ratio within a round. */
export function timesAsLong(outcome: Outcome, floor: Outcome): number {
  return median(outcome.rounds.map((time, at) => time / floor.rounds[at]!))
}
