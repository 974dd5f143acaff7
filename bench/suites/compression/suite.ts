import { type Outcome, race, timesAsLong } from '../../harness/race.js'
import { absoluteBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import { KINDS } from './contenders.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)
const WHOLE = 'two pool threads, gauges'
const ZLIB_WHOLE = 'zlib in one thread, gauges'
const NOT_COMPRESSED = 'not compressed, gauges'
/** How much less time it is to take than zlib at its fastest, encoding included in both. */
const FASTER: Record<(typeof KINDS)[number], number> = { gauges: 1.25, histograms: 1.25, 'random names': 2 }
/** What zlib at its fastest may be smaller by. */
const MORE: Record<(typeof KINDS)[number], number> = { gauges: 1, histograms: 1, 'random names': 1.25 }

export async function compression(effort: Effort): Promise<Report> {
  const { size, rounds, milliseconds } = effort.encoding
  const names = [...KINDS.flatMap(kind => [`postmeter, ${kind}`, `zlib, ${kind}`, `not compressed, ${kind}`])]
  const outcomes = await race({ contenders: CONTENDERS, names, size, rounds, milliseconds })
  const bodies = [WHOLE, ZLIB_WHOLE]
  // Of one that has spans enough for all threads.
  const wholes = await race({
    contenders: CONTENDERS,
    names: [...bodies, NOT_COMPRESSED],
    size: effort.compression.whole,
    rounds,
    milliseconds,
  })
  const isBody = (name: string) => bodies.includes(name)
  const get = (name: string) => (isBody(name) ? wholes : outcomes).get(name)!
  const plain = (name: string) =>
    isBody(name)
      ? wholes.get(NOT_COMPRESSED)!
      : outcomes.get(`not compressed, ${name.slice(name.indexOf(', ') + 2)}`)!
  const at = (outcome: Outcome, percentile: number) =>
    outcome.histogram.getValueAtPercentile(percentile) / 1000
  return {
    suite: 'compression',
    what: `${size.toLocaleString('en')} lines as text, encoded and compressed in one thread, ns a line`,
    columns: ['', 'p50', 'p90', 'GB/s of plain text', 'times smaller', 'to not compressed'],
    rows: [...names, ...bodies].map(name => {
      const outcome = get(name)
      const speed = plain(name).bytes / plain(name).calls / at(outcome, 50)
      return [
        name,
        at(outcome, 50),
        at(outcome, 90),
        speed,
        plain(name).bytes / outcome.bytes,
        timesAsLong(outcome, plain(name)),
      ]
    }),
    figures: [
      ...KINDS.map(
        (kind): Figure => ({
          what: `encoding and compressing ${kind}, times as fast as with zlib at level 1`,
          wanted: { atLeast: FASTER[kind] },
          unit: ' x',
          measured: timesAsLong(get(`zlib, ${kind}`), get(`postmeter, ${kind}`)),
        }),
      ),
      ...KINDS.map(
        (kind): Figure => ({
          what: `${kind} compressed, to the bytes of zlib at level 1`,
          wanted: { atMost: MORE[kind] },
          unit: ' x',
          measured: get(`postmeter, ${kind}`).bytes / get(`zlib, ${kind}`).bytes,
        }),
      ),
      {
        what: 'a compressed exposition by two pool threads, times as fast as one zlib',
        wanted: { atLeast: 1.5 },
        unit: ' x',
        measured: timesAsLong(get(ZLIB_WHOLE), get(WHOLE)),
      },
    ],
    bars: [
      absoluteBars(
        'encoded and compressed',
        'ns a line',
        names.map(name => [name, at(get(name), 50)]),
      ),
    ],
    notes: [
      `zlib is at level 1, its fastest; all rows have the checksum of gzip in them; all but the last two encode and compress span by span, into memory that is used again; the last two do ${effort.compression.whole.toLocaleString('en')} lines, for zlib encoded before`,
      'what bounds it: instructions. A third of the time goes to finding lines and laying them beside the one before, a third to choosing matches, a third to writing them; random names are written letter by letter',
      'tried without gain: literals written four at a time without a branch (a fifth slower), a guess where a line ends instead of a scan, tokens kept between finding and writing (a quarter slower)',
    ],
  }
}
