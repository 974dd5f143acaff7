import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import { peers } from '../../work/peers.js'
import type { Effort } from '../effort.js'
import type { MapMeasured } from './map-program.js'
import type { PeerMeasured } from './peer-program.js'
import type { Measured } from './program.js'

const REGISTERING = 5
const SWEEP = 4

/** What series cost: to register, to keep, to look for idle ones among. */
export async function series(effort: Effort): Promise<Report> {
  const { size, rounds } = effort.series
  const runs: Measured[] = []
  const maps: MapMeasured[] = []
  for (let round = 0; round < rounds; round++) {
    const [child, measured] = await Child.start<Measured>(
      new URL('./program.js', import.meta.url),
      [String(size)],
      ['--expose-gc'],
    )
    await child.stop()
    runs.push(measured)
    const [mapChild, mapMeasured] = await Child.start<MapMeasured>(
      new URL('./map-program.js', import.meta.url),
      [String(size)],
    )
    await mapChild.stop()
    maps.push(mapMeasured)
  }
  const peerRuns = await Promise.all(
    Object.keys(peers).map(async peer => ({ peer, ...(await peerMemory(peer, size)) })),
  )
  const of = (name: keyof Measured) => median(runs.map(run => run[name]))
  const bytes = (what: string, name: keyof Measured, limit: number): Figure => ({
    what,
    wanted: { atMost: limit },
    unit: ' B',
    measured: of(name),
  })
  /** Round by round, each beside its reference. */
  const ratio = (what: string, limit: number, ratios: readonly number[]): Figure => ({
    what,
    wanted: { atMost: limit },
    unit: ' x',
    measured: median(ratios),
  })
  return {
    suite: 'series',
    what: `${size.toLocaleString('en')} one-label counters, medians of ${rounds} processes`,
    columns: ['', ''],
    rows: [
      ['registering one, mean, µs', of('micros')],
      ['adding one to a Map, mean, µs', median(maps.map(({ micros }) => micros))],
      ['longest pause of 256 registrations less V8’s collections, ms', of('pause')],
      [
        'longest pause of 256 additions to a Map less V8’s collections, ms',
        median(maps.map(({ pause }) => pause)),
      ],
      ['longest of V8’s collections meanwhile, ms', of('collection')],
      ['shared memory a series without its text, bytes', of('sharedBytes')],
      ['shared memory for a second thread’s touch, bytes', of('secondThreadBytes')],
      ['heap a child with one label, its string included, bytes', of('heapOne')],
      ['heap a child with two labels, their strings included, bytes', of('heapTwo')],
      ['shared memory a histogram of 11 buckets without its text, bytes', of('sharedHistogram')],
      ['shared memory a native histogram over three powers of ten, bytes', of('sharedNative')],
      ['shared memory a summary over three powers of ten, bytes', of('sharedSummary')],
      ['heap a histogram child with one label, its string included, bytes', of('heapHistogram')],
      ...peerRuns.flatMap(({ peer, counter, histogram }) => [
        [`${peer}: heap a counter with one label, its string included, bytes`, counter],
        [`${peer}: heap a histogram of 11 buckets, its string included, bytes`, histogram],
      ]),
      ['one sweep, ms', of('sweep')],
      ['copying the memory in use, piece by piece, ms', of('copy')],
    ],
    figures: [
      ratio(
        'registering a label set, to adding its string to a Map, mean',
        REGISTERING,
        runs.map(({ micros }, round) => micros / maps[round]!.micros),
      ),
      ratio(
        'longest pause of 256 registrations, to that of a Map, both less V8 collections',
        0.5,
        runs.map(({ pause }, round) => pause / maps[round]!.pause),
      ),
      bytes('shared memory of a one-label counter besides its text', 'sharedBytes', 96),
      bytes('heap of a looked-up child, one label', 'heapOne', 200),
      bytes('heap of a looked-up child, two labels', 'heapTwo', 400),
      ratio(
        'a sweep over all series, to copying the memory that they take',
        SWEEP,
        runs.map(({ sweep, copy }) => sweep / copy),
      ),
    ],
    notes: [
      'a series of a peer is text and number on the heap of each thread that has it',
      'the Map is a process of its own, and is given the same strings in the same steps, each with an object of one number',
    ],
  }
}

/** Of no more series than fit any heap. */
async function peerMemory(peer: string, size: number): Promise<PeerMeasured> {
  const series = Math.min(size, 200_000)
  const [child, measured] = await Child.start<PeerMeasured>(
    new URL('./peer-program.js', import.meta.url),
    [peer, String(series)],
    ['--expose-gc'],
  )
  await child.stop()
  return measured
}
