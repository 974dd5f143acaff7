/** Where prom-client is wrong, and this entry is not: each row of docs/PROM-CLIENT.md. */
import promClient from 'prom-client'
import t from 'tap'
import * as entry from '../../src/prom-client.js'

type Api = typeof promClient
const ours = entry as unknown as Api

/** What both do, by name. */
async function both<R>(run: (api: Api) => R | Promise<R>): Promise<{ ours: R; theirs: R }> {
  return { ours: await run(ours), theirs: await run(promClient) }
}

function thrownBy(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as Error).name
  }
}

t.test('two label sets are two series', async t => {
  const seen = await both(async ({ Counter }) => {
    const counter = new Counter({ name: 'c', help: 'h', labelNames: ['a', 'b'], registers: [] })
    counter.inc({ a: 'x,b:y' })
    counter.inc({ a: 'x', b: 'y,' })
    counter.inc({ a: 'x,b:y', b: '' })
    return (await counter.get()).values.length
  })
  t.equal(seen.ours, 2, 'one that is empty is one that is missing')
  const collision = await both(async ({ Counter }) => {
    const counter = new Counter({ name: 'c', help: 'h', labelNames: ['a', 'b'], registers: [] })
    counter.inc({ a: '1,b:2' })
    counter.inc({ a: '1', b: '2' })
    return (await counter.get()).values.length
  })
  t.strictSame(collision, { ours: 2, theirs: 1 })
})

t.test('no value injects a line', async t => {
  const evil = { toString: () => '1"} 1\nevil 1\nx{a="' }
  const seen = await both(async ({ Gauge, Registry }) => {
    const registers = [new Registry()]
    new Gauge({ name: 'g', help: 'h', labelNames: ['a'], registers }).set({ a: evil as never }, 1)
    return (await registers[0].metrics()).includes('\nevil 1\n')
  })
  t.strictSame(seen, { ours: false, theirs: true })
})

t.test('a counter never becomes what is no number, nor a gauge by moving', async t => {
  const seen = await both(async ({ Counter, Gauge }) => {
    const counter = new Counter({ name: 'c', help: 'h', registers: [] })
    const gauge = new Gauge({ name: 'g', help: 'h', registers: [] })
    return [
      thrownBy(() => counter.inc(Number.NaN)),
      thrownBy(() => counter.inc('' as never)),
      thrownBy(() => gauge.inc(Number.NaN)),
      thrownBy(() => gauge.dec(Number.POSITIVE_INFINITY)),
    ]
  })
  t.strictSame(seen.ours, ['TypeError', 'TypeError', 'TypeError', 'TypeError'])
  t.strictSame(seen.theirs, [undefined, undefined, undefined, undefined])
})

t.test('an OpenMetrics scrape renames nothing', async t => {
  const seen = await both(async ({ Counter, Registry }) => {
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    const counter = new Counter({ name: 'c_total', help: 'h', registers: [registry] })
    await registry.metrics()
    return (counter as unknown as { name: string }).name
  })
  t.strictSame(seen, { ours: 'c_total', theirs: 'c' })
})

t.test('an error leaves no registry half changed', async t => {
  const seen = await both(({ Histogram, Registry }) => {
    const registry = new Registry()
    thrownBy(() => new Histogram({ name: 'h', help: 'h', labelNames: ['le'], registers: [registry] }))
    return registry.getMetricsAsArray().length
  })
  t.strictSame(seen, { ours: 0, theirs: 1 })
})

t.test('what would break a scrape is refused at registration', async t => {
  const seen = await both(({ Counter, Histogram, Registry, Summary }) => {
    const registers = [new Registry()]
    return [
      thrownBy(() => new Histogram({ name: 'h', help: 'h', buckets: [2, 1], registers })),
      thrownBy(() => new Histogram({ name: 'h', help: 'h', buckets: [Number.NaN], registers: [] })),
      thrownBy(() => new Summary({ name: 's', help: 'h', percentiles: [50], registers: [] })),
      thrownBy(() => new Counter({ name: 'c', help: 'h', labelNames: ['a', 'a'], registers: [] })),
    ]
  })
  t.strictSame(seen.ours, ['TypeError', 'TypeError', 'RangeError', 'Error'])
  t.strictSame(seen.theirs, [undefined, undefined, undefined, undefined])
})

t.test('labels() of a counter with exemplars counts for its labels', async t => {
  const seen = await both(async ({ Counter, Registry }) => {
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    const options = { name: 'c', help: 'h', labelNames: ['x'], enableExemplars: true, registers: [registry] }
    const counter = new Counter(options)
    counter.labels('a').inc(2)
    return (await counter.get()).values
  })
  t.strictSame(seen.ours, [{ value: 2, labels: { x: 'a' } }])
  t.notSame(seen.theirs, seen.ours)
})

t.test('a subclass may override inc()', async t => {
  const seen = await both(async ({ Counter }) => {
    class Twice extends Counter<string> {
      override inc(): void {
        super.inc(2)
      }
    }
    const twice = new Twice({ name: 'c', help: 'h', registers: [] })
    twice.inc()
    return (await twice.get()).values[0].value
  })
  t.strictSame(seen, { ours: 2, theirs: 1 })
})

t.test('labels are as they were given first, whatever is done with the object', async t => {
  const seen = await both(async ({ Counter, Gauge }) => {
    const given = { x: 1 }
    const counter = new Counter({ name: 'c', help: 'h', labelNames: ['x'], registers: [] })
    counter.inc(given)
    const gauge = new Gauge({ name: 'g', help: 'h', labelNames: ['x'], registers: [] })
    gauge.set({ x: 1 }, 1)
    gauge.set({ x: '1' }, 2)
    given.x = 2
    return [(await counter.get()).values[0].labels.x, (await gauge.get()).values[0].labels.x]
  })
  t.strictSame(seen.ours, [1, 1])
  t.strictSame(seen.theirs, [2, '1'])
})
