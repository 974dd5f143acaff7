/** What programs, and tests of such programs, rely on. */
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import promClient from 'prom-client'
import t from 'tap'
import { home } from '../../src/prom-client/home.js'
import { ofRealm } from '../../src/prom-client/realm.js'
import * as client from '../../src/prom-client.js'
import { registries } from '../../src/registry/environment.js'
import { until } from '../support/until.js'

const { Counter, Gauge, Histogram, Registry, register, Summary } = client
const require = createRequire(import.meta.url)

t.afterEach(() => {
  register.setContentType(Registry.PROMETHEUS_CONTENT_TYPE)
  register.clear()
})

t.test('importing it makes no registry', async t => {
  t.equal(registries().size, 0)
  new Counter({ name: 'a_total', help: 'h' })
  t.equal(registries().size, 1)
})

t.test('what a call has recorded is there at once', async t => {
  const counter = new Counter({ name: 'a_total', help: 'h', labelNames: ['x'] })
  counter.inc({ x: 'a' }, 2)
  counter.labels('a').inc()
  t.strictSame(await counter.get(), {
    help: 'h',
    name: 'a_total',
    type: 'counter',
    values: [{ value: 3, labels: { x: 'a' } }],
    aggregator: 'sum',
  })
  t.equal(await register.metrics(), '# HELP a_total h\n# TYPE a_total counter\na_total{x="a"} 3\n')
  t.equal(
    await register.getSingleMetricAsString('a_total'),
    '# HELP a_total h\n# TYPE a_total counter\na_total{x="a"} 3',
  )
})

t.test('a proxy of a registry, and an object made of one, list metrics and are exposed', async t => {
  const text = '# HELP c h\n# TYPE c counter\nc 1\n'
  for (const of of [() => new Registry(), () => new Registry(Registry.PROMETHEUS_CONTENT_TYPE, 'wrapped')]) {
    for (const wrap of [(one: client.Registry) => new Proxy(one, {}), Object.create]) {
      const registry: client.Registry = wrap(of())
      new Counter({ name: 'c', help: 'h', registers: [registry] }).inc()
      t.equal(await registry.metrics(), text)
      t.equal(await registry.getSingleMetricAsString('c'), text.trimEnd())
      t.equal((await registry.getMetricsAsJSON()).length, registry.getMetricsAsArray().length)
      registry.resetMetrics()
      registry.removeSingleMetric('c')
      registry.clear()
      t.equal(await registry.metrics(), '\n')
    }
  }
})

t.test('labels() makes no series; what it gives out can be taken apart, and outlives remove()', async t => {
  const gauge = new Gauge({ name: 'g', help: 'h', labelNames: ['x'] })
  const { inc, dec, set, setToCurrentTime, startTimer } = gauge.labels('a')
  t.strictSame((await gauge.get()).values, [])
  inc()
  dec(3)
  t.strictSame((await gauge.get()).values, [{ value: -2, labels: { x: 'a' } }])
  gauge.remove('a')
  t.strictSame((await gauge.get()).values, [])
  set(5)
  t.strictSame((await gauge.get()).values, [{ value: 5, labels: { x: 'a' } }])
  setToCurrentTime()
  t.ok((await gauge.get()).values[0].value > 1.6e9)
  t.ok(startTimer()() < 60)
})

t.test(
  'a name can be registered again after clear(), with another definition too, and begins anew',
  async t => {
    for (let n = 0; n < 3; n++) {
      const counter = new Counter({ name: 'thing', help: 'h' })
      t.throws(() => new Gauge({ name: 'thing', help: 'h' }), {
        name: 'Error',
        message: 'A metric with the name thing has already been registered.',
      })
      counter.inc(7)
      register.clear()
      t.equal(await register.metrics(), '\n')
      const gauge = new Gauge({ name: 'thing', help: 'h', labelNames: ['x'] })
      t.strictSame((await gauge.get()).values, [])
      gauge.set({ x: '1' }, 1)
      register.removeSingleMetric('thing')
      t.equal((await counter.get()).values[0].value, 7, 'the old one goes on')
    }
  },
)

t.test('a metric that was taken out can be put back', async t => {
  const counter = new Counter({ name: 'a_total', help: 'h' })
  counter.inc(3)
  register.clear()
  register.registerMetric(counter)
  t.match(await register.metrics(), /^a_total 3$/m)
})

t.test('nothing is registered anywhere by a constructor that throws', async t => {
  const [one, two] = [new Registry(), new Registry()]
  const first = new Counter({ name: 'a_total', help: 'h', registers: [two] })
  t.throws(
    () => new Counter({ name: 'a_total', help: 'h', registers: [one, two] }),
    /already been registered/,
  )
  t.strictSame(one.getMetricsAsArray(), [])
  t.throws(
    () => new Histogram({ name: 'h', help: 'h', labelNames: ['le'], registers: [one] }),
    /reserved label keyword/,
  )
  t.strictSame(one.getMetricsAsArray(), [])
  t.equal(two.getSingleMetric('a_total'), first)
})

t.test('metrics in several registries, and in none', async t => {
  const [one, two] = [new Registry(), new Registry()]
  const both = new Gauge({ name: 'both', help: 'h', registers: [one, two] })
  const none = new Gauge({ name: 'none', help: 'h', registers: [] })
  both.set(1)
  none.set(2)
  t.match(await one.metrics(), /^both 1$/m)
  t.match(await two.metrics(), /^both 1$/m)
  t.equal((await none.get()).values[0].value, 2)
  one.clear()
  t.match(await two.metrics(), /^both 1$/m)
  t.equal(await register.metrics(), '\n')
  const merged = client.Registry.merge([two, new Registry()])
  t.match(await merged.metrics(), /^both 1$/m)
})

t.test('collect() has its metric as this, may take time, and may fail', async t => {
  const gauge = new Gauge({
    name: 'g',
    help: 'h',
    async collect() {
      t.equal(this, gauge)
      await new Promise(resolve => setImmediate(resolve))
      this.set(4)
    },
  })
  t.match(await register.metrics(), /^g 4$/m)
  // Set later, as some programs do.
  gauge.collect = () => {
    throw new Error('no')
  }
  await t.rejects(register.metrics(), /no/)
  await t.rejects(register.getMetricsAsJSON(), /no/)
})

t.test('objects with get(), subclasses and what they override', async t => {
  register.registerMetric({
    name: 'own',
    get: async () => ({
      name: 'own',
      help: 'h',
      type: 'gauge',
      values: [{ value: 1, labels: { a: 'x"\n' } }],
    }),
  } as never)
  class Twice extends Counter<string> {
    override inc(): void {
      super.inc(2)
    }
  }
  const twice = new Twice({ name: 'twice_total', help: 'h' })
  twice.inc()
  t.ok(twice instanceof Counter)
  class Told extends Gauge<string> {
    override async get() {
      return { ...(await super.get()), values: [{ value: 9, labels: {} }] }
    }
  }
  new Told({ name: 'told', help: 'h' })
  t.equal(
    await register.metrics(),
    '# HELP own h\n# TYPE own gauge\nown{a="x\\"\\n"} 1\n\n# HELP twice_total h\n# TYPE twice_total counter\n' +
      'twice_total 2\n\n# HELP told h\n# TYPE told gauge\ntold 9\n',
  )
})

t.test('a module that is evaluated again begins anew', async t => {
  // The published form: one file that is required, as test runners and reloaders do.
  const file = require.resolve('../../../dist/lib/prom-client.js')
  const load = (): typeof client => {
    for (const known of Object.keys(require.cache))
      if (known.includes('/dist/lib/')) delete require.cache[known]
    return require(file)
  }
  for (let n = 0; n < 3; n++) {
    const copy = load()
    const counter = new copy.Counter({ name: 'reloaded_total', help: 'h' })
    counter.inc()
    t.match(await copy.register.metrics(), /^reloaded_total 1$/m)
  }
})

t.test('exemplars: in OpenMetrics alone, and a bad one throws after it has counted', async t => {
  t.throws(() => new Counter({ name: 'e_total', help: 'h', enableExemplars: true }), {
    name: 'TypeError',
    message: 'Exemplars are supported only on OpenMetrics registries',
  })
  const own = new client.Registry<client.OpenMetricsContentType>(Registry.OPENMETRICS_CONTENT_TYPE)
  const counter = new Counter({
    name: 'e_total',
    help: 'h',
    labelNames: ['x'],
    enableExemplars: true,
    registers: [own],
  })
  counter.inc({ labels: { x: 'a' }, value: 2, exemplarLabels: { x: 'id"\n' } })
  t.match(
    await own.metrics(),
    /^# TYPE e counter\ne_total\{x="a"\} 2 # \{x="id\\"\\n"\} 2 \d+(\.\d+)?\n# EOF\n$/m,
  )
  t.equal((await own.getMetricsAsJSON())[0].name, 'e_total', 'a scrape renames nothing')
  t.throws(() => counter.inc({ labels: { x: 'a' }, exemplarLabels: { x: 'x'.repeat(128) } }), RangeError)
  t.equal((await counter.get()).values[0].value, 3)
})

t.test(
  'a summary: exact sum and count, quantiles within two digits, in the order that was asked for',
  async t => {
    const summary = new Summary({ name: 's', help: 'h', percentiles: [0.9, 0.5, 0.01] })
    for (let n = 1; n <= 1000; n++) summary.observe(n)
    const { values } = await summary.get()
    t.strictSame(
      values.map(({ labels, metricName }) => metricName ?? (labels as { quantile: number }).quantile),
      [0.9, 0.5, 0.01, 's_sum', 's_count'],
    )
    for (const [n, exact] of [900, 500, 10].entries()) t.ok(Math.abs(values[n].value / exact - 1) < 0.02)
    t.strictSame(
      values.slice(3).map(({ value }) => value),
      [500_500, 1000],
    )
    summary.reset()
    t.strictSame(
      (await summary.get()).values.map(({ value }) => value),
      [0, 0, 0, 0, 0],
    )
    summary.observe(3)
    t.equal((await summary.get()).values[0].value, 3, 'counts on at once')
  },
)

t.test(
  'names that only OpenMetrics takes for one are two metrics; lines of one name are refused',
  async t => {
    new Counter({ name: 'requests_total', help: 'h' }).inc()
    new Gauge({ name: 'requests', help: 'h' }).set(2)
    t.match(
      await register.metrics(),
      /^requests_total 1\n\n# HELP requests h\n# TYPE requests gauge\nrequests 2$/m,
    )
    new Histogram({ name: 'took', help: 'h' })
    t.throws(() => new Counter({ name: 'took_count', help: 'h' }), { code: 'ERR_POSTMETER_CONFLICT' })
    t.doesNotThrow(() => new Counter({ name: 'took_count', help: 'h', registers: [new Registry()] }))
  },
)

t.test(
  "more than a slot holds, and values that the kernel spells otherwise, are prom-client's text",
  async t => {
    const texts = [client as unknown as typeof promClient, promClient].map(
      async ({ Counter, Gauge, Histogram, Registry }) => {
        const registry = new Registry()
        const registers = [registry]
        const many = new Counter({ name: 'many_total', help: 'é', labelNames: ['a', 'b'], registers })
        for (let n = 0; n < 60_000; n++) many.inc({ a: `value ${n} é`, b: 'x'.repeat(20) }, n / 8)
        const took = new Histogram({
          name: 'took',
          help: 'h',
          labelNames: ['a'],
          buckets: [0.5, 1e21],
          registers,
        })
        for (let n = 0; n < 1_000; n++) took.observe({ a: `v${n}` }, n / 999)
        const whole = await registry.metrics()
        const gauge = new Gauge({ name: 'g', help: 'ends with NaN', registers })
        gauge.set(Number.NaN)
        return [whole, await registry.metrics()]
      },
    )
    const [ours, theirs] = await Promise.all(texts)
    t.ok(ours[0] === theirs[0], 'the same text')
    t.ok(ours[0].length > 3 * 2 ** 20, `${ours[0].length} characters`)
    t.ok(ours[1] === theirs[1], 'with a value that is no number, too')
  },
)

t.test('metrics that are made and forgotten take no more memory', async t => {
  const { arena } = home().parts.context
  const again = () => {
    new Counter({ name: 'again_total', help: 'h' }).inc()
    register.clear()
  }
  // The second one has what is needed to set the first one to zero.
  again()
  again()
  const used = arena.usedBytes()
  for (let n = 0; n < 100; n++) again()
  t.equal(arena.usedBytes(), used)
  // The thread's own serve the next of their definition when they are gone.
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const own = () => new Counter({ name: 'own_total', help: 'h', registers: [new Registry()] }).inc()
  const round = async () => {
    for (let n = 0; n < 10; n++) own()
    await until('what is gone is told', () => {
      collectGarbage()
      return ofRealm('own').size === 0
    })
  }
  // The second round has what the first one left, and what is needed to set that to zero.
  await round()
  await round()
  const few = arena.usedBytes()
  for (let n = 0; n < 5; n++) await round()
  t.equal(arena.usedBytes(), few)
})

t.test('every class of registries aggregates what registries have told, as in client_js', async t => {
  const told = [
    { help: 'h', name: 'a', type: 'gauge', values: [{ labels: {}, value: 2 }], aggregator: 'sum' },
  ]
  for (const Class of [Registry, client.AggregatorRegistry, client.ClusterRegistry, client.WorkerRegistry]) {
    const text = '# HELP a h\n# TYPE a gauge\na 4\n'
    t.equal(await Class.aggregate([told, told]).metrics(), text)
    const open = Class.aggregate([told, told], Registry.OPENMETRICS_CONTENT_TYPE)
    t.equal(await open.metrics(), `${text}# EOF\n`)
  }
})

t.test('WorkerRegistry tells of the registries that it is given, as in client_js', async t => {
  const { WorkerRegistry } = client
  t.teardown(() => WorkerRegistry.setRegistries(register))
  t.throws(() => WorkerRegistry.setRegistries([{}] as never), {
    name: 'TypeError',
    message: 'Expected Registry, got object',
  })
  const [own, named] = [new Registry(), new Registry(Registry.PROMETHEUS_CONTENT_TYPE, 'admin')]
  for (const one of [register, own, named]) {
    new Counter({ name: 'a_total', help: 'h', registers: [one] as never }).inc()
  }
  const metrics = () => new WorkerRegistry().workerMetrics()
  const text = (value: number) => `# HELP a_total h\n# TYPE a_total counter\na_total ${value}\n`
  WorkerRegistry.setRegistries(own)
  t.equal(await metrics(), text(1))
  WorkerRegistry.setRegistries([register, own, named] as never)
  t.equal(await metrics(), text(3), 'those of one name are aggregated')
})

t.test('a registry gives out the metrics of one aggregator, as in client_js', async t => {
  new Counter({ name: 'a_total', help: 'h' })
  new Gauge({ name: 'least', help: 'h', aggregator: 'min' })
  register.registerMetric({ name: 'plain', get: () => ({ name: 'plain' }) } as never)
  for (const [aggregator, names] of [
    [undefined, ['a_total', 'least', 'plain']],
    ['sum', ['a_total', 'plain']],
    ['min', ['least']],
    ['max', []],
  ] as const) {
    const namesOf = (all: readonly { name: string }[]) => all.map(({ name }) => name)
    t.strictSame(namesOf(register.getMetricsAsArray(aggregator)), names)
    t.strictSame(namesOf(await register.getMetricsAsJSON(aggregator)), names)
  }
})
