/** Data that cannot be recorded, with option `onBadValue`: thrown at the call, or dropped, counted and logged once. */
import t from 'tap'
import { createRegistry, type Registry, type RegistryOptions } from '../../src/index.js'
import { drops, type Fresh, fresh } from '../support/registry.js'
import { Thread } from '../support/thread.js'

const help = 'h'
const labelNames = ['x'] as const
const x = 'a'
const wrong = <T>(value: unknown) => value as T
type X = { readonly x: string }
const MODES = ['throw', 'drop'] as const

const VALUE = 'ERR_POSTMETER_VALUE'
const LABEL = 'ERR_POSTMETER_LABEL'
type Call = [family: string, code: string, call: () => unknown]

function metrics(registry: Registry) {
  return {
    c: registry.counter({ name: 'c_total', help, labelNames }),
    two: registry.counter({ name: 'two_total', help, labelNames: ['x', 'y'] }),
    plain: registry.counter({ name: 'plain_total', help }),
    g: registry.gauge({ name: 'g', help, labelNames }),
    least: registry.gauge({ name: 'least', help, labelNames, aggregate: 'min' }),
    last: registry.gauge({ name: 'last', help, aggregate: 'last' }),
    touched: registry.gauge({ name: 'touched', help, labelNames, expire: 'untouched' }),
    h: registry.histogram({ name: 'h', help, labelNames }),
    native: registry.histogram({ name: 'native', help, labelNames, native: {} }),
    s: registry.summary({ name: 's', help, labelNames }),
    info: registry.info({ name: 'build_info', help, labelNames }),
    door: registry.stateset({ name: 'door', help, states: ['open', 'shut'], labelNames }),
    bare: registry.stateset({ name: 'bare', help, states: ['open', 'shut'] }),
  }
}

/** Objects that do not even say what they are. */
function unlike(): object[] {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const tagged = {
    get [Symbol.toStringTag]() {
      throw new Error('a getter')
    },
  }
  return [proxy, tagged]
}

/** Calls with bad data, each of which is one update. */
function badCalls(registry: Registry): Call[] {
  const { c, two, plain, g, least, last, touched, h, native, s, info, door, bare } = metrics(registry)
  const amounts = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const noNumbers = [null, '1', {}, 5n, true]
  const noTexts = [undefined, null, {}, [], () => {}, Symbol('s')]
  const steps = [...amounts, ...noNumbers]
  const stop = h.startTimer()
  const labels = h.labels(x)
  return [
    ...[...steps, -1].flatMap((value): Call[] => [
      ['c_total', VALUE, () => c.labels(x).inc(wrong(value))],
      ['c_total', VALUE, () => c.inc({ x }, wrong(value), { trace_id: 'a' })],
      ['s', VALUE, () => s.observe({ x }, wrong(value))],
    ]),
    ...steps.flatMap((value): Call[] => [
      ['g', VALUE, () => g.labels(x).inc(wrong(value))],
      ['g', VALUE, () => g.dec({ x }, wrong(value))],
      ['least', VALUE, () => least.inc({ x }, wrong(value))],
      ['touched', VALUE, () => touched.labels(x).inc(wrong(value))],
      ['touched', VALUE, () => touched.labels(x).dec(wrong(value))],
      ['h', VALUE, () => labels.observe(wrong(value), null)],
    ]),
    ...[...noNumbers, undefined].flatMap((value): Call[] => [
      ['g', VALUE, () => g.labels(x).set(wrong(value))],
      ['last', VALUE, () => last.labels().set(wrong(value))],
      ['touched', VALUE, () => touched.set({ x }, wrong(value))],
      ['native', VALUE, () => native.observe({ x }, wrong(value), { trace_id: 'a' })],
    ]),
    ['h', VALUE, () => h.observe({ x }, wrong(undefined))],
    ['plain_total', VALUE, () => plain.inc(-1)],
    ['plain_total', VALUE, () => plain.inc(wrong(null))],
    ...noTexts.flatMap((value): Call[] => [
      ['c_total', LABEL, () => c.inc(wrong<X>({ x: value }))],
      ['c_total', LABEL, () => c.labels(wrong<X>({ x: value })).inc(5)],
      ['two_total', LABEL, () => two.inc(wrong({ x: 'a', y: value }))],
      ['two_total', LABEL, () => two.labels(wrong(value), 'a').inc()],
      ['g', LABEL, () => g.set(wrong<X>({ x: value }), 1)],
      ['g', LABEL, () => g.setToCurrentTime(wrong<X>({ x: value }))],
      ['h', LABEL, () => h.observe(wrong<X>({ x: value }), 1)],
      ['native', LABEL, () => native.observe(wrong<X>({ x: value }), -1)],
      ['s', LABEL, () => s.observe(wrong<X>({ x: value }), 1)],
      ['build_info', LABEL, () => info.set(wrong<X>({ x: value }))],
      ['door', LABEL, () => door.become(wrong<X>({ x: value }), 'open')],
      ['door', LABEL, () => door.set(wrong<X>({ x: value }), 'open')],
      ['c_total', LABEL, () => c.remove(wrong<X>({ x: value }))],
    ]),
    ['c_total', LABEL, () => c.labels(wrong(undefined)).inc()],
    ['c_total', LABEL, () => c.labels(wrong(null)).inc()],
    ['c_total', LABEL, () => c.inc(wrong({}))],
    ['c_total', LABEL, () => c.inc(wrong<X>({}), Number.NaN)],
    ['c_total', LABEL, () => c.inc(wrong(undefined))],
    ['g', LABEL, () => g.set(wrong(null), 1)],
    ['two_total', LABEL, () => two.inc(wrong({ y: 'a' }))],
    ['h', LABEL, () => stop()],
    ['h', LABEL, () => h.startTimer({})(wrong({ x: null }))],
    ...[[x], 'a', 5, new Uint8Array(3), Symbol('s')].flatMap((labels): Call[] => [
      ['h', LABEL, () => h.startTimer(wrong(labels))({ x })],
      ['h', LABEL, () => h.startTimer({ x })(wrong(labels))],
      ['s', LABEL, () => s.startTimer(wrong(labels))({ x })],
      ['g', LABEL, () => g.startTimer()(wrong(labels))],
    ]),
    ['door', LABEL, () => door.set('open')],
    ...[[x], new Uint8Array(3)].flatMap((labels): Call[] => [
      ['c_total', LABEL, () => c.inc(wrong(labels))],
      ['c_total', LABEL, () => c.labels(wrong(labels)).inc()],
      ['door', LABEL, () => door.become(wrong<X>(labels), 'open')],
      ['bare', LABEL, () => bare.labels(wrong(labels)).become('open')],
    ]),
    ...[new Map(), ...unlike()].map((labels): Call => {
      return ['plain_total', LABEL, () => plain.inc(wrong(labels))]
    }),
    ['door', VALUE, () => door.labels({ x }).set(wrong('ajar'))],
    ['door', VALUE, () => door.become({ x }, wrong(undefined))],
    ['door', VALUE, () => door.labels({ x }).set('open', wrong(1))],
    ...['abc', 5, [], new Map(), true, ...unlike()].flatMap((exemplar): Call[] => [
      ['c_total', VALUE, () => c.labels(x).inc(1, wrong(exemplar))],
      ['h', VALUE, () => h.observe({ x }, 1, wrong(exemplar))],
      ['native', VALUE, () => native.labels(x).observe(1, wrong(exemplar))],
    ]),
  ]
}

/** Puts something into every series that the calls above might change. */
function begin(registry: Registry): void {
  const { c, two, plain, g, least, last, touched, h, native, s, info, door } = metrics(registry)
  c.inc({ x })
  two.inc({ x, y: 'a' })
  plain.inc()
  for (const gauge of [g, least, touched]) gauge.set({ x }, 5)
  last.set(5)
  for (const one of [h, native, s]) one.observe({ x }, 5)
  info.set({ x })
  door.become({ x }, 'shut')
}

/** All that a scrape exposes of the program's metrics. */
const exposed = (registry: Registry) => registry.metrics({ format: 'openmetrics' })

t.test('throw, the default: each names what was wrong, and nothing is recorded', async t => {
  for (const options of [{}, { onBadValue: 'throw' }] as RegistryOptions[]) {
    const { registry, arena, events } = fresh(t, options)
    begin(registry)
    const before = await exposed(registry)
    for (const [family, code, call] of badCalls(registry)) {
      // A child of good labels is made for nothing at most.
      t.throws(call, { code, message: new RegExp(`^metric "${family}": `) }, `${family}: ${call}`)
      t.equal(drops(arena, family, 'value'), 0)
    }
    t.equal(await exposed(registry), before)
    t.same(events, [])
  }
})

t.test('drop: nothing is thrown or recorded; each is counted, and logged once for each family', async t => {
  const { registry, arena, events } = fresh(t, { onBadValue: 'drop' })
  begin(registry)
  const before = await exposed(registry)
  const counts = new Map<string, number>()
  for (const [family, , call] of badCalls(registry)) {
    t.doesNotThrow(call, `${family}: ${call}`)
    counts.set(family, (counts.get(family) ?? 0) + 1)
    t.equal(drops(arena, family, 'value'), counts.get(family), `${family}: ${call}`)
  }
  t.equal(await exposed(registry), before)
  t.same(
    events.map(({ code }) => code),
    Array(counts.size).fill('dropped-value'),
  )
  t.equal(new Set(events.map(({ message }) => message.split(':')[0])).size, counts.size, 'each family')
  t.equal(
    events[0].message,
    'metric "c_total": updates are dropped and counted: what it was given cannot be recorded ' +
      '(option "onBadValue" of createRegistry): metric "c_total": inc(NaN): a counter takes finite numbers from 0 up',
  )
  const name = 'postmeter_dropped_updates_total'
  t.equal(registry.value(name, { family: 'c_total', reason: 'value' }), counts.get('c_total'))
  const text = await registry.metrics({ selfMetrics: true })
  t.match(text, `${name}{family="c_total",reason="value"} ${counts.get('c_total')}\n`)
})

t.test('a mistake in the program throws whatever the option says', async t => {
  for (const onBadValue of MODES) {
    const { registry, arena } = fresh(t, { onBadValue })
    const { c, two, plain, last, door, h } = metrics(registry)
    for (const [call, code] of [
      [() => registry.counter({ name: 'no name', help }), 'ERR_POSTMETER_OPTION'],
      [() => registry.gauge({ name: 'c_total', help }), 'ERR_POSTMETER_CONFLICT'],
      [() => c.inc(wrong({ y: 'a' })), LABEL],
      [() => c.inc(wrong({ x, y: undefined })), LABEL],
      [() => c.labels(), LABEL],
      [() => c.labels('a', 'b'), LABEL],
      [() => two.labels(wrong(undefined)), LABEL],
      [() => h.startTimer(wrong({ y: 'a' })), LABEL],
      [() => c.remove(wrong({ y: 'a' })), LABEL],
      [() => door.set(wrong<X>({ y: 'a' }), 'open'), LABEL],
      [() => last.inc(), 'ERR_POSTMETER_CALL'],
      [() => plain.remove(wrong({})), 'ERR_POSTMETER_CALL'],
    ] as const) {
      t.throws(call, { code }, `${onBadValue}: ${call}`)
    }
    for (const family of ['c_total', 'two_total', 'plain_total', 'last', 'door', 'h'])
      t.equal(drops(arena, family, 'value'), 0)
  }
})

t.test('what is too long never throws, and an exemplar never costs the count', async t => {
  for (const onBadValue of MODES) {
    const { registry, arena, events } = fresh(t, { onBadValue, maxLabelLength: 10 })
    const { c, h, native } = metrics(registry)
    c.inc({ x: 'x'.repeat(11) })
    t.equal(drops(arena, 'c_total', 'label'), 1)
    const unfit = [
      { trace_id: 'x'.repeat(200) },
      { trace_id: undefined },
      { trace_id: null },
      { trace_id: {} },
      { 'trace-id': 'a' },
      {
        get trace_id() {
          throw new Error('a getter')
        },
      },
    ]
    for (const exemplar of unfit) {
      c.labels(x).inc(1, wrong(exemplar))
      h.observe({ x }, 1, wrong(exemplar))
      native.observe({ x }, 1, wrong(exemplar))
    }
    t.equal(registry.value('c_total', { x }), unfit.length, onBadValue)
    t.match(registry.value('h', { x }), { count: unfit.length })
    t.match(registry.value('native', { x }), { count: unfit.length })
    t.same(
      events.map(({ code }) => code),
      ['dropped-label', ...Array(3).fill('exemplar-left-out')],
    )
    for (const family of ['c_total', 'h', 'native']) t.equal(drops(arena, family, 'value'), 0)
  }
})

t.test('what a timer ends with is not copied: a callback may be given a whole body', async t => {
  for (const onBadValue of MODES) {
    const { registry } = fresh(t, { onBadValue })
    const stop = registry.histogram({ name: 'd', help }).startTimer()
    for (const body of [Buffer.alloc(2 ** 25), 'x'.repeat(2 ** 25), new Array(2 ** 25)]) {
      const begin = performance.now()
      if (onBadValue === 'throw')
        t.throws(() => stop(wrong(body)), { code: LABEL, message: /is no object of labels/ })
      else t.type(stop(wrong(body)), 'number')
      t.ok(performance.now() - begin < 1_000)
    }
    t.match(registry.value('d'), { count: 0 })
  }
})

t.test('the child of bad labels is no series: not in a map, not in memory, not in a scrape', async t => {
  const { registry, arena } = fresh(t, { onBadValue: 'drop' })
  const { c, two, h } = metrics(registry)
  const made = () => Number(registry.value('postmeter_series_made_total'))
  const before = made()
  const child = c.labels(wrong({ x: undefined }))
  child.inc(5)
  child.inc(5, { trace_id: 'a' })
  h.labels(wrong(null)).startTimer()()
  t.equal(drops(arena, 'c_total', 'value'), 2)
  t.equal(drops(arena, 'h', 'value'), 1)
  t.same(JSON.parse(JSON.stringify(child)), { name: 'c_total', type: 'counter', labels: {} })
  for (const text of ['', 'undefined', 'null', '[object Object]']) c.inc({ x: text })
  two.labels(wrong(undefined), 'a').inc()
  two.labels('', 'a').inc(2)
  t.equal(drops(arena, 'c_total', 'value'), 2)
  for (const text of ['', 'undefined', 'null', '[object Object]'])
    t.equal(registry.value('c_total', { x: text }), 1)
  t.equal(registry.value('two_total', { x: '', y: 'a' }), 2)
  t.equal(made() - before, 5)
  // Room that is made for others makes none for it.
  registry.counter({ name: 'other_total', help, labelNames, maxSeries: 1 }).inc({ x })
  child.inc()
  t.equal(drops(arena, 'c_total', 'value'), 3)
})

t.test('what is dropped is no touch', async t => {
  const { registry, arena } = fresh(t, { onBadValue: 'drop' })
  const child = metrics(registry).touched.labels(x) as unknown as {
    touch: number
    set(value: unknown): void
    inc(value?: unknown): void
    dec(value?: unknown): void
  }
  child.set(Number.NaN)
  child.set(1)
  child.inc()
  child.dec(2)
  t.equal(arena.f64[child.touch], 4)
  for (const bad of ['1', null, {}]) child.set(bad)
  for (const bad of [Number.NaN, '1', null]) {
    child.inc(bad)
    child.dec(bad)
  }
  t.equal(arena.f64[child.touch], 4)
})

t.test('a collect callback that sets nothing useful has not failed', async t => {
  const { registry, arena, events } = fresh(t, { onBadValue: 'drop' })
  registry.gauge({ name: 'free', help, collect: gauge => gauge.set(wrong(undefined)) })
  await registry.metrics()
  t.ok(drops(arena, 'free', 'value') >= 1)
  t.same(
    events.map(({ code }) => code),
    ['dropped-value'],
  )
})

t.test('after close(), what is bad throws or is counted as before', async t => {
  for (const onBadValue of MODES) {
    const { registry, arena } = fresh(t, { onBadValue })
    const { c } = metrics(registry)
    const child = c.labels(x)
    await registry.close()
    if (onBadValue === 'throw') t.throws(() => child.inc(-1), { code: VALUE })
    else {
      child.inc(-1)
      c.inc(wrong({ x: null }))
      t.equal(drops(arena, 'c_total', 'value'), 1)
      t.equal(drops(arena, 'c_total', 'closed'), 1)
    }
  }
})

t.test('threads: the option is the registry’s, and cannot differ', async t => {
  const dropping = fresh(t, { onBadValue: 'drop' })
  const throwing = fresh(t)
  const thread = new Thread(t, { stderr: true })
  const options = { name: 'c_total', help, labelNames }
  const count = async ({ registry }: Fresh) => {
    await thread.call('get', registry.name)
    await thread.call('register', 'counter', options)
    await thread.call('inc', 'c_total', { x }, 1)
    await thread.call('inc', 'c_total', {}, 1)
    await thread.call('inc', 'c_total', { x }, -1)
  }
  await count(dropping)
  t.equal(dropping.registry.value('c_total', { x }), 1)
  t.equal(drops(dropping.arena, 'c_total', 'value'), 2)
  dropping.registry.counter(options as never).inc(wrong({ x: null }))
  t.equal(drops(dropping.arena, 'c_total', 'value'), 3, 'of all threads together')
  await t.rejects(count(throwing), /label "x" is missing/)
  const { name } = dropping.registry
  const memory = '16MiB'
  t.equal(createRegistry({ name, memory, onBadValue: 'drop' }), dropping.registry)
  const code = 'ERR_POSTMETER_CONFLICT'
  t.throws(() => createRegistry({ name, memory }), { code })
  await t.rejects(thread.call('create', { name, memory, onBadValue: 'throw' }), /exists with options/)
})

t.test('it is throw or drop', async t => {
  for (const onBadValue of ['', 'warn', null, true, 0] as never[])
    t.throws(() => fresh(t, { onBadValue }), { message: /^option "onBadValue": .* is none of throw, drop$/ })
})
