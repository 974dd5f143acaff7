/** `register` is one for all threads: what they count together, and what clear(), reset() and remove() do to others. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { serve } from '../../src/index.js'
import { collectAll } from '../../src/prom-client/collecting.js'
import { home } from '../../src/prom-client/home.js'
import * as client from '../../src/prom-client.js'

const { AggregatorRegistry, Counter, Gauge, Registry, register, WorkerRegistry } = client

class Thread {
  readonly worker = new Worker(new URL('../fixtures/prom-client-worker.js', import.meta.url))
  #id = 0

  constructor(t: Test) {
    t.teardown(() => this.worker.terminate())
  }

  async call<R = unknown>(call: string, ...args: unknown[]): Promise<R> {
    const asked = ++this.#id
    this.worker.postMessage({ id: asked, call, args })
    for (;;) {
      const [{ id, value, error }] = await once(this.worker, 'message')
      if (id !== asked) continue
      if (error !== undefined) throw new Error(error)
      return value
    }
  }
}

t.beforeEach(() => {
  home()
})
t.afterEach(() => register.clear())
t.teardown(() => home().close())

const counterOptions = { name: 'c_total', help: 'h', labelNames: ['x'] }

t.test('threads count together in register, each for itself elsewhere', async t => {
  const counter = new Counter(counterOptions)
  const own = new Counter({ ...counterOptions, registers: [new Registry()] })
  const thread = new Thread(t)
  await thread.call('make', 'Counter', counterOptions)
  counter.inc({ x: 'a' })
  own.inc({ x: 'a' }, 100)
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 2)
  await thread.call('do', 'c_total', 'inc', { x: 'b' }, 5)
  const text = '# HELP c_total h\n# TYPE c_total counter\nc_total{x="a"} 3\nc_total{x="b"} 5\n'
  t.equal(await register.metrics(), text)
  t.equal(await thread.call('metrics'), text)
  t.equal((await own.get()).values[0].value, 100)
  await thread.worker.terminate()
  t.equal(await register.metrics(), text, 'and nothing is lost when a thread ends')
})

t.test('threads count together in registries of one name, which are in no other exposition', async t => {
  const named = () => new Registry(Registry.PROMETHEUS_CONTENT_TYPE, 'admin')
  const admin = named()
  const counter = new Counter({ ...counterOptions, registers: [admin] })
  const other = new Counter({ ...counterOptions, registers: [new Registry(undefined, 'other')] })
  const thread = new Thread(t)
  await thread.call('name', 'admin')
  await thread.call('makeIn', 'admin', 'Counter', counterOptions)
  counter.inc({ x: 'a' })
  other.inc({ x: 'a' }, 100)
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 2)
  const text = '# HELP c_total h\n# TYPE c_total counter\nc_total{x="a"} 3\n'
  t.equal(await admin.metrics(), text)
  t.equal(await thread.call('metricsOf', 'admin'), text)
  t.equal(await register.metrics(), '\n')
  t.notMatch(await home().metrics(), /^c_total/m)
  const [told] = await admin.getMetricsAsJSON()
  const again = await AggregatorRegistry.aggregate([[told], [told]]).metrics()
  t.equal(again, text, 'what is of one memory counts once')
  const counterOf = (labelNames: string[]) =>
    new Counter({ ...counterOptions, labelNames, registers: [named()] })
  t.throws(() => counterOf(['y']), { code: 'ERR_POSTMETER_CONFLICT' }, 'another definition')
  admin.clear()
  counterOf(['x'])
  t.equal(await thread.call('metricsOf', 'admin'), '# HELP c_total h\n# TYPE c_total counter\n')
})

t.test('a name that is none is refused', async t => {
  for (const name of ['', 'x'.repeat(101), 5, null]) {
    t.throws(() => new Registry(undefined, name as never), {
      name: 'TypeError',
      code: 'ERR_POSTMETER_OPTION',
      message: /^A registry's name is 1 to 100 characters, not /,
    })
  }
})

t.test('gauges combine by their aggregator', async t => {
  const thread = new Thread(t)
  const expected: [client.Aggregator, number][] = [
    ['sum', 7],
    ['min', 3],
    ['max', 4],
    ['average', 4],
    ['first', 4],
    ['omit', 4],
  ]
  for (const [aggregator, value] of expected) {
    const options = { name: `g_${aggregator}`, help: 'h', aggregator }
    const gauge = new Gauge(options)
    gauge.set(3)
    await thread.call('make', 'Gauge', options)
    await thread.call('do', options.name, 'set', 4)
    t.equal((await gauge.get()).values[0].value, value, aggregator)
  }
})

t.test('a definition that another thread has otherwise is an error here, and changes nothing', async t => {
  const thread = new Thread(t)
  await thread.call('make', 'Counter', counterOptions)
  t.throws(() => new Gauge({ ...counterOptions }), { code: 'ERR_POSTMETER_CONFLICT' })
  t.strictSame(register.getMetricsAsArray(), [])
  t.doesNotThrow(
    () => new Counter(counterOptions),
    'the same one is none: errors of re-registration are per thread',
  )
})

t.test('what one thread does to another: the table of docs/PROM-CLIENT.md', async t => {
  const counter = new Counter(counterOptions)
  const thread = new Thread(t)
  await thread.call('make', 'Counter', counterOptions)
  const begin = async () => {
    counter.inc({ x: 'a' })
    await thread.call('do', 'c_total', 'inc', { x: 'a' }, 10)
  }
  await begin()
  counter.reset()
  t.strictSame(await thread.call('value', 'c_total'), [], 'reset(): its series are gone there, too')
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 10)
  t.strictSame(await thread.call('value', 'c_total'), [{ value: 10, labels: { x: 'a' } }], 'and begin anew')
  counter.remove('a')
  t.strictSame(await thread.call('value', 'c_total'), [], 'remove(): gone there, too')
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 10)
  t.strictSame(
    await thread.call('value', 'c_total'),
    [{ value: 20, labels: { x: 'a' } }],
    'a thread that still counts in it brings it back, with all that it counted',
  )
  register.clear()
  t.equal(await home().metrics(), '', 'clear(): exposed for no thread')
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 1)
  t.strictSame(
    await thread.call('value', 'c_total'),
    [{ value: 21, labels: { x: 'a' } }],
    'but it goes on counting',
  )
  const again = new Counter(counterOptions)
  t.strictSame((await again.get()).values, [], 'who registers it again begins anew')
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 2)
  t.strictSame(
    (await again.get()).values,
    [{ value: 2, labels: { x: 'a' } }],
    'together with who still counts in it',
  )
  await thread.call('register', 'resetMetrics')
  t.strictSame((await again.get()).values, [])
})

t.test('what several threads tell of one memory counts once', async t => {
  const counter = new Counter(counterOptions)
  const local = new Gauge({ name: 'local', help: 'h', registers: [new Registry()] })
  const thread = new Thread(t)
  await thread.call('make', 'Counter', counterOptions)
  counter.inc({ x: 'a' })
  local.set(1)
  await thread.call('do', 'c_total', 'inc', { x: 'a' }, 2)
  const told = [await register.getMetricsAsJSON(), await thread.call<never[]>('json')]
  t.match(await AggregatorRegistry.aggregate(told).metrics(), /^c_total\{x="a"\} 3$/m)
  const apart = [[await local.get()], [await local.get()]]
  t.match(await AggregatorRegistry.aggregate(apart).metrics(), /^local 2$/m, 'of several memories all count')
})

t.test('all threads from the memory, while they are blocked', async t => {
  const thread = new Thread(t)
  await thread.call('make', 'Histogram', { name: 'h', help: 'of\nall', buckets: [1], labelNames: ['x'] })
  await thread.call('do', 'h', 'observe', { x: 'a' }, 0.5)
  new Counter(counterOptions).inc({ x: 'a' })
  t.equal(
    await new WorkerRegistry().workerMetrics(),
    '# HELP c_total h\n# TYPE c_total counter\nc_total{x="a"} 1\n\n# HELP h of\\nall\n# TYPE h histogram\n' +
      'h_bucket{le="1",x="a"} 1\nh_bucket{le="+Inf",x="a"} 1\nh_sum{x="a"} 0.5\nh_count{x="a"} 1\n',
  )
})

t.test('serve(register) puts a front over it, and callbacks are called for it', async t => {
  let calls = 0
  new Gauge({
    name: 'collected',
    help: 'h',
    collect() {
      this.set(++calls)
    },
  })
  home().counter({ name: 'native_total', help: 'h' }).inc(2)
  const front = await serve(register, { listen: '127.0.0.1:0', selfMetrics: false })
  t.teardown(() => front.close())
  collectAll()
  const text = await (await fetch(`${front.url}`)).text()
  t.match(text, /^collected [1-9]$/m, 'by the timer perhaps once more')
  t.match(text, /^native_total 2$/m, 'beside what the program records through the registry')
  await t.rejects(async () => serve(new Registry()), { code: 'ERR_POSTMETER_CALL' })
})

t.test('of the process one thread tells', async t => {
  client.collectDefaultMetrics()
  const thread = new Thread(t)
  await thread.call('defaults')
  await register.metrics()
  const text = await thread.call<string>('metrics')
  const gaugeOf = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  t.equal(gaugeOf('process_max_fds'), Number(await maxFds()), 'once')
  t.ok(gaugeOf('process_cpu_seconds_total') < (process.cpuUsage().user + process.cpuUsage().system) / 1e6 + 1)
  t.match(text, /^nodejs_version_info\{version="v[\d.]+",major="\d+",minor="\d+",patch="\d+"\} 1$/m)
  t.ok(gaugeOf('nodejs_heap_size_used_bytes') > process.memoryUsage().heapUsed / 2)
})

async function maxFds(): Promise<string | undefined> {
  const { readFile } = await import('node:fs/promises')
  return /^Max open files +(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1]
}

t.test(
  'a gauge x beside a counter x_total: both in text, and one of them where OpenMetrics has one name for both',
  async t => {
    const registry = home()
    register.clear()
    new Gauge({ name: 'beside', help: 'h' }).set(1)
    new Counter({ name: 'beside_total', help: 'h' }).inc(2)
    const said: string[] = []
    registry.setLog(({ code, message }) => said.push(`${code} ${message}`))
    t.teardown(() => registry.setLog(() => {}))
    t.match(await registry.metrics(), /^beside 1$[\s\S]*^beside_total 2$/m)
    for (let n = 0; n < 2; n++) {
      const text = await registry.metrics({ format: 'openmetrics' })
      t.match(text, /^beside 1$/m)
      t.notMatch(text, /beside_total/)
    }
    t.equal(said.filter(one => /^openmetrics-clash metric "beside_total" is left out/.test(one)).length, 1)
  },
)
