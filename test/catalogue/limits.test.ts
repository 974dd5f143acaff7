/** Limits reached at run time: nothing is thrown, what is dropped is counted, and said once. */
import t from 'tap'
import { countDrop, dropped } from '../../src/catalogue/drops.js'
import { Families } from '../../src/catalogue/families.js'
import * as L from '../../src/memory/layout.js'
import { drops, familyOf, fill, fresh, samples, shardsIn } from '../support/registry.js'
import { Thread } from '../support/thread.js'

const C = { name: 'c_total', help: 'h', labelNames: ['x'] } as const

t.test('memory full: what exists goes on, what is new is dropped', async t => {
  const { registry, arena, events } = fresh(t, { memory: '4MiB' })
  const counter = registry.counter(C)
  const histogram = registry.histogram({
    name: 'h',
    help: '',
    labelNames: ['x'],
  })
  const unused = registry.gauge({ name: 'unused', help: '' })
  const held = counter.labels('held')
  let made = 0
  while (drops(arena, 'c_total', 'memory') === 0 && made < 1e6) counter.labels(`series ${made++}`).inc()
  t.ok(made > 1_000, `full after ${made} series`)
  const before = drops(arena, 'c_total', 'memory')
  t.equal(before, 1)
  held.inc(3)
  t.equal(registry.value('c_total', { x: 'held' }), 3, 'what exists counts on')
  t.equal(registry.value('c_total', { x: 'series 5' }), 1)
  fill(arena)
  for (let n = 0; n < 10; n++) counter.inc({ x: `no room ${n}` })
  const child = counter.labels('no room either')
  child.inc()
  child.inc(5)
  t.equal(drops(arena, 'c_total', 'memory'), before + 12, 'each update is counted')
  t.doesNotThrow(() => histogram.observe({ x: 'a' }, 1))
  t.equal(drops(arena, 'h', 'memory'), 1)
  unused.set(5)
  t.equal((registry.value('unused') as number) === 5 || drops(arena, 'unused', 'memory') === 1, true)
  t.throws(() => child.inc(-1), /inc\(-1\)/, 'a mistake in the program is still one')
  t.throws(() => counter.labels({ y: 'x' } as never), /"y" is not known/)
  const said = events.filter(event => event.code === 'dropped-memory').map(event => event.message)
  t.equal(said.filter(message => message.includes('"c_total"')).length, 1, 'said once')
  t.match(said[0], /metric "c_total": updates are dropped and counted: memory is full \(option "memory"/)
  const exposed = samples(await registry.metrics()).filter(line => line.startsWith('c_total'))
  t.equal(exposed.length, arena.i32[L.H_SERIES], 'and all that was made is exposed')
  // The last one may have got a place, and no cells.
  t.ok(exposed.length === made || exposed.length === made + 1, `${exposed.length} of ${made}`)
})

t.test('memory full at any moment of a registration or a first use: exposed whole or not at all', async t => {
  for (let but = 0; but <= 400; but += 8) {
    const { registry, arena } = fresh(t, { memory: '4MiB' })
    fill(arena, but)
    const counter = registry.counter(C)
    counter.inc({ x: 'a' })
    const plain = registry.counter({ name: 'plain', help: 'h' })
    plain.inc()
    const histogram = registry.histogram({
      name: 'h',
      help: 'h',
      labelNames: ['x'],
      buckets: [1],
    })
    histogram.observe({ x: 'a' }, 1)
    const all: [string, object | undefined, number][] = [
      ['c_total', { x: 'a' }, 1],
      ['plain', undefined, 1],
    ]
    for (const [name, labels, expected] of all) {
      const value = registry.value(name, labels as never)
      const known = new Families(arena).get(name) !== undefined
      if (value === expected) continue
      const lost = drops(arena, known ? name : undefined, 'memory')
      if (!((value === undefined || value === 0) && lost >= 1))
        t.fail(`${but} words left: ${name} is ${value}, ${lost} dropped`)
    }
    // Whatever could be registered can be exposed.
    for (const line of samples(await registry.metrics())) if (!/^\S+ \d+$/.test(line)) t.fail(line)
    JSON.parse(JSON.stringify(await registry.json()))
    await registry.close()
  }
  t.pass('51 sizes')
})

t.test('a family that found no memory drops all, whichever thread asks', async t => {
  const { registry, arena, events } = fresh(t, { memory: '4MiB' })
  fill(arena)
  const counter = registry.counter(C)
  counter.inc({ x: 'a' }, 5)
  counter.labels('a').inc()
  registry.gauge({ name: 'g', help: '' }).set(5)
  counter.reset()
  t.equal(drops(arena, undefined, 'memory'), 3, 'counted for the registry, where there is no family')
  t.equal(registry.value('c_total', { x: 'a' }), undefined)
  t.equal(await registry.metrics(), '')
  t.equal(events.length, 2, 'said once for each')
})

t.test("maxSeries, a family's and the registry's", async t => {
  const { registry, arena, events } = fresh(t, { maxSeries: 6 })
  const counter = registry.counter({ ...C, maxSeries: 4 })
  for (let n = 0; n < 10; n++) counter.inc({ x: String(n) })
  counter.inc({ x: '3' })
  t.equal(samples(await registry.metrics()).length, 4)
  t.equal(drops(arena, 'c_total', 'series'), 6)
  t.equal(registry.value('c_total', { x: '3' }), 2, 'those that are there go on')
  t.equal(registry.value('c_total', { x: '4' }), undefined)
  const other = registry.gauge({ name: 'g', help: '', labelNames: ['x'] })
  for (let n = 0; n < 5; n++) other.set({ x: String(n) }, 1)
  t.equal(samples(await registry.metrics()).length, 6)
  t.equal(drops(arena, 'g', 'series'), 3)
  t.strictSame(
    events.map(event => event.code),
    ['dropped-series', 'dropped-series'],
  )
  t.match(events[0].message, /"c_total".*as many series as allowed \(option "maxSeries"\)/)
  registry.gauge({ name: 'without_labels', help: '' }).set(1)
  const text = await registry.metrics({ selfMetrics: true })
  t.match(text, 'without_labels 1\n', 'what has no labels is not limited')
  t.match(text, 'postmeter_series 7\n', 'but counted')
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  await thread.call('register', 'counter', C)
  await thread.call('inc', 'c_total', { x: '0' })
  await thread.call('inc', 'c_total', { x: 'new' })
  t.equal(registry.value('c_total', { x: '0' }), 2, "another thread meets the same limit, the first's")
  t.equal(drops(arena, 'c_total', 'series'), 7)
})

t.test('maxThreads: who comes too late drops, until there is room', async t => {
  const { registry, arena } = fresh(t, { maxThreads: 2 })
  const [a, b, c] = [new Thread(t), new Thread(t), new Thread(t)]
  for (const thread of [a, b, c]) {
    await thread.call('get', registry.name)
    await thread.call('register', 'counter', C)
    await thread.call('inc', 'c_total', { x: 'a' })
  }
  t.equal(registry.value('c_total', { x: 'a' }), 2)
  t.equal(shardsIn(arena, L.SHARD_LIVE), 2)
  t.equal(drops(arena, 'c_total', 'threads'), 1)
  t.equal(await c.call('value', 'c_total', { x: 'a' }), 2, 'it can read all the same')
  t.match(await c.call('metrics'), 'c_total{x="a"} 2\n')
  await c.call('inc', 'c_total', { x: 'a' }, 1, 5)
  t.equal(drops(arena, 'c_total', 'threads'), 6)
  await a.end()
  await c.call('inc', 'c_total', { x: 'a' })
  t.equal(registry.value('c_total', { x: 'a' }), 3, 'one that ended makes room')
  t.equal(drops(arena, 'c_total', 'threads'), 6)
  registry.counter(C).inc({ x: 'a' })
  t.equal(drops(arena, 'c_total', 'threads'), 7, 'main is a thread like others')
})

t.test('a label value that is too long', async t => {
  const { registry, arena, events } = fresh(t, { maxLabelLength: 8 })
  const counter = registry.counter({ ...C, labelNames: ['x', 'y'] })
  for (const value of ['x'.repeat(9), 'é'.repeat(5), '😀😀x', `${'"'.repeat(9)}`]) {
    counter.inc({ x: value, y: '' })
    counter.labels('', value).inc()
  }
  t.equal(drops(arena, 'c_total', 'label'), 8)
  counter.inc({ x: '12345678', y: 'éééé' })
  counter.inc({ x: '"'.repeat(8), y: '\n'.repeat(8) })
  t.equal(samples(await registry.metrics()).length, 2)
  t.strictSame(
    events.map(event => event.code),
    ['dropped-label'],
  )
  t.match(events[0].message, /a label value is too long \(option "maxLabelLength"/)
})

t.test('drops are counted beyond 2^32', async t => {
  const { registry, arena } = fresh(t)
  registry.counter(C)
  const { ref } = familyOf(arena, 'c_total')
  arena.i32[ref * 2 + L.F_DROPS] = -2
  countDrop(arena, ref, 0)
  t.equal(dropped(arena, ref, 0), 2 ** 32 - 1)
  countDrop(arena, ref, 0)
  t.equal(dropped(arena, ref, 0), 2 ** 32)
  countDrop(arena, ref, 0)
  t.equal(dropped(arena, ref, 0), 2 ** 32 + 1)
  t.equal(dropped(arena, ref, 1), 0)
})

t.test('a log hook that throws does no harm', async t => {
  const { registry } = fresh(t, {
    maxSeries: 1,
    log: () => {
      throw new Error('the hook')
    },
  })
  const warned = new Promise<Error & { code?: string }>(resolve => process.once('warning', resolve))
  const counter = registry.counter(C)
  counter.inc({ x: '1' })
  t.doesNotThrow(() => counter.inc({ x: '2' }))
  t.equal((await warned).code, 'dropped-series', "Node's warnings hear of it")
})

t.test('bad options of createRegistry', async t => {
  for (const [options, message] of [
    [{ name: '' }, /option "name": ""/],
    [{ name: 5 }, /option "name": 5/],
    [{ log: 5 }, /option "log": 5 is not a function/],
    [{ maxThreads: 0 }, /option "maxThreads": 0 is not from 1 to 4095/],
    [{ maxThreads: 4_096 }, /option "maxThreads": 4096/],
    [{ maxThreads: '5' }, /option "maxThreads": "5" is not a whole number/],
    [{ maxLabelLength: 65_537 }, /option "maxLabelLength"/],
    [{ maxSeries: -1 }, /option "maxSeries"/],
    [{ collectEvery: 9 }, /option "collectEvery"/],
    [{ colectEvery: 9 }, /option "colectEvery" is not known/],
    [{ labels: null }, /option "labels": null is not an object of label values/],
    [{ labels: ['a'] }, /option "labels": \["a"\] is not an object/],
    [{ labels: new Map([['a', 'x']]) }, /option "labels": \[object Map\] is not an object of label values/],
    [{ labels: { family: 'x' } }, /option "labels": "family" is a label of the library's own metrics/],
    [
      { labels: { a: 'x', reason: 'y' } },
      /option "labels": "reason" is a label of the library's own metrics/,
    ],
    [{ sweepEvery: '' }, /option "sweepEvery": "" is not a duration/],
    [{ expireAfter: '10 foo' }, /option "expireAfter": "10 foo" is not a duration/],
    [{ memory: '16MiB and more' }, /option "memory": "16MiB and more" is not a size/],
  ] as const)
    t.throws(() => fresh(t, options as object), message)
})

t.test('with any rest of memory left, no drop of any family is in no figure', async t => {
  for (let but = 0; but <= 1_200; but += 8) {
    const { registry, arena } = fresh(t, { memory: '4MiB' })
    fill(arena, but)
    let recorded = 0
    for (const name of ['one_total', 'two_total', 'three_total']) {
      const counter = registry.counter({ name, help: 'h', labelNames: ['x'] })
      for (let n = 0; n < 20; n++, recorded++) counter.inc({ x: `${n}` })
    }
    const text = await registry.metrics({ selfMetrics: true })
    const sum = (lines: RegExp) => [...text.matchAll(lines)].reduce((all, [, n]) => all + Number(n), 0)
    const counted = sum(/^\w+_total\{x="\d+"\} (\d+)$/gm)
    t.equal(counted + sum(/^postmeter_dropped_updates_total\{.*\} (\d+)$/gm), recorded, `${but} words left`)
  }
})

t.test('used bytes are all that is reserved when memory is full, however small it is', async t => {
  for (const memory of ['4MiB', '64MiB']) {
    const { registry, arena } = fresh(t, { memory })
    const figure = async (name: string) =>
      Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await registry.metrics({ selfMetrics: true }))?.[1])
    const reserved = await figure('postmeter_memory_reserved_bytes')
    t.equal(reserved, Number.parseInt(memory, 10) * 2 ** 20)
    t.ok((await figure('postmeter_memory_used_bytes')) < reserved * 0.6, 'an empty one')
    const counter = registry.counter(C)
    const wide = 'x'.repeat(4_000)
    for (let n = 0; drops(arena, 'c_total', 'memory') === 0; n++) counter.inc({ x: `${wide}${n}` })
    t.ok((await figure('postmeter_memory_used_bytes')) > reserved * 0.99, 'a full one')
    fill(arena)
    const used = await figure('postmeter_memory_used_bytes')
    t.ok(used > reserved - 8 * L.LINE_WORDS && used <= reserved)
  }
})
