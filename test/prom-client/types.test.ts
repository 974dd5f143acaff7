/** The types that programs written for prom-client use: this file is compiled with both. */
import type promClient from 'prom-client'
import type {
  CounterConfiguration,
  GaugeConfiguration,
  HistogramConfiguration,
  LabelValues,
  Metric,
  MetricConfiguration,
  RegistryContentType,
  SummaryConfiguration,
  Pushgateway as TheirPushgateway,
} from 'prom-client'
import t from 'tap'
import * as entry from '../../src/prom-client.js'

type Ours = typeof entry
type Theirs = typeof promClient

/** Compiles only if A may stand where B is expected. */
type Fits<A extends B, B> = [A, B]

/** Instances of our classes may go where programs declare prom-client's. */
export type Instances = [
  Fits<entry.Counter<'a'>, promClient.Counter<'a'>>,
  Fits<entry.Gauge<'a'>, promClient.Gauge<'a'>>,
  Fits<entry.Histogram<'a'>, promClient.Histogram<'a'>>,
  Fits<entry.Summary<'a'>, promClient.Summary<'a'>>,
  Fits<entry.Pushgateway<RegistryContentType>, TheirPushgateway<RegistryContentType>>,
]

/** What programs give to constructors and functions. */
export type Options = [
  Fits<
    Omit<CounterConfiguration<'a'>, 'registers' | 'collect'>,
    Omit<entry.CounterConfiguration<'a'>, 'registers' | 'collect'>
  >,
  Fits<
    Omit<GaugeConfiguration<'a'>, 'registers' | 'collect'>,
    Omit<entry.GaugeConfiguration<'a'>, 'registers' | 'collect'>
  >,
  Fits<
    Omit<HistogramConfiguration<'a'>, 'registers' | 'collect'>,
    Omit<entry.HistogramConfiguration<'a'>, 'registers' | 'collect'>
  >,
  Fits<
    Omit<SummaryConfiguration<'a'>, 'registers' | 'collect'>,
    Omit<entry.SummaryConfiguration<'a'>, 'registers' | 'collect'>
  >,
  Fits<LabelValues<'a'>, entry.LabelValues<'a'>>,
  Fits<
    Omit<MetricConfiguration<'a'>, 'registers' | 'collect'>,
    Omit<entry.MetricConfiguration<'a'>, 'registers' | 'collect'>
  >,
  Fits<Metric<'a'>, Metric<'a'>>,
]

/** What is no class. */
export type Functions = [
  Fits<Ours['linearBuckets'], Theirs['linearBuckets']>,
  Fits<Ours['exponentialBuckets'], Theirs['exponentialBuckets']>,
  Fits<Ours['validateMetricName'], Theirs['validateMetricName']>,
  Fits<Ours['collectDefaultMetrics']['metricsList'], Theirs['collectDefaultMetrics']['metricsList']>,
]

/** A program as it would be written for prom-client. */
async function program({
  Registry,
  Counter,
  Histogram,
  Gauge,
  Summary,
  register,
  collectDefaultMetrics,
  Pushgateway,
}: Ours) {
  const registry = new Registry()
  const open = new Registry<entry.OpenMetricsContentType>()
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const counter = new Counter({
    name: 'a',
    help: 'h',
    labelNames: ['x', 'y'] as const,
    registers: [registry, open],
  })
  counter.inc({ x: 1, y: 'a' }, 2)
  counter.labels('1', 'a').inc()
  // @ts-expect-error: a label that is not registered
  t.throws(() => counter.inc({ z: 1 }))
  const histogram: entry.Histogram<'x'> = new Histogram({
    name: 'h',
    help: 'h',
    labelNames: ['x'],
    registers: [registry],
  })
  const end: (labels?: entry.LabelValues<'x'>) => number = histogram.startTimer({ x: 1 })
  end()
  const any: entry.Counter = new Counter({ name: 'b', help: 'h', registers: [registry] })
  any.inc()
  new Gauge({
    name: 'g',
    help: 'h',
    registers: [registry],
    collect() {
      this.set(1)
    },
  })
  const child: entry.Summary.Internal<'x'> = new Summary({
    name: 's',
    help: 'h',
    labelNames: ['x'],
    registers: [registry],
  }).labels({ x: 1 })
  child.observe(1)
  registry.setDefaultLabels({ app: 'x' })
  const [{ values }] = await registry.getMetricsAsJSON()
  collectDefaultMetrics({ register: registry, prefix: 'p_', labels: { a: 1 }, gcDurationBuckets: [1] })
  new Pushgateway('http://localhost', { timeout: 1 }, registry)
  const merged: entry.Registry = Registry.merge([registry, register])
  registry.getSingleMetric('a')?.reset()
  return [values[0].value, merged.contentType]
}

t.test('a typed program runs', async t => {
  t.strictSame(await program(entry), [3, entry.prometheusContentType])
})
