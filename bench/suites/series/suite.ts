import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import { peers } from '../../work/peers.js'
import type { Effort } from '../effort.js'
import type { PeerMeasured } from './peer-program.js'
import type { Measured } from './program.js'

/** What series cost: to register, to keep, to look for idle ones among. */
export async function series(effort: Effort): Promise<Report> {
  const { size, rounds } = effort.series
  const runs: Measured[] = []
  for (let round = 0; round < rounds; round++) {
    const [child, measured] = await Child.start<Measured>(
      new URL('./program.js', import.meta.url),
      [String(size)],
      ['--expose-gc'],
    )
    await child.stop()
    runs.push(measured)
  }
  const peerRuns = await Promise.all(
    Object.keys(peers).map(async peer => ({ peer, ...(await peerMemory(peer, size)) })),
  )
  const of = (name: keyof Measured) => median(runs.map(run => run[name]))
  const figure = (what: string, name: keyof Measured, limit: number, unit: string): Figure => ({
    what,
    wanted: { atMost: limit },
    unit,
    measured: of(name),
  })
  return {
    suite: 'series',
    what: `${size.toLocaleString('en')} one-label counters, medians of ${rounds} processes`,
    columns: ['', ''],
    rows: [
      ['registering one, mean, µs', of('registerMicros')],
      ['longest pause of 256 registrations less V8’s collections, ms', of('pause')],
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
    ],
    figures: [
      figure('registering a label set, mean', 'registerMicros', 3, ' us'),
      figure('longest pause of 256 registrations less V8 collections', 'pause', 50, ' ms'),
      figure('shared memory of a one-label counter besides its text', 'sharedBytes', 96, ' B'),
      figure('heap of a looked-up child, one label', 'heapOne', 200, ' B'),
      figure('heap of a looked-up child, two labels', 'heapTwo', 400, ' B'),
      figure('a sweep over all series', 'sweep', 50, ' ms'),
    ],
    notes: [
      'a series of a peer is text and number on the heap of each thread that has it',
      'times are of this machine alone: no ratio is to be had for them',
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
