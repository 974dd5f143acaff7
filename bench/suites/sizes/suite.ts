import { type Outcome, race, timesAsLong } from '../../harness/race.js'
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

/** What a line costs to encode, by how many there are. */
export async function sizes(effort: Effort): Promise<Report> {
  const { some, rounds, milliseconds } = effort.sizes
  const told = some ?? SIZES
  const rows: (string | number)[][] = []
  const notes: string[] = []
  const p50 = (outcome: Outcome) => outcome.histogram.getValueAtPercentile(50) / 1000
  const names = [
    ...FORMATS.map(format => own('counters', format)),
    prefixed('counters'),
    ...(['histograms', 'mixed', 'long labels'] as const).map(kind => own(kind, 'text')),
    copying('counters'),
  ]
  let flat = 0
  for (const name of names) {
    // All sizes of one contender side by side, and none of the others meanwhile: they would not fit the memory.
    const outcomes = await race({
      contenders: CONTENDERS,
      names: told.map(size => sized(name, size)),
      size: 0,
      rounds,
      milliseconds,
    })
    rows.push([name, ...told.map(size => p50(outcomes.get(sized(name, size))!))])
    if (name !== own('counters', 'text')) continue
    const first = outcomes.get(sized(name, FLAT_FROM))!
    flat = Math.max(
      ...told
        .filter(size => size >= FLAT_FROM)
        .map(size => timesAsLong(outcomes.get(sized(name, size))!, first)),
    )
  }
  for (const peer of Object.keys(peers)) {
    const name = ofPeer(peer, 'counters')
    const row: number[] = []
    for (const size of told) {
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
    if (row.length < told.length) {
      notes.push(
        `${peer} goes no further than ${told[row.length - 1]!.toLocaleString('en')} series: more would take it over ${PATIENCE / 1e9} s a body`,
      )
    }
    rows.push([name, ...told.map((_, at) => row[at] ?? Number.NaN)])
  }
  return {
    suite: 'sizes',
    what: 'encoding in one thread, ns a line of text (p50), by how many lines there are',
    columns: ['', ...told.map(size => size.toLocaleString('en'))],
    rows,
    figures: [
      {
        what: `cost of a counter's line at any size from ${FLAT_FROM.toLocaleString('en')} to ${told.at(-1)!.toLocaleString('en')}, to that at the first`,
        wanted: { atMost: 1.5 },
        unit: ' x',
        measured: flat,
      },
    ],
    curves: [
      costCurve(
        'what a line costs, by how many there are',
        'ns a line of text',
        rows.map(([name, ...costs]) => [
          String(name),
          costs
            .map((cost, at) => [told[at]!, Number(cost)] as const)
            .filter(([, cost]) => !Number.isNaN(cost)),
        ]),
      ),
    ],
    notes,
  }
}
