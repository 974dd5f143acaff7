/** A registry is found from every thread, and what threads record in it is one. */
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type * as Postmeter from '../../src/index.js'
import { createRegistry, getRegistry } from '../../src/index.js'
import { fresh, samples } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'

const C = { name: 'c_total', help: 'h', labelNames: ['x'] } as const

async function counts(thread: Thread, name: string, labels = { x: 'a' }): Promise<void> {
  await thread.call('get', name)
  await thread.call('register', 'counter', C)
  await thread.call('inc', 'c_total', labels)
}

t.test('a Worker finds the registry, however it was started', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter(C)
  counter.inc({ x: 'a' })
  let expected = 1
  for (const [what, options] of [
    ['plainly', {}],
    ['with an environment of its own', { env: { A: 'b' } }],
    ['with no environment', { env: {} }],
    [
      'with resource limits',
      {
        resourceLimits: {
          maxOldGenerationSizeMb: 64,
          maxYoungGenerationSizeMb: 16,
        },
      },
    ],
    ['from a string', { eval: true }],
    ['with data', { workerData: { anything: 1 } }],
  ] as const) {
    const thread = new Thread(t, options)
    await counts(thread, registry.name)
    t.equal(registry.value('c_total', { x: 'a' }), ++expected, `started ${what}`)
    t.equal(await thread.call('value', 'c_total', { x: 'a' }), expected, 'and it sees what all counted')
    await thread.end()
  }
  t.equal(registry.value('c_total', { x: 'a' }), expected, 'what they counted outlives them')
})

t.test('a nested Worker finds it, whether or not the one between uses it', async t => {
  for (const used of [true, false]) {
    const { registry } = fresh(t)
    const thread = new Thread(t)
    if (used) await counts(thread, registry.name)
    await thread.call('spawn')
    await thread.call('below', 'get', registry.name)
    await thread.call('below', 'register', 'counter', C)
    await thread.call('below', 'inc', 'c_total', { x: 'a' })
    t.equal(registry.value('c_total', { x: 'a' }), used ? 2 : 1)
  }
})

t.test('a Worker that was started before finds it by its handle', async t => {
  const thread = new Thread(t)
  await thread.call('threadId')
  const { registry } = fresh(t)
  await t.rejects(
    thread.call('get', registry.name),
    new RegExp(`no registry "${registry.name}" in this thread`),
  )
  t.equal(await thread.call('get', registry.handle), registry.name)
  t.equal(await thread.call('get', registry.handle), registry.name, 'again')
  t.equal(await thread.call('get', registry.name), registry.name, 'by name too from then on')
  await counts(thread, registry.name)
  t.equal(registry.value('c_total', { x: 'a' }), 1)
})

t.test('what is no handle is refused, in words', async t => {
  const { registry } = fresh(t)
  const { handle } = registry
  t.throws(() => getRegistry({} as never), /option "handle".*is not the handle of a registry/)
  t.throws(() => getRegistry({ ...handle, postmeter: 99 }), /layout version of another release.*reads \d/)
  const memory = new WebAssembly.Memory({
    initial: 1,
    maximum: 1,
    shared: true,
  })
  t.throws(() => getRegistry({ ...handle, memory }), /memory that postmeter did not lay out/)
  t.throws(() => getRegistry(5 as never), /option "name": 5/)
  for (const odd of [{ name: () => 1 }, { name: Symbol('s') }, { id: 5 }, { options: undefined }]) {
    t.throws(
      () => getRegistry({ ...handle, ...odd } as never),
      /option "handle".*is not the handle of a registry/,
    )
  }
})

t.test('a handle with more in it keeps this thread from starting no Worker', async t => {
  const { handle } = fresh(t).registry
  const other = getRegistry({ ...handle, name: `${handle.name} too`, more: () => 1 } as never)
  t.teardown(() => other.close())
  const worker = new Worker('', { eval: true })
  await once(worker, 'exit')
  t.same(Object.keys(other.handle).sort(), ['file', 'id', 'kernel', 'memory', 'name', 'options', 'postmeter'])
})

t.test('what is no Worker, and no callback, is refused, in words', async t => {
  const { registry } = fresh(t)
  for (const odd of [undefined, null, 5, {}, { threadId: 5 }] as never[]) {
    t.throws(() => registry.watch(odd), { name: 'TypeError', message: /^watch: .* is not a Worker$/ })
  }
  t.throws(() => registry.onClose(5 as never), { name: 'TypeError', message: 'onClose: 5 is not a function' })
})

t.test('a callback that throws when the registry is closed keeps nothing else from ending', async t => {
  const registry = createRegistry({ name: 'odd callback', memory: '16MiB' })
  const c = registry.counter({ name: 'c', help: '', labelNames: ['n'] })
  for (let n = 0; n < 5_000; n++) c.inc({ n })
  const started = new Promise<Worker>(resolve => process.once('worker', resolve))
  await registry.metrics()
  const pool = await started
  const ended = once(pool, 'exit')
  let heard = 0
  registry.onClose(() => {
    throw new Error('odd')
  })
  registry.onClose(() => void heard++)
  await t.rejects(registry.close(), /odd/)
  t.equal(heard, 1, 'the others are called')
  await ended
  t.pass('the pool is ended')
})

t.test('two names are two registries', async t => {
  const a = fresh(t).registry
  const b = fresh(t).registry
  a.counter(C).inc({ x: 'a' })
  t.equal(b.value('c_total', { x: 'a' }), undefined)
  b.gauge({
    name: 'c_total',
    help: 'another type, another label',
    labelNames: ['y'],
  }).set({ y: 'a' }, 5)
  t.equal(a.value('c_total', { x: 'a' }), 1)
  t.equal(b.value('c_total', { y: 'a' }), 5)
  const thread = new Thread(t)
  await counts(thread, a.name)
  await thread.call('get', b.name)
  t.equal(await thread.call('value', 'c_total', { y: 'a' }), 5)
  t.equal(a.value('c_total', { x: 'a' }), 2)
})

t.test('the same name is the same registry; with other options it is an error that names both', async t => {
  const options = { memory: '8MiB', labels: { node: 'a' }, maxThreads: 7 }
  const { registry } = fresh(t, options)
  const { name } = registry
  t.equal(createRegistry({ ...options, name }), registry)
  t.equal(
    createRegistry({ ...options, name, memory: 8 * 2 ** 20 }),
    registry,
    'the same size, spelled otherwise',
  )
  t.equal(getRegistry(name), registry)
  for (const other of [
    { memory: '9MiB' },
    { labels: { node: 'b' } },
    { maxThreads: 8 },
    { maxSeries: 5 },
    { maxLabelLength: 9 },
  ]) {
    t.throws(
      () => createRegistry({ ...options, ...other, name }),
      new RegExp(`registry "${name}" exists with options`),
    )
  }
  const thread = new Thread(t)
  await thread.call('create', { ...options, name })
  await t.rejects(thread.call('create', { ...options, name, maxThreads: 8 }), /exists with options/)
})

t.test('the default registry: made by main if need be, found by Workers', async t => {
  const registry = getRegistry()
  t.teardown(() => registry.close())
  t.equal(registry.name, 'default')
  t.equal(getRegistry(), registry)
  t.equal(createRegistry(), registry)
  const thread = new Thread(t)
  t.equal(await thread.call('get'), 'default')
})

t.test('where there is none, it says so', async t => {
  t.throws(() => getRegistry('nobody made it'), /there is no registry "nobody made it" in this thread/)
  const thread = new Thread(t)
  await t.rejects(thread.call('get'), /there is no registry "default" in this thread/)
})

t.test('close can be awaited twice, frees the name, and ends the registry', async t => {
  const { registry } = fresh(t)
  const { name, handle } = registry
  registry.counter(C).inc({ x: 'a' })
  const counter = registry.counter(C)
  const child = counter.labels('a')
  const small = registry.counter({ ...C, name: 'small_total', maxSeries: 1 })
  small.inc({ x: 'a' })
  const refused = small.labels('b')
  refused.inc()
  let heard = 0
  registry.onClose(() => {
    heard++
  })
  const off = registry.onClose(() => {
    heard += 100
  })
  off()
  await Promise.all([registry.close(), registry.close()])
  await registry.close()
  t.equal(heard, 1, 'the callback that stayed was called, once')
  t.throws(() => registry.counter({ ...C, name: 'another' }), new RegExp(`registry "${name}" is closed`))
  await t.rejects(registry.metrics(), /is closed/)
  // What is recorded from here on is dropped: see instruments/after-close.test.ts.
  t.doesNotThrow(() => child.inc())
  t.doesNotThrow(() => refused.inc())
  t.throws(() => getRegistry(name), /there is no registry/)
  t.throws(() => getRegistry(handle), /is closed/)
  const again = createRegistry({ name, memory: '5MiB' })
  t.teardown(() => again.close())
  t.not(again, registry)
  t.equal(again.value('c_total', { x: 'a' }), undefined, 'the name is free, for other options too')
  const thread = new Thread(t)
  await counts(thread, name)
  t.equal(again.value('c_total', { x: 'a' }), 1, 'and Workers find the new one')
})

t.test('a registry that another thread closed is closed here too, and its name free', async t => {
  const { registry } = fresh(t)
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  await registry.close()
  await t.rejects(thread.call('get', registry.name), /there is no registry|is closed/)
  const two = fresh(t).registry
  const other = new Thread(t)
  await other.call('get', two.name)
  await other.call('close')
  t.throws(() => two.counter(C), /is closed/)
  const again = createRegistry({ name: two.name, memory: '16MiB' })
  t.teardown(() => again.close())
  t.not(again, two)
  t.doesNotThrow(() => again.counter(C).inc({ x: 'a' }))
})

t.test('the same family registered in five threads at once is one family', async t => {
  const { registry } = fresh(t)
  const threads = Array.from({ length: 5 }, () => new Thread(t))
  await Promise.all(threads.map(thread => thread.call('get', registry.name)))
  const names = Array.from({ length: 12 }, (_, n) => `c_${n}`)
  for (const name of names) {
    const barrier = shared()
    await Promise.all(threads.map(thread => thread.call('race', barrier, 5, 'counter', { ...C, name })))
    await Promise.all(threads.map(thread => thread.call('inc', name, { x: 'same' })))
  }
  for (const name of names) t.equal(registry.value(name, { x: 'same' }), 5, name)
  const text = await registry.metrics()
  t.equal(text.match(/^# TYPE/gm)?.length, names.length)
  t.equal(samples(text).length, names.length)
})

t.test('of two kinds registered at once under one name, one wins and all others hear of it', async t => {
  const { registry } = fresh(t)
  const threads = Array.from({ length: 4 }, () => new Thread(t))
  await Promise.all(threads.map(thread => thread.call('get', registry.name)))
  for (let round = 0; round < 5; round++) {
    const barrier = shared()
    const name = `clash_${round}`
    const settled = await Promise.allSettled(
      threads.map((thread, n) =>
        thread.call('race', barrier, 4, n % 2 ? 'counter' : 'gauge', {
          name,
          help: '',
        }),
      ),
    )
    const refused = settled.filter(one => one.status === 'rejected')
    t.equal(refused.length, 2, 'those of the other kind')
    for (const one of refused)
      t.match((one as PromiseRejectedResult).reason.message, `"${name}" is registered already with type`)
  }
})

t.test('two copies of the package in one thread meet in one registry and one shard', async t => {
  const dist = fileURLToPath(new URL('../..', import.meta.url))
  const copy = mkdtempSync(`${dist}copy-`)
  t.teardown(() => rmSync(copy, { recursive: true }))
  cpSync(`${dist}src`, copy, { recursive: true })
  const other: typeof Postmeter = await import(pathToFileURL(`${copy}/index.js`).href)
  t.not(other.createRegistry, createRegistry, 'they are two')
  const { registry } = fresh(t, { maxThreads: 1 })
  const seen = other.getRegistry(registry.name)
  seen.counter(C).inc({ x: 'a' })
  registry.counter(C).inc({ x: 'a' })
  t.equal(registry.value('c_total', { x: 'a' }), 2, 'both count, where one thread may')
  t.equal(
    other.createRegistry({
      name: registry.name,
      memory: '16MiB',
      maxThreads: 1,
    }).handle,
    registry.handle,
  )
  const thread = new Thread(t, {
    workerData: { api: pathToFileURL(`${copy}/index.js`).href },
  })
  t.equal(await thread.call('get', registry.name), registry.name, 'a Worker with a copy finds it')
})
