/** Default metrics: the same names, types, help and labels as prom-client's. */
import promClient from 'prom-client'
import t from 'tap'
import * as entry from '../../src/prom-client.js'
import { until } from '../support/until.js'

type Api = typeof promClient

/** What collectDefaultMetrics() registers, without values. */
async function told(api: Api, config: object = {}): Promise<unknown[]> {
  const register = new api.Registry()
  api.collectDefaultMetrics({ ...config, register })
  const all = await register.getMetricsAsJSON()
  return all.map(({ name, help, type, aggregator, values }) => {
    const [first] = values
    const labels = Object.keys(first?.labels ?? {})
    // What garbage was collected meanwhile differs from run to run.
    return [name, help, type, aggregator, name.endsWith('gc_duration_seconds') ? [] : labels]
  })
}

t.test('the same metrics', async t => {
  t.strictSame(entry.collectDefaultMetrics.metricsList, promClient.collectDefaultMetrics.metricsList)
  const ours = await told(entry as unknown as Api)
  const theirs = await told(promClient)
  t.strictSame(ours, theirs)
  t.ok(ours.length > 20, `${ours.length} metrics`)
})

t.test('the same with each option', async t => {
  const config = { prefix: 'p_', labels: { app: 'x' }, eventLoopMonitoringPrecision: 20 }
  t.strictSame(await told(entry as unknown as Api, config), await told(promClient, config))
  t.throws(() => entry.collectDefaultMetrics('x' as never), {
    name: 'TypeError',
    message: /must be null, undefined/,
  })
  const register = new entry.Registry()
  entry.collectDefaultMetrics({ register, gcDurationBuckets: [1, 2] })
  const durations = register.getSingleMetric<entry.Histogram>('nodejs_gc_duration_seconds')
  t.strictSame(durations?.buckets, [1, 2])
})

t.test('values that make sense, anew with each scrape', async t => {
  const register = new entry.Registry()
  entry.collectDefaultMetrics({ register })
  const read = async () => {
    const text = await register.metrics()
    return (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  }
  const first = await read()
  const end = process.cpuUsage().user + 20_000
  while (process.cpuUsage().user < end);
  const second = await read()
  t.ok(second('process_cpu_user_seconds_total') >= first('process_cpu_user_seconds_total') + 0.01)
  t.ok(Math.abs(second('process_start_time_seconds') - (Date.now() / 1000 - process.uptime())) < 5)
  t.ok(second('process_resident_memory_bytes') > 1e7)
  t.ok(second('nodejs_heap_size_used_bytes') > 1e6)
  await until('the event loop was watched', async () => {
    // It is looked at every 10 ms, and a scrape begins anew.
    await new Promise(resolve => setTimeout(resolve, 50))
    return (await read())('nodejs_eventloop_lag_max_seconds') > 0
  })
  register.resetMetrics()
  t.match(await register.metrics(), /^nodejs_version_info\{version="v/m, 'there again after a reset')
})

t.test("client_js' default metrics have the event loop's utilisation", async t => {
  const registry = new entry.Registry()
  const config = { register: registry, labels: { app: 'a' }, eventLoopUtilizationTimeout: 1 }
  entry.collectClientJsMetrics(config)
  t.same(
    entry.collectClientJsMetrics.metricsList.filter(
      name => !entry.collectDefaultMetrics.metricsList.includes(name),
    ),
    ['eventLoopUtilization'],
  )
  const count = async (name: string) => {
    const told = await registry.getSingleMetric(`nodejs_eventloop_utilization_${name}`)!.get()
    const one = told.values.find(value => 'metricName' in value && `${value.metricName}`.endsWith('_count'))
    return one as { value: number; labels: object } | undefined
  }
  await until('it has looked', async () => ((await count('histogram'))?.value ?? 0) > 1)
  t.same((await count('summary'))?.labels, { app: 'a' })
  for (const eventLoopUtilizationTimeout of [0, -1, Number.NaN])
    t.throws(
      () => entry.collectClientJsMetrics({ register: new entry.Registry(), eventLoopUtilizationTimeout }),
      {
        name: 'TypeError',
        code: 'ERR_POSTMETER_OPTION',
      },
    )
})
