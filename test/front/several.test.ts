/** One endpoint for several registries, and scrapes of some families. */
import t from 'tap'
import { type Registry, serve } from '../../src/index.js'
import { Watcher } from '../support/check-exposition.js'
import { getBody } from '../support/get-body.js'
import { fresh, samples } from '../support/registry.js'
import { until } from '../support/until.js'

const QUIET = { listen: '127.0.0.1:0', ref: false, transport: 'http' } as const

function checked(text: string): string[] {
  const watcher = new Watcher()
  watcher.take(text)
  if (watcher.wrong.length > 0) throw new Error(watcher.wrong.join())
  return samples(text)
}

const count = (registry: Registry, name: string, by: number) => registry.counter({ name, help: 'h' }).inc(by)

t.test('serve([a, b]) exposes both, in every format, small and large, plain and compressed', async t => {
  const [a, b] = [fresh(t).registry, fresh(t, { labels: { part: 'b' } }).registry]
  const front = await serve([a, b], QUIET)
  count(a, 'z_total', 1)
  count(b, 'a_total', 2)
  const own = (lines: string[]) => lines.filter(line => !line.startsWith('postmeter_'))
  const large = b.gauge({ name: 'large', help: 'h', labelNames: ['x'] })
  for (const series of [1, 5_000]) {
    for (let n = 0; n < series; n++) large.set({ x: `number ${n}` }, n)
    for (const encoding of ['identity', 'gzip']) {
      const text = checked(await getBody(front.url, encoding))
      t.strictSame(own(text).slice(0, 2), ['z_total 1', 'a_total{part="b"} 2'])
      t.equal(own(text).length, series + 2)
      t.equal(text.filter(line => line.startsWith('postmeter_memory_reserved_bytes')).length, 1)
      const json = JSON.parse(await getBody(`${front.url}.json`, encoding))
      t.match(json, { z_total: { value: 1 }, a_total: { type: 'counter' }, postmeter_series: {} })
      t.equal(Object.keys(json).filter(key => !key.startsWith('postmeter_')).length, 3)
    }
  }
  const open = await serve([a, b], { ...QUIET, openMetrics: true })
  t.equal((await getBody(`${open.url}?format=openmetrics`)).match(/^# EOF$/gm)?.length, 1)
})

t.test('a metric of one name in two of them is an error at serve(), and left out and said later', async t => {
  const [a, b] = [fresh(t).registry, fresh(t).registry]
  count(a, 'c_total', 1)
  b.gauge({ name: 'c_total', help: 'h' }).set(5)
  await t.rejects(serve([a, b], QUIET), {
    code: 'ERR_POSTMETER_CONFLICT',
    message:
      /serve: metric "c_total", a gauge, of registry ".*" would have lines of the same name as metric "c_total" of/,
  })
  b.unregister('c_total')
  const events: string[] = []
  const front = await serve([a, b], {
    ...QUIET,
    log: ({ code, message }) => events.push(`${code} ${message}`),
  })
  b.gauge({ name: 'c_total', help: 'h' }).set(5)
  for (let n = 0; n < 2; n++) t.match(checked(await getBody(front.url)), ['c_total 1'])
  t.equal(
    events.filter(event => /^metric-clash metric "c_total" has lines of the name/.test(event)).length,
    1,
  )
})

t.test('so are metrics whose lines alone have one name, in any format', async t => {
  for (const [mine, theirs] of [
    ['h', 'h_count'],
    ['x_total', 'x'],
  ] as const) {
    const [a, b] = [fresh(t).registry, fresh(t).registry]
    if (mine === 'h') a.histogram({ name: mine, help: 'h', buckets: [1] }).observe(1)
    else count(a, mine, 1)
    const codes: string[] = []
    const front = await serve([a, b], { ...QUIET, openMetrics: true, log: ({ code }) => codes.push(code) })
    b.gauge({ name: theirs, help: 'h' }).set(5)
    t.notOk(checked(await getBody(front.url)).includes(`${theirs} 5`))
    t.notMatch(await getBody(`${front.url}?format=openmetrics`), new RegExp(`^# TYPE ${theirs} gauge$`, 'm'))
    t.ok(codes.includes('metric-clash'), theirs)
    await t.rejects(serve([a, b], QUIET), { code: 'ERR_POSTMETER_CONFLICT' })
  }
})

t.test('lists that are none', async t => {
  const { registry } = fresh(t)
  const code = 'ERR_POSTMETER_CALL'
  await t.rejects(serve([], QUIET), { code, message: /the list of registries is empty/ })
  await t.rejects(serve([registry, registry], QUIET), { code, message: /a registry is in the list twice/ })
  await t.rejects(serve([registry, {} as never], QUIET), { code, message: /is not a registry/ })
  const closed = fresh(t).registry
  await closed.close()
  await t.rejects(serve([registry, closed], QUIET), { code: 'ERR_POSTMETER_CLOSED' })
})

t.test('one that is closed is left out; with the first one the front ends', async t => {
  const [a, b] = [fresh(t).registry, fresh(t).registry]
  count(a, 'a_total', 1)
  count(b, 'b_total', 1)
  const front = await serve([a, b], QUIET)
  t.match(await getBody(front.url), /^b_total 1$/m)
  await b.close()
  await until('b is left out', async () => !/b_total/.test(await getBody(front.url)))
  t.match(await getBody(front.url), /^a_total 1$/m)
  await a.close()
  await t.rejects(getBody(front.url), /ECONNREFUSED/)
})

t.test('?name[] exposes the families that have lines of that name', async t => {
  const { registry } = fresh(t)
  count(registry, 'a_total', 1)
  count(registry, 'b_total', 2)
  registry.histogram({ name: 'h', help: 'h', buckets: [1] }).observe(1)
  const front = await serve(registry, QUIET)
  const asked = async (query: string) => checked(await getBody(`${front.url}?${query}`))
  t.strictSame(await asked('name[]=b_total'), ['b_total 2'])
  t.strictSame(await asked('name%5B%5D=b_total&name[]=a_total'), ['a_total 1', 'b_total 2'])
  t.equal((await asked('name[]=h_count')).length, 4, 'a line of a histogram is all of it')
  t.strictSame(
    await asked('prefix=p_&name[]=p_a_total&name[]=b_total'),
    ['p_a_total 1'],
    'as they are exposed',
  )
  t.strictSame(await asked('name[]=postmeter_slots_in_use'), ['postmeter_slots_in_use 1'])
  t.equal(await getBody(`${front.url}?name[]=nobody_has_it`), '')
  t.equal(await getBody(`${front.url}.json?name[]=nobody_has_it`), '{}\n')
  t.match(JSON.parse(await getBody(`${front.url}.json?name[]=a_total`)), { a_total: { value: 1 } })
  t.equal(await getBody(`${front.url}?name[]=`), '')
  await t.rejects(getBody(`${front.url}?name[]=%zz`), /400 parameter "name\[\]": "%zz" is not valid/)
  const many = registry.gauge({ name: 'many', help: 'h', labelNames: ['x'] })
  for (let n = 0; n < 5_000; n++) many.set({ x: `number ${n}` }, n)
  const [some, all] = await Promise.all([asked('name[]=many'), asked('')])
  t.equal(some.length, 5_000, 'scrapes of other families are not shared')
  t.ok(all.length > 5_010)
})
