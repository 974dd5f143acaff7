/**
 * Prometheus takes what is pushed by remote write, and its query API returns what was recorded. Debian 12 has Prometheus
 * 2.42, which knows 1.0 alone; 3.5 is what people install today. Debian's builds of both have no receiver of OTLP: the
 * flag for it is unknown to them.
 */
import t, { type Test } from 'tap'
import { needPrometheus } from '../../../scripts/need-prometheus.js'
import { needPrometheus3 } from '../../../scripts/need-prometheus-3.js'
import { type PushOptions, push } from '../../../src/index.js'
import { checkExemplars, checkNative, checkNumbers } from '../../prometheus/answers.js'
import { PrometheusServer } from '../../prometheus/server.js'
import { DIFFERENCE } from '../../readers/compare.js'
import { SEED } from '../../support/arbitrary.js'
import { everythingAnd } from '../../support/everything.js'
import { type ExpectedFamily, expectedFamilies, protobufLines } from '../../support/expected.js'
import { neededOrSkip } from '../../support/need.js'
import { record } from '../../support/oracle.js'
import { fresh } from '../../support/registry.js'

t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(120_000)

const PREFIX = 'p_'
const RELEASES = [
  ['Prometheus of the system', needPrometheus, ['1.0']],
  ['Prometheus 3.5', needPrometheus3, ['1.0', '2.0']],
] as const

for (const [name, need, versions] of RELEASES) {
  t.test(name, async t => {
    const programs = await neededOrSkip(t, name, need)
    if (programs === undefined) return
    const features = ['native-histograms', 'exemplar-storage']
    const server = await PrometheusServer.receiving(t, programs.prometheus, features)
    for (const version of versions) await t.test(`remote write ${version}`, t => takes(t, server, version))
    if (name === 'Prometheus of the system')
      await t.test('it does not know 2.0, which is said once', t => refuses(t, server))
  })
}

/** Classic buckets stand beside native ones, unless there are none but +Inf. */
function hasLines({ model, series }: ExpectedFamily): boolean {
  return model.native === undefined || series.some(({ histogram }) => (histogram?.rows.length ?? 0) > 1)
}

async function takes(t: Test, server: PrometheusServer, version: '1.0' | '2.0'): Promise<void> {
  const model = everythingAnd(25)
  const { registry, events } = fresh(t, {
    memory: '64MiB',
    labels: model.defaults,
    log: event => said(event),
  })
  const log: string[] = []
  const said = (event: { code: string; message: string }) => log.push(`${event.code}: ${event.message}`)
  const from = Date.now() / 1000
  record(registry, model)
  const time = [from, Date.now() / 1000] as const
  const job = `v${version}`
  const options: PushOptions = {
    url: `${server.url}/api/v1/write`,
    protocol: 'remote-write',
    version,
    every: '1h',
    labels: { job, instance: 'mx1' },
    prefix: PREFIX,
    log: said,
  }
  const pushed = await push(registry, options)
  t.teardown(() => pushed.close())
  t.equal(await pushed.flush(), true, log.join('\n'))
  t.same(events, [])
  const own = `{job="${job}", instance="mx1", __name__=~"${PREFIX}.+", __name__!~"${PREFIX}postmeter_.+"}`
  const answers = await server.query(own)
  const expected = expectedFamilies(model, PREFIX)
  const native = expected.filter(({ model }) => model.native !== undefined)
  const lines = expected.filter(hasLines).map(protobufLines)
  const near = (is: number, expected: number) => Object.is(is, expected + 0)
  t.ok(checkNative(answers, native) > 0)
  t.ok(checkNumbers(answers, lines, near) > 0)
  const fewer = answers.filter(({ value }) => value !== undefined).slice(1)
  t.throws(() => checkNumbers(fewer, lines, near), DIFFERENCE, 'sees that one is missing')
  const exemplars = await server.exemplars(own)
  t.ok(checkExemplars(exemplars, lines, time) > 0, 'exemplars')
  t.ok(
    (await server.query(`{job="${job}", __name__=~"${PREFIX}postmeter_push.+"}`)).length > 0,
    'its own metrics',
  )

  const waits = registry.histogram({ name: 'waits', help: '', native: {} })
  for (let n = 1; n <= 1000; n++) waits.observe(n / 1000)
  t.equal(await pushed.flush(), true)
  const median = await server.value(`histogram_quantile(0.5, ${PREFIX}waits{job="${job}"})`)
  t.ok(Math.abs(median! - 0.5) < 0.05, `the median is ${median}`)

  const busy = registry.gauge({ name: 'busy', help: '', labelNames: ['queue'] })
  for (const queue of ['a', 'b']) busy.set({ queue }, 1)
  t.equal(await pushed.flush(), true)
  t.equal(await server.value(`count(${PREFIX}busy{job="${job}"})`), 2)
  busy.remove({ queue: 'a' })
  t.equal(await pushed.flush(), true)
  t.same(
    (await server.query(`${PREFIX}busy{job="${job}"}`)).map(({ metric }) => metric.queue),
    ['b'],
    'a series that was removed is gone at once',
  )
  await pushed.close()
  t.same(await server.query(`{job="${job}"}`), [], 'after a clean end all are')
  t.same(log, [])
}

async function refuses(t: Test, server: PrometheusServer): Promise<void> {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const log: string[] = []
  const pushed = await push(registry, {
    url: `${server.url}/api/v1/write`,
    protocol: 'remote-write',
    version: '2.0',
    log: ({ code, message }) => log.push(`${code} ${message}`),
  })
  for (let n = 0; n < 2; n++) t.equal(await pushed.flush(), false)
  await pushed.close()
  t.equal(log.length, 1)
  t.match(log[0], /^push-failing .*does not know remote write 2\.0; set option "version" to "1\.0"/)
}
