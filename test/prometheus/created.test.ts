/** What Prometheus 3 does with the times at which series were made, and with native histograms. */
import t from 'tap'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { serve } from '../../src/index.js'
import { neededOrSkip } from '../support/need.js'
import { fresh } from '../support/registry.js'
import { type Answer, PrometheusServer } from './server.js'

t.test('Prometheus 3.5 counts what a series had when it was first scraped', async t => {
  const programs = await neededOrSkip(t, 'Prometheus 3.5', needPrometheus3)
  if (programs === undefined) return
  const { registry } = fresh(t)
  const from = Date.now() / 1000
  registry
    .counter({ name: 'sent_total', help: 'Sent', labelNames: ['to'] })
    .labels({ to: 'a' })
    .inc(41)
  registry.histogram({ name: 'wait_seconds', help: 'Wait', buckets: [1, 2] }).observe(1.5)
  const native = registry.histogram({ name: 'size_bytes', help: 'Size', native: { schema: 4 } })
  for (let n = 1; n <= 1000; n++) native.observe(n)
  const to = Date.now() / 1000
  const jobs = []
  for (const [name, protobuf] of [
    ['openmetrics', false],
    ['protobuf', true],
  ] as const) {
    const front = await serve(registry, { listen: '127.0.0.1:0', openMetrics: true, protobuf, created: true })
    t.teardown(() => front.close())
    jobs.push({ name, url: front.url })
  }
  const server = await PrometheusServer.start(t, programs.prometheus, jobs, [
    'native-histograms',
    'created-timestamp-zero-ingestion',
  ])
  await server.up(jobs.length)

  const series = async (query: string) => {
    const [first] = (await server.query(`${query}[1h]`)) as (Answer & {
      values?: [number, string][]
      histograms?: [number, { count: string }][]
    })[]
    return first
  }
  for (const job of ['openmetrics', 'protobuf']) {
    const sent = await series(`sent_total{job="${job}"}`)
    const [[time, zero], [, value]] = sent!.values!
    t.same([zero, value], ['0', '41'], `${job}: the counter was 0, then 41`)
    t.ok(time >= from - 0.001 && time <= to, `${job}: when it was made`)
    const count = await series(`wait_seconds_count{job="${job}"}`)
    t.equal(count!.values![0]![1], '0', `${job}: a histogram, too`)
    const names = await server.query(`{job="${job}", __name__=~".+_created"}`)
    t.same(names, [], `${job}: there is no series of those times`)
  }
  const size = await series('size_bytes{job="protobuf"}')
  t.same(
    size!.histograms!.slice(0, 2).map(([, { count }]) => count),
    ['0', '1000'],
    'and a native histogram',
  )
  for (const quantile of [0.1, 0.5, 0.99]) {
    const asked = await server.value(`histogram_quantile(${quantile}, size_bytes{job="protobuf"})`)
    // Buckets of schema 4 are 4.4 % wide.
    t.ok(Math.abs(asked! - quantile * 1000) < quantile * 1000 * 0.044, `quantile ${quantile}: ${asked}`)
  }
})
