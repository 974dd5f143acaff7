import { race, timesAsLong } from '../../harness/race.js'
import type { Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import { added, FOLDED, folded, SHARDS } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)

/** The fold of all threads' cells, without the encoding. */
export async function folding(effort: Effort): Promise<Report> {
  const { size, rounds, milliseconds } = effort.folding
  const names = FOLDED.flatMap(kind => [added(kind), ...SHARDS.map(shards => folded(kind, shards))])
  const outcomes = await race({ contenders: CONTENDERS, names, size, rounds, milliseconds })
  const get = (name: string) => outcomes.get(name)!
  return {
    suite: 'folding',
    what: `about ${size.toLocaleString('en')} lines folded over as many threads as have touched all of them, ns a line`,
    columns: ['', 'p50', 'p90', 'p99', 'to a bare sum', 'to one shard'],
    rows: names.map(name => {
      const outcome = get(name)
      const kind = FOLDED.find(one => name.includes(one))!
      const at = (percentile: number) => outcome.histogram.getValueAtPercentile(percentile) / 1000
      return [
        name,
        at(50),
        at(90),
        at(99),
        timesAsLong(outcome, get(added(kind))),
        timesAsLong(outcome, get(folded(kind, 1))),
      ]
    }),
    figures: [],
    notes: [
      'a counter that one thread alone has touched is read where it is: its fold is nothing but the reading',
      'the bare sum is a loop in JavaScript over one typed array of as many numbers',
    ],
  }
}
