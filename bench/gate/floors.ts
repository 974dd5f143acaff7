import { race } from '../harness/race.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)

/**
 * A ratio within one run that may not grow: nanoseconds of a contender of ours to those of a floor or a peer that does
 * the same work beside it.
 */
export interface Floor {
  /** Also the name of our contender in `contenders.ts`. */
  readonly name: string
  readonly to: string
  readonly what: string
  /** Children or lines: few enough to stay in a core's cache, which neighbours cannot fill. */
  readonly size: number
  readonly milliseconds: number
}

const MILLISECONDS = 20
const ROUNDS = 12
/**
 * Pairs of processes, some time apart: a neighbour on the same core makes all that a process does half as slow again
 * for seconds on end, and one of a pair but not the other.
 */
export const GENERATIONS = 3
/** Held children, as many as the full run has. */
const CHILDREN = 128
/** A batch of few calls, so that most batches of prom-client have none of its garbage collections. */
const LOOK_UPS = 8
/** V8 needs more than a second to find prom-client's faster code. */
const LOOK_UP_MILLISECONDS = 150
const LINES = 2000
const SCRAPED = 100_000
const SCRAPED_MILLISECONDS = 80

const floor = (name: string, to: string, what: string, size: number, milliseconds = MILLISECONDS): Floor => ({
  name,
  to,
  what,
  size,
  milliseconds,
})

/** OpenMetrics is to keep up with text; of the others, none is to fail because text got faster. */
export const FLOORS: readonly Floor[] = [
  floor('counter', 'plain objects', 'held counter inc()', CHILDREN),
  floor('histogram', 'plain objects', 'histogram observe()', CHILDREN),
  floor('look-up', 'look-up of prom-client', 'labels().inc()', LOOK_UPS, LOOK_UP_MILLISECONDS),
  floor('text of counters', 'copying counters', 'counters as text', LINES),
  floor('text of histograms', 'copying histograms', 'histograms as text', LINES),
  floor('openmetrics', 'text of counters', 'OpenMetrics', LINES),
  floor('protobuf', 'copying counters', 'protobuf', LINES),
  floor('json', 'copying counters', 'JSON', LINES),
  floor('compressed counters', 'zlib of counters', 'counters compressed', LINES),
  floor('compressed histograms', 'zlib of histograms', 'histograms compressed', LINES),
  floor('scrape', 'encoded scrape', 'a whole scrape over HTTP', SCRAPED, SCRAPED_MILLISECONDS),
]

/** The fastest tenth of what a contender's batches took, in the least disturbed of its processes. */
interface Least {
  own: number
  to: number
}

/**
 * How many times as long as its floor each takes, by name: in turns A B A B, each at its least. What a machine does
 * beside them can only add, and seldom adds to all processes of one.
 */
export async function measure(
  floors: readonly Floor[],
  generations = GENERATIONS,
): Promise<Record<string, number>> {
  const least = new Map<Floor, Least>()
  for (let generation = 0; generation < generations; generation++) {
    for (const floor of floors) {
      const { name, to, size, milliseconds } = floor
      const outcomes = await race({
        contenders: CONTENDERS,
        names: [name, to],
        size,
        rounds: ROUNDS,
        milliseconds,
      })
      const fastest = (contender: string) => outcomes.get(contender)!.histogram.getValueAtPercentile(10)
      const before = least.get(floor) ?? { own: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
      least.set(floor, {
        own: Math.min(before.own, fastest(name)),
        to: Math.min(before.to, fastest(to)),
      })
    }
  }
  return Object.fromEntries(Array.from(least, ([{ name }, { own, to }]) => [name, own / to]))
}

/** The floors of these names, or all where none is named. */
export function chosen(only: readonly string[]): readonly Floor[] {
  return only.length === 0 ? FLOORS : FLOORS.filter(({ name }) => only.includes(name))
}

export function digits(ratio: number): string {
  return ratio.toPrecision(4)
}
