import type { Attributes } from '@opentelemetry/api'
import { createRegistry, push, serve } from '../../../src/index.js'
import { answerQuestions } from '../../harness/child.js'
import { fill } from '../../work/expositions.js'

/** Which library, with how many series, pushes to where. */
export interface Contender {
  readonly library: 'postmeter' | 'opentelemetry'
  readonly series: number
  readonly url: string
  readonly protocol?: 'remote-write' | 'otlp'
  readonly version?: '1.0' | '2.0'
}

/** Push once; or record for so many ms, beside a push if `pushing`: the answer is ns a call. */
export type Asked = { readonly push: true } | { readonly record: number; readonly pushing: boolean }

const contender = JSON.parse(process.argv[2]!) as Contender
const begun = contender.library === 'postmeter' ? await ours(contender) : await theirs(contender)
answerQuestions<Asked>(begun.served, async asked => {
  if ('push' in asked) return begun.push()
  const pushed = asked.pushing ? begun.push() : true
  const took = begun.record(asked.record)
  await pushed
  return took
})

interface Begun {
  /** Where it can be scraped; '' if it cannot. */
  readonly served: string
  push(): Promise<boolean>
  record(milliseconds: number): number
}

async function ours({ series, url, protocol = 'remote-write', version }: Contender): Promise<Begun> {
  const registry = createRegistry({ name: 'bench', memory: '1GiB' })
  fill(registry, 'counters', series)
  const counters = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['service'] })
  const held = Array.from({ length: 64 }, (_, n) => counters.labels({ service: `service-${n}` }))
  const front = await serve(registry, { listen: '127.0.0.1:0' })
  const pushing = await push(registry, {
    ...{ url, protocol, every: '1h', timeout: '60s', labels: { job: 'bench', instance: 'mx1' } },
    ...(version === undefined ? {} : { version }),
  })
  // The first one, which was made at once.
  await pushing.flush()
  return { served: front.url, push: () => pushing.flush(), record: recorder(n => held[n & 63]!.inc()) }
}

/** The SDK with its exporter of OTLP as protobuf, as its documentation has it. */
async function theirs({ series, url }: Contender): Promise<Begun> {
  const [{ MeterProvider, PeriodicExportingMetricReader }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
  ])
  const compression = 'gzip' as never
  const exporter = new OTLPMetricExporter({ url, compression, timeoutMillis: 60_000 })
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const views = [{ instrumentName: '*', aggregationCardinalityLimit: 2 * series }]
  const meter = new MeterProvider({ readers: [reader], views }).getMeter('bench')
  const counter = ({ name }: { name: string }) => {
    const made = meter.createCounter(name)
    return { inc: (labels: Attributes, value: number) => made.add(value, labels) }
  }
  fill({ counter, gauge: never, histogram: never }, 'counters', series)
  const sent = meter.createCounter('sent_total')
  const held = Array.from({ length: 64 }, (_, n) => ({ service: `service-${n}` }))
  const push = async () => {
    await reader.forceFlush()
    return true
  }
  return { served: '', push, record: recorder(n => sent.add(1, held[n & 63])) }
}

function never(): never {
  throw new Error('counters alone')
}

function recorder(record: (n: number) => void): (milliseconds: number) => number {
  return milliseconds => {
    const begun = performance.now()
    let calls = 0
    while (performance.now() - begun < milliseconds) for (let n = 0; n < 10_000; n++) record(calls++)
    return ((performance.now() - begun) * 1e6) / calls
  }
}
