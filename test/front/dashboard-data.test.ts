/** What the dashboard's page gets: lists of families, and figures of those that are on its screen. */
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { HistogramValue, PanelData, SummaryValue } from '../../src/front/contract/dashboard.js'
import { choose } from '../../src/front/transports/choose.js'
import { type Registry, type ServeOptions, serve } from '../../src/index.js'
import { quantileOf } from '../../src/reading/buckets.js'
import { SEED } from '../support/arbitrary.js'
import { ask } from '../support/ask.js'
import { fresh } from '../support/registry.js'

interface Data {
  readonly time: number
  readonly every: number
  readonly panels: readonly (PanelData & { readonly problem?: string })[]
}

async function figures(url: string, ...panels: string[]): Promise<Data> {
  const query = panels.map(panel => `panel=${encodeURIComponent(panel)}`).join('&')
  const { status, body } = await ask(`${url}dashboard/data.json?${query}`)
  if (status !== 200) throw new Error(`${status} ${body}`)
  return JSON.parse(body.toString()) as Data
}

async function served(t: Test, registry: Registry | Registry[], options: ServeOptions = {}): Promise<string> {
  const front = await serve(registry, { listen: '127.0.0.1:0', transport: 'http', ...options })
  t.teardown(() => front.close())
  return front.url.replace('/metrics', '/')
}

const transports = ['http', ...(choose().transport === 'uws' ? ['uws'] : [])] as ('http' | 'uws')[]

for (const transport of transports) {
  t.test(`${transport}: families of each type, in figures`, async t => {
    const { registry } = fresh(t, { labels: { node: 'mx1' } })
    const received = registry.counter({ name: 'received_total', help: 'h', labelNames: ['service'] })
    received.inc({ service: 'smtp' }, 3)
    received.inc({ service: 'http "x"' }, 4)
    registry.gauge({ name: 'depth', help: 'how deep' }).set(7)
    const wait = registry.histogram({
      name: 'wait_seconds',
      help: '',
      unit: 'seconds',
      labelNames: ['to'],
      buckets: [1, 2],
    })
    for (const seconds of [0.5, 1.5, 9]) wait.observe({ to: 'a' }, seconds)
    wait.observe({ to: 'b' }, 1.25)
    const native = registry.histogram({
      name: 'native',
      help: '',
      labelNames: ['to'],
      native: { schema: 3, maxBuckets: 160 },
    })
    for (let n = 1; n <= 100; n++) native.observe({ to: `${n % 3}` }, n)
    const summary = registry.summary({ name: 'took', help: '', quantiles: [0.5] })
    for (let n = 1; n <= 99; n++) summary.observe(n)
    registry.gauge({ name: 'odd', help: '' }).set(Number.NaN)
    const url = await served(t, registry, { transport })

    const { families } = JSON.parse((await ask(`${url}dashboard/families.json`)).body.toString())
    const mine = families.filter(({ name }: { name: string }) => !name.startsWith('postmeter_'))
    t.strictSame(mine, [
      { name: 'depth', type: 'gauge', labels: [], help: 'how deep', series: 1 },
      { name: 'native', type: 'histogram', labels: ['to'], help: '', series: 3 },
      { name: 'odd', type: 'gauge', labels: [], help: '', series: 1 },
      { name: 'received_total', type: 'counter', labels: ['service'], help: 'h', series: 2 },
      { name: 'took', type: 'summary', labels: [], help: '', series: 1 },
      { name: 'wait_seconds', type: 'histogram', labels: ['to'], help: '', series: 2, unit: 'seconds' },
    ])
    t.ok(families.length > 20, "the library's own are there, too")

    const before = Date.now()
    const { time, every, panels } = await figures(
      url,
      ...['received_total', 'depth', 'wait_seconds/to', 'native', 'took', 'odd', 'no_such', 'depth/to'],
    )
    t.ok(time >= before && time <= Date.now())
    t.ok(every >= 2000 && every % 500 === 0)
    const [counter, gauge, histogram, sparse, quantiles, odd, unknown, strange] = panels
    t.strictSame(counter, {
      ...{ name: 'received_total', type: 'counter', series: 2, total: 7 },
      lines: [
        { label: 'service="http \\"x\\""', series: 1, value: 4 },
        { label: 'service="smtp"', series: 1, value: 3 },
      ],
    })
    t.strictSame([gauge!.total, gauge!.lines], [7, [{ label: '', series: 1, value: 7 }]])
    t.strictSame(histogram!.total, {
      count: 4,
      sum: 12.25,
      buckets: [
        [1, 1],
        [2, 3],
        [null, 4],
      ],
    })
    t.strictSame(
      histogram!.lines.map(({ label, value }) => [label, (value as HistogramValue).buckets]),
      [
        [
          'a',
          [
            [1, 1],
            [2, 2],
            [null, 3],
          ],
        ],
        [
          'b',
          [
            [1, 0],
            [2, 1],
            [null, 1],
          ],
        ],
      ],
    )
    const { count, buckets } = sparse!.total as HistogramValue
    t.equal(count, 100)
    const median = quantileOf(buckets, 0.5)!
    t.ok(median > 50 / 1.1 && median < 50 * 1.1, `the median of native buckets is ${median}`)
    const half = (quantiles!.total as SummaryValue).quantiles[0]![1]!
    t.ok(Math.abs(half - 50) < 1, `the median of a summary is ${half}`)
    t.equal(odd!.total, null, 'no number in JSON')
    t.strictSame(unknown, { name: 'no_such', problem: 'unknown' })
    t.strictSame(strange, { name: 'depth', problem: 'it has no label to' })
  })

  t.test(`${transport}: what is asked is checked, and who asks`, async t => {
    const { registry } = fresh(t)
    const url = await served(t, registry, { transport })
    const rows: [string, string, number, RegExp][] = [
      ['no panel', 'data.json', 400, /parameter "panel": is missing/],
      ['no name', 'data.json?panel=a%20b', 400, /parameter "panel": "a b" is none such as/],
      ['no label', 'data.json?panel=a/b/c', 400, /"a\/b\/c" is none/],
      ['too many', `data.json?${'panel=a&'.repeat(17)}`, 400, /comes 17 times, where 16 are allowed/],
      ['no such part', 'data', 404, /there is only \/metrics, \/metrics.json and \/dashboard/],
    ]
    for (const [what, path, status, reason] of rows) {
      const answer = await ask(`${url}dashboard/${path}`)
      t.equal(answer.status, status, what)
      t.match(answer.body.toString(), reason, what)
    }
    t.equal((await ask(`${url}dashboard/data.json?panel=a`, {}, 'POST')).status, 405)
    const head = await ask(`${url}dashboard/data.json?panel=a`, {}, 'HEAD')
    t.strictSame(
      [head.status, head.headers['content-type'], head.body.length],
      [200, 'application/json; charset=utf-8', 0],
    )
    t.equal(
      (await ask(`${url}dashboard/families.json`)).headers['cross-origin-resource-policy'],
      'same-origin',
    )

    const nobody = await served(t, fresh(t).registry, { transport, trustedHosts: ['192.0.2.1'] })
    for (const path of ['', '/app.js', '/families.json', '/data.json?panel=a'])
      t.equal((await ask(`${nobody}dashboard${path}`)).status, 403)
    const without = await served(t, fresh(t).registry, { transport, dashboard: false })
    t.equal((await ask(`${without}dashboard`)).status, 404)
    t.notMatch((await ask(without)).body.toString(), /dashboard/, 'nor does the landing page lead to it')
    t.match((await ask(url)).body.toString(), /<a href="dashboard">/)
  })

  t.test(`${transport}: questions that wait when the front closes are told so`, async t => {
    const { registry } = fresh(t, { memory: '64MiB' })
    const queued = registry.gauge({ name: 'queued', help: '', labelNames: ['domain'] })
    for (let n = 0; n < 100_000; n++) queued.set({ domain: `d${n}.example` }, n)
    const front = await serve(registry, { listen: '127.0.0.1:0', transport })
    const url = front.url.replace('/metrics', '/dashboard/data.json?panel=queued')
    const [first, ...others] = ['', '&panel=a', '&panel=b', '&panel=c'].map(more => ask(url + more))
    t.equal((await first!).status, 200)
    // The next one may begin only when the first one's cost is a tenth of the time.
    await front.close()
    const ends = (await Promise.all(others)).map(({ status, body }) =>
      status === 200 ? 200 : body.toString(),
    )
    t.equal(ends.at(-1), 'this front is closing\n')
    t.strictSame(
      ends.filter(end => end !== 200 && end !== ends.at(-1)),
      [],
      'none was cut off',
    )
  })

  t.test(`${transport}: a hundred thousand series become ten lines`, async t => {
    const { registry } = fresh(t, { memory: '64MiB' })
    const queued = registry.gauge({ name: 'queued', help: '', labelNames: ['domain'] })
    const sent = registry.counter({ name: 'sent_total', help: '', labelNames: ['domain', 'provider'] })
    const totals = new Map<string, number>()
    let sum = 0
    for (let n = 0; n < 100_000; n++) {
      const value = (n * 7919) % 100_003
      queued.set({ domain: `d${n}.example` }, value)
      sum += value
    }
    for (let n = 0; n < 20_000; n++) {
      const provider = `p${(n * n) % 97}`
      sent.inc({ domain: `d${n}.example`, provider }, n)
      totals.set(provider, (totals.get(provider) ?? 0) + n)
    }
    const url = await served(t, registry, { transport })
    const [byDomain, all, byProvider] = (await figures(url, 'queued/domain', 'queued', 'sent_total/provider'))
      .panels
    const greatest = Array.from({ length: 100_000 }, (_, n): [string, number] => [
      `d${n}.example`,
      (n * 7919) % 100_003,
    ])
      .sort(([, a], [, b]) => b - a)
      .slice(0, 10)
    t.strictSame(
      byDomain!.lines.map(({ label, value }) => [label, value]),
      greatest,
    )
    t.strictSame(byDomain!.others, {
      series: 99_990,
      value: sum - greatest.reduce((total, [, value]) => total + value, 0),
    })
    t.strictSame(
      [all!.series, all!.total, all!.lines.length],
      [100_000, sum, 0],
      'they are too many to be told apart',
    )
    const sorted = [...totals].sort(([, a], [, b]) => b - a).slice(0, 10)
    t.strictSame(
      byProvider!.lines.map(({ label, value }) => [label, value]),
      sorted,
    )
    t.equal(
      byProvider!.lines.reduce((series, line) => series + line.series, byProvider!.others!.series),
      20_000,
    )
    t.notOk(byProvider!.partial)
  })
}

t.test('the figures are those of random series', async t => {
  const label = fc.constantFrom('a', 'b', 'é"\\\n', '', 'ab')
  const series = fc.array(fc.tuple(label, fc.nat(30), fc.integer({ min: -50, max: 50 })), { maxLength: 60 })
  const { registry } = fresh(t, { labels: { node: 'x' }, maxSeries: 100_000 })
  const url = await served(t, registry)
  let round = 0
  await fc.assert(
    fc.asyncProperty(series, async all => {
      const name = `g${round++}`
      const gauge = registry.gauge({ name, help: '', labelNames: ['n', 'key'] })
      const values = new Map<string, [key: string, value: number]>()
      for (const [key, n, value] of all) {
        gauge.set({ key, n: `${n}` }, value)
        values.set(`${key} ${n}`, [key, value])
      }
      const sums = new Map<string, { series: number; value: number }>()
      for (const [key, value] of values.values()) {
        const sum = sums.get(key) ?? { series: 0, value: 0 }
        sums.set(key, { series: sum.series + 1, value: sum.value + value })
      }
      const [panel] = (await figures(url, `${name}/key`)).panels
      t.equal(panel!.series, values.size)
      t.equal(
        panel!.total,
        [...values.values()].reduce((total, [, value]) => total + value, 0),
      )
      t.strictSame(
        Object.fromEntries(panel!.lines.map(({ label, series, value }) => [label, { series, value }])),
        Object.fromEntries(sums),
      )
      registry.unregister(name)
    }),
    { numRuns: 60, seed: SEED },
  )
})

t.test('what is not in the lines is exact, however small it is beside them', async t => {
  const { registry } = fresh(t)
  const sent = registry.counter({ name: 'sent_bytes_total', help: '', labelNames: ['to'] })
  const took = registry.histogram({ name: 'took', help: '', labelNames: ['to'], buckets: [1] })
  for (let n = 0; n < 10; n++) {
    sent.inc({ to: `great ${n}` }, 2 ** 43 + n)
    for (let times = 0; times < 3; times++) took.observe({ to: `great ${n}` }, 0.1 + n)
  }
  sent.inc({ to: 'small' }, 1)
  took.observe({ to: 'small' }, 2 ** -60)
  const [bytes, seconds] = (await figures(await served(t, registry), 'sent_bytes_total/to', 'took/to')).panels
  t.strictSame(bytes!.others, { series: 1, value: 1 })
  t.strictSame(seconds!.others, { series: 1, value: { count: 1, sum: 2 ** -60, buckets: [] } })
})

t.test('numbers that JSON lacks are null, and stand behind all others', async t => {
  const { registry } = fresh(t)
  const odd = registry.gauge({ name: 'odd', help: '', labelNames: ['n'] })
  for (const [n, value] of [Number.NaN, -5, Number.POSITIVE_INFINITY, 0].entries())
    odd.set({ n: `${n}` }, value)
  const [panel] = (await figures(await served(t, registry), 'odd/n')).panels
  t.strictSame(
    panel!.lines.map(({ label, value }) => [label, value]),
    [
      ['2', null],
      ['3', 0],
      ['1', -5],
      ['0', null],
    ],
  )
  t.equal(panel!.total, null)
})

t.test('label values and names of any kind come as they are', async t => {
  const { registry } = fresh(t)
  const long = 'a'.repeat(1024)
  const values = [
    '"',
    '\\',
    '\0',
    '\r\n',
    '\u2028',
    '\u{1f600}',
    '</script>',
    'é'.repeat(2048),
    '\ufeffbom',
    '__proto__',
  ]
  const gauge = registry.gauge({ name: long, help: '\u2029"\\\n', labelNames: [long, 'other'] })
  for (const [n, value] of values.entries()) gauge.set({ [long]: value, other: '' }, -n)
  const url = await served(t, registry)
  const [by, each] = (await figures(url, `${long}/${long}`, long)).panels
  t.strictSame(
    by!.lines.map(({ label }) => label),
    values,
  )
  t.strictSame(
    each!.lines.map(({ label }) => label),
    values.map(value => `${long}=${JSON.stringify(value)},other=""`),
  )
  const { families } = JSON.parse((await ask(`${url}dashboard/families.json`)).body.toString())
  t.match(families[0], { name: long, help: '\u2029"\\\n', labels: [long, 'other'] })
})

t.test('several registries are one list, without a name twice', async t => {
  const [a, b] = [fresh(t).registry, fresh(t).registry]
  a.gauge({ name: 'zz', help: '' }).set(1)
  b.gauge({ name: 'aa', help: '' }).set(2)
  const url = await served(t, [a, b])
  const { families } = JSON.parse((await ask(`${url}dashboard/families.json`)).body.toString())
  const names = families.map(({ name }: { name: string }) => name)
  t.strictSame(names, [...new Set(names)].sort())
  t.ok(names.includes('aa') && names.includes('zz'))
  t.strictSame(
    (await figures(url, 'aa', 'zz')).panels.map(({ total }) => total),
    [2, 1],
  )
})

t.test('of several registries, what clashes is neither listed nor served', async t => {
  const [a, b] = [fresh(t).registry, fresh(t).registry]
  a.histogram({ name: 'took', help: '', buckets: [1] }).observe(1)
  b.gauge({ name: 'took_other', help: '' }).set(3)
  const url = await served(t, [a, b], { log() {} })
  // Before it serves, this would be refused.
  b.counter({ name: 'took_count', help: '' }).inc(7)
  const { families } = JSON.parse((await ask(`${url}dashboard/families.json`)).body.toString())
  const names = families.map(({ name }: { name: string }) => name)
  t.strictSame(
    names.filter((name: string) => name.startsWith('took')),
    ['took', 'took_other'],
  )
  const [clashing, other] = (await figures(url, 'took_count', 'took_other')).panels
  t.strictSame([clashing!.problem, other!.total], ['unknown', 3])
})

t.test('a long list of families is compressed', async t => {
  const { registry } = fresh(t)
  for (let n = 0; n < 300; n++) registry.gauge({ name: `g${n}`, help: 'the same words again and again' })
  const url = await served(t, registry)
  const packed = await ask(`${url}dashboard/families.json`, { 'accept-encoding': 'gzip' })
  t.equal(packed.headers['content-encoding'], 'gzip')
  const plain = await ask(`${url}dashboard/families.json`)
  t.strictSame(JSON.parse(gunzipSync(packed.body).toString()), JSON.parse(plain.body.toString()))
})
