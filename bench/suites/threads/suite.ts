import { availableParallelism } from 'node:os'
import { type Outcome, race, timesAsLong } from '../../harness/race.js'
import type { Report } from '../../report/model.js'
import { peers } from '../../work/peers.js'
import type { Effort } from '../effort.js'
import { contenderName, WORKS } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)
const FLOOR = 'bare typed array'
const SAME = 'counter, same series'

/** Held counters in one thread and in several at once, on the same series and each on its own. */
export async function threads(effort: Effort): Promise<Report> {
  const works = Object.keys(WORKS).filter(work => effort.threads.peers || !Object.hasOwn(peers, work))
  const { children, counts } = effort.threads
  const names = works.flatMap(work => counts.map(count => contenderName(work, count)))
  const outcomes = await race({ contenders: CONTENDERS, names, size: children, ...effort.recording })
  const get = (work: string, count: number): Outcome => outcomes.get(contenderName(work, count))!
  /** How much more `count` threads get done than one. */
  const gain = (work: string, count: number) => timesAsLong(get(work, 1), get(work, count))
  const million = (outcome: Outcome) => 1e6 / outcome.histogram.getValueAtPercentile(50)
  return {
    suite: 'threads',
    what: `${children} children in turn in each thread, millions of calls a second from the common start to the last end`,
    columns: ['', 'p50', 'p10', 'to one thread', 'to bare'],
    rows: works.flatMap(work =>
      counts.map(count => {
        const outcome = get(work, count)
        return [
          contenderName(work, count),
          million(outcome),
          1e6 / outcome.histogram.getValueAtPercentile(90),
          gain(work, count),
          timesAsLong(get(FLOOR, count), outcome),
        ]
      }),
    ),
    figures: [
      {
        what: 'two threads on the same series, to one',
        unit: ' x',
        measured: gain(SAME, 2),
      },
      {
        what: 'two threads on the same series, of what two bare loops gain',
        wanted: { atLeast: 0.9 },
        unit: ' x',
        measured: gain(SAME, 2) / gain(FLOOR, 2),
      },
    ],
    notes: [
      `${availableParallelism()} processors here, on which two bare loops over arrays of their own get ${gain(FLOOR, 2).toFixed(2)} x as much done as one: no more is to be had here`,
      `${Object.keys(peers).join(' and ')} have no series that two threads share: each thread records into a registry of its own, to be gathered by messages (prom-client: by the program itself), which needs each thread's event loop`,
    ],
  }
}
