import { race, timesAsLong } from '../../harness/race.js'
import { percentileCurve, ratioBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import { KINDS, type Kind } from '../../work/expositions.js'
import { OTEL, OTEL_NOTES, otelNames } from '../../work/opentelemetry.js'
import { peers } from '../../work/peers.js'
import type { Effort } from '../effort.js'
import { copying, copyingBySlot, FORMATS, ofPeer, own, prefixed, reading } from './contenders.js'
import { READINGS } from './readings.js'

const CONTENDERS = new URL('./contenders.js', import.meta.url)

export async function encoding(effort: Effort): Promise<Report> {
  const { kinds, size, rounds, milliseconds } = effort.encoding
  const names = kinds.flatMap(kind => [
    ...FORMATS.map(format => own(kind, format)),
    ...(kind === 'counters'
      ? [prefixed(kind), ...Object.keys(READINGS).map(name => reading(name, kind)), copyingBySlot(kind)]
      : []),
    copying(kind),
    ...Object.keys(peers).map(peer => ofPeer(peer, kind)),
    ...otelNames(kind),
  ])
  const outcomes = await race({ contenders: CONTENDERS, names, size, rounds, milliseconds })
  const get = (name: string) => outcomes.get(name)!
  const kindOf = (name: string) => KINDS.find(kind => new RegExp(`, ${kind}( as |$)`).test(name))!
  const text = (kind: Kind) => get(own(kind, 'text'))
  const figure = (what: string, atLeast: number, measured: number): Figure => ({
    what,
    wanted: { atLeast },
    unit: ' x',
    measured,
  })
  const bestPeer = Math.min(
    ...Object.keys(peers).map(peer => timesAsLong(get(ofPeer(peer, 'counters')), text('counters'))),
  )
  return {
    suite: 'encoding',
    what: `about ${size.toLocaleString('en')} lines in one thread, ns a line of text`,
    columns: ['', 'p50', 'p90', 'p99', 'GB/s', 'to copying', 'to postmeter'],
    rows: names.map(name => {
      const outcome = get(name)
      const kind = kindOf(name)
      const at = (percentile: number) => outcome.histogram.getValueAtPercentile(percentile) / 1000
      const speed = outcome.bytes / outcome.calls / at(50)
      return [
        name,
        at(50),
        at(90),
        at(99),
        speed,
        timesAsLong(outcome, get(copying(kind))),
        timesAsLong(outcome, text(kind)),
      ]
    }),
    figures: [
      figure('encoding counters, times as fast as the best peer', 100, bestPeer),
      figure(
        'encoding counters, of the speed of copying the same bytes',
        0.6,
        timesAsLong(get(copying('counters')), text('counters')),
      ),
      figure(
        'encoding histograms, of the speed of copying the same bytes',
        0.4,
        timesAsLong(get(copying('histograms')), text('histograms')),
      ),
      {
        what: 'encoding with a prefix, to without',
        wanted: { atMost: 1.05 },
        unit: ' x',
        measured: timesAsLong(get(prefixed('counters')), text('counters')),
      },
      figure(
        'OpenMetrics, of the speed of text',
        0.8,
        timesAsLong(text('counters'), get(own('counters', 'openmetrics'))),
      ),
      // Half of what the first release took beside the kernel alone.
      ...['registry.stream()', 'metricsHandler()'].map(
        (name): Figure => ({
          what: `${name} of counters, to encoding them in one thread`,
          wanted: { atMost: 1.65 },
          unit: ' x',
          measured: timesAsLong(get(reading(name, 'counters')), text('counters')),
        }),
      ),
      ...(['protobuf', 'json'] as const).map(format =>
        figure(
          `${format} of counters, of the speed of copying their text`,
          0.1,
          timesAsLong(get(copying('counters')), get(own('counters', format))),
        ),
      ),
    ],
    curves: kinds.map(kind =>
      percentileCurve(`encoding ${kind} as text`, 'ns a line, means of expositions', [
        ['postmeter', text(kind).histogram],
        ...[...Object.keys(peers), OTEL].map(peer => [peer, get(ofPeer(peer, kind)).histogram] as const),
        ['copying', get(copying(kind)).histogram],
      ]),
    ),
    bars: kinds.map(kind =>
      ratioBars(
        `${kind}: times as long as copying the same text`,
        'times as long',
        names
          .filter(name => kindOf(name) === kind)
          .map(name => [name, timesAsLong(get(name), get(copying(kind)))]),
      ),
    ),
    notes: [
      'counters have one label, and 90 bytes a line; a histogram is 14 lines; mixed are ten families of counters, gauges with fractions and histograms; long labels are three, with quotes in one, 250 bytes a line',
      'copying is one memcpy of the same text; slot by slot it goes into 1 MiB that is used again and stays in the cache',
      'registry.stream() and metrics() use the pool and hand out copies; metricsHandler() answers node:http on a connection that takes all at once',
      OTEL_NOTES.encoding,
    ],
  }
}
