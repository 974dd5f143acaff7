import { type Outcome, race, timesAsLong } from '../../harness/race.js'
import { percentile } from '../../harness/statistics.js'
import { costCurve } from '../../report/curves.js'
import type { Report } from '../../report/model.js'
import { peers } from '../../work/peers.js'
import type { Effort } from '../effort.js'
import { copying, FORMATS, ofPeer, own, prefixed } from '../encoding/contenders.js'
import { SIZES, sized } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)

/** A body that takes a peer longer is not waited for. */
const PATIENCE = 2e9
/** From where on the cost of a series is to be the same. */
const FLAT_FROM = 1_000
const TEXT = own('counters', 'text')
const COPYING = copying('counters')

/** What a line costs to encode, by how many there are. */
export async function sizes(effort: Effort): Promise<Report> {
  const { some, rounds, milliseconds } = effort.sizes
  const counts: readonly number[] = some ?? SIZES
  const notes: string[] = []
  const p50 = (outcome: Outcome) => percentile(outcome.histogram, 50)
  const at = (names: readonly string[]) =>
    race({ contenders: CONTENDERS, names, size: 0, rounds, milliseconds })

  // Size by size beside copying: a cache that the larger ones do not fit slows down both.
  const text: number[] = []
  const copied: number[] = []
  const toCopying: number[] = []
  for (const size of counts) {
    const names = [sized(TEXT, size), sized(COPYING, size)] as const
    const outcomes = await at(names)
    const [own, floor] = names.map(name => outcomes.get(name)!) as [Outcome, Outcome]
    text.push(p50(own))
    copied.push(p50(floor))
    toCopying.push(timesAsLong(own, floor))
  }
  const rows: (string | number)[][] = [[TEXT, ...text]]
  const names = [
    ...FORMATS.filter(format => format !== 'text').map(format => own('counters', format)),
    prefixed('counters'),
    ...(['histograms', 'mixed', 'long labels'] as const).map(kind => own(kind, 'text')),
  ]
  for (const name of names) {
    // All sizes of one contender side by side, and none of the others meanwhile: they would not fit the memory.
    const outcomes = await at(counts.map(size => sized(name, size)))
    rows.push([name, ...counts.map(size => p50(outcomes.get(sized(name, size))!))])
  }
  rows.push([COPYING, ...copied])
  for (const peer of Object.keys(peers)) {
    const name = ofPeer(peer, 'counters')
    const row: number[] = []
    for (const size of counts) {
      if (size * (row.at(-1) ?? 0) > PATIENCE) break
      const outcomes = await race({
        contenders: CONTENDERS,
        names: [sized(name, size)],
        size: 0,
        rounds: Math.min(rounds, 3),
        milliseconds,
      })
      row.push(p50(outcomes.get(sized(name, size))!))
    }
    if (row.length < counts.length) {
      notes.push(
        `${peer} goes no further than ${counts[row.length - 1]!.toLocaleString('en')} series: more would take it over ${PATIENCE / 1e9} s a body`,
      )
    }
    rows.push([name, ...counts.map((_, at) => row[at] ?? Number.NaN)])
  }
  const first = counts.indexOf(FLAT_FROM)
  return {
    suite: 'sizes',
    what: 'encoding in one thread, ns a line of text (p50), by how many lines there are',
    columns: ['', ...counts.map(size => size.toLocaleString('en'))],
    rows,
    figures: [
      {
        what: `a counter's line beside copying it: at any size from ${FLAT_FROM.toLocaleString('en')} to ${counts.at(-1)!.toLocaleString('en')}, to that at the first`,
        wanted: { atMost: 1.5 },
        unit: ' x',
        measured: Math.max(...toCopying.slice(first).map(ratio => ratio / toCopying[first]!)),
      },
    ],
    curves: [
      costCurve(
        'what a line costs, by how many there are',
        'ns a line of text',
        rows.map(([name, ...costs]) => [
          String(name),
          costs
            .map((cost, at) => [counts[at]!, Number(cost)] as const)
            .filter(([, cost]) => !Number.isNaN(cost)),
        ]),
      ),
    ],
    notes: [
      ...notes,
      'counters as text and copying were measured size by size, in turns; all others one after the other',
    ],
  }
}
