/** collectDefaults(): prom-client's default metrics, once for the process and once for each thread. */
import { readFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import promClient from 'prom-client'
import t from 'tap'
import { collectDefaultsWith } from '../../src/defaults/collect-defaults.js'
import { collectDefaults, type DefaultsOptions, type Registry, serve } from '../../src/index.js'
import { getBody } from '../support/get-body.js'
import { Process } from '../support/process.js'
import { fresh, samples } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'
import { until } from '../support/until.js'

t.setTimeout(120_000)

const COLLECTED = 'nodejs_last_collection_timestamp_seconds'
const USED = 'nodejs_heap_size_used_bytes'
const MAIN = { thread: threadId }
/** A container's limit, as the system would tell it. */
const limits = () => ({ limit: 2 ** 30, used: 5_000_000, folder: '/sys/fs/cgroup' })
const none = () => undefined

/** Names, types, and label names of the first series, of what an exposition has. */
function families(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]))
}

const of = (registry: Registry, name: string, labels: object = {}) =>
  registry.value(name, labels as Record<string, string>) as number

/** A thread that tells of itself, and has done so. */
async function telling(t: Parameters<typeof fresh>[0], registry: Registry, options?: DefaultsOptions) {
  const thread = new Thread(t)
  await thread.call('get', registry.name)
  await thread.call('defaults', options)
  await thread.call('metrics')
  return thread
}

t.test("prom-client's names, types and help, and a few more", async t => {
  const { registry } = fresh(t)
  collectDefaultsWith(registry, {}, limits)
  const register = new promClient.Registry()
  promClient.collectDefaultMetrics({ register })
  const ours = await registry.metrics({ selfMetrics: false })
  const theirs = await register.metrics()
  const told = families(ours)
  for (const [name, type] of families(theirs)) t.equal(told.get(name), type, name)
  for (const help of theirs.match(/^# HELP .*$/gm) ?? []) t.ok(ours.includes(`${help}\n`), help)
  const more = [...told.keys()].filter(name => !families(theirs).has(name))
  t.strictSame(more.sort(), ['memory_limit', 'memory_usage', 'nodejs_eventloop_utilization', COLLECTED])
})

t.test('what it tells is so', async t => {
  const { registry } = fresh(t)
  const before = Date.now() / 1000
  const spent = process.cpuUsage()
  collectDefaultsWith(registry, {}, limits)
  await registry.metrics()
  const now = process.cpuUsage()
  const cpu = of(registry, 'process_cpu_seconds_total')
  t.ok(cpu >= (spent.user + spent.system) / 1e6, 'all that the process has spent since its start')
  t.ok(cpu <= (now.user + now.system) / 1e6)
  const [user, system] = ['user', 'system'].map(of_ => of(registry, `process_cpu_${of_}_seconds_total`))
  t.ok(Math.abs(user! + system! - cpu) < 1e-6)
  t.ok(Math.abs(of(registry, 'process_start_time_seconds') - (before - process.uptime())) < 2)
  t.ok(of(registry, 'process_resident_memory_bytes') > 10e6)
  if (process.platform === 'linux') {
    const most = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    t.equal(of(registry, 'process_max_fds'), Number(most))
    t.ok(of(registry, 'process_open_fds') >= 3)
  }
  t.equal(of(registry, 'memory_limit'), 2 ** 30)
  t.equal(of(registry, 'memory_usage'), 5_000_000)
  t.ok(of(registry, USED, MAIN) > 1e6)
  t.ok(of(registry, USED, MAIN) <= of(registry, 'nodejs_heap_size_total_bytes', MAIN))
  t.ok(of(registry, 'nodejs_heap_space_size_used_bytes', { ...MAIN, space: 'old' }) > 0)
  t.ok(of(registry, 'nodejs_active_handles_total', MAIN) >= 0)
  t.ok(of(registry, COLLECTED, MAIN) >= before - 1)
  const utilization = of(registry, 'nodejs_eventloop_utilization', MAIN)
  t.ok(utilization >= 0 && utilization <= 1, `${utilization}`)
  const [major, minor, patch] = process.version.slice(1).split('.')
  t.equal(of(registry, 'nodejs_version_info', { version: process.version, major, minor, patch }), 1)
})

t.test('a loop that was late shows', async t => {
  const { registry } = fresh(t)
  collectDefaultsWith(registry, {}, none)
  const lag = 'nodejs_eventloop_lag_max_seconds'
  // A delay counts from the look before it: the first may have come before there was one.
  await until('it was late', async () => {
    Atomics.wait(shared(), 0, 0, 300)
    await registry.metrics()
    return of(registry, lag, MAIN) >= 0.25
  })
  await until('the turn after a collection', () => of(registry, 'nodejs_eventloop_lag_seconds', MAIN) > 0)
})

t.test('collected garbage is counted by kind', async t => {
  const { registry } = fresh(t)
  collectDefaultsWith(registry, { gcDurationBuckets: [0.5, 1] }, none)
  const count = () =>
    (
      registry.value('nodejs_gc_duration_seconds', { ...MAIN, kind: 'minor' }) as
        | { count: number }
        | undefined
    )?.count ?? 0
  let kept: unknown[] = []
  await until('garbage is collected', () => {
    kept = Array.from({ length: 10_000 }, (_, n) => ({ n, kept: kept.length }))
    return count() > 0
  })
  t.match(await registry.metrics(), /_bucket\{thread="0",kind="minor",le="0\.5"\}/)
})

t.test('where no control group has a limit, none is told', async t => {
  const { registry } = fresh(t)
  collectDefaultsWith(registry, {}, none)
  t.notMatch(await registry.metrics(), /memory_limit|memory_usage/)
})

t.test('where something else tells of the limit, it is an error, or left out', async t => {
  const { registry } = fresh(t)
  registry.gauge({ name: 'memory_limit', help: 'another limit', aggregate: 'last' }).set(7)
  t.throws(() => collectDefaultsWith(registry, {}, limits), {
    code: 'ERR_POSTMETER_CONFLICT',
    message: /"memory_limit"/,
  })
  collectDefaultsWith(registry, { memory: false }, limits)
  t.match(await registry.metrics(), /^memory_limit 7$/m)
})

t.test('each thread has series of its own, which go with it', async t => {
  const { registry } = fresh(t, { collectEvery: 20 })
  collectDefaults(registry)
  const thread = await telling(t, registry)
  const id = await thread.call<number>('threadId')
  await registry.metrics()
  for (const labels of [MAIN, { thread: id }]) t.ok(of(registry, USED, labels) > 0)
  const text = await registry.metrics()
  t.equal(text.match(/^process_resident_memory_bytes /gm)?.length, 1, 'the process is told of once')
  t.match(text, new RegExp(`thread="${id}"`))
  await thread.end()
  await until('its series are gone', async () => !(await registry.metrics()).includes(`thread="${id}"`))
  t.ok(of(registry, USED, MAIN) > 0)
})

t.test('without label `thread` the figures combine', async t => {
  const { registry } = fresh(t)
  const options = { threads: false }
  collectDefaults(registry, options)
  await registry.metrics()
  const alone = of(registry, USED)
  const thread = await telling(t, registry, options)
  const both = of(registry, USED)
  t.ok(both > alone, `${both} is the sum of both heaps, and ${alone} was the one`)
  t.notMatch(await registry.metrics(), /thread=/)
  await thread.end()
  t.ok(of(registry, USED) > 0)
  t.ok(of(registry, COLLECTED) > 1e9, 'the time is that of the thread that has waited longest')
})

t.test('a thread that is blocked goes on being exposed, and its age shows', async t => {
  const { registry } = fresh(t, { collectEvery: 20 })
  collectDefaults(registry)
  const front = await serve(registry, { listen: '127.0.0.1:0' })
  t.teardown(() => front.close())
  const thread = await telling(t, registry)
  const id = await thread.call<number>('threadId')
  const flags = shared()
  const blocked = thread.call('block', flags)
  await until('it is blocked', () => Atomics.load(flags, 1) === 1)
  const last = of(registry, COLLECTED, { thread: id })
  const main = of(registry, COLLECTED, MAIN)
  await until('the main thread has collected some times', () => of(registry, COLLECTED, MAIN) > main + 0.2)
  const body = await getBody(front.url)
  t.match(body, new RegExp(`^${USED}\\{thread="${id}"\\} [1-9]`, 'm'))
  const line = new RegExp(`^${COLLECTED}\\{thread="${id}"\\} (.*)$`, 'm').exec(body)
  t.equal(Number(line?.[1]), last, 'it has not told of itself since')
  Atomics.store(flags, 0, 1)
  Atomics.notify(flags, 0)
  await blocked
  await until('it tells again', () => of(registry, COLLECTED, { thread: id }) > last)
})

t.test('a Worker can tell of the process, for a main thread that is blocked', async t => {
  const { registry } = fresh(t)
  collectDefaults(registry, { process: false })
  t.notMatch(await registry.metrics(), /^process_/m)
  await telling(t, registry, { process: true })
  t.ok(of(registry, 'process_resident_memory_bytes') > 10e6)
})

t.test('processor time counts once, whoever tells of the process, and after whom', async t => {
  const { registry } = fresh(t)
  const stop = collectDefaultsWith(registry, {}, none)
  await registry.metrics()
  for (let n = 0; n < 3; n++) await (await telling(t, registry, { process: true })).end()
  await telling(t, registry, { process: true })
  stop()
  collectDefaultsWith(registry, {}, none)
  await registry.metrics()
  const { user, system } = process.cpuUsage()
  const told = of(registry, 'process_cpu_seconds_total')
  t.ok(told <= (user + system) / 1e6, `${told} s, of ${(user + system) / 1e6}`)
})

t.test('processes that share a registry are told apart, and go when they are killed', async t => {
  const { registry } = fresh(t, { shared: true, collectEvery: 20 })
  collectDefaults(registry)
  const child = new Process(t)
  await child.call('get', registry.name)
  await child.call('defaults')
  await child.call('metrics')
  await registry.metrics()
  const labels = [process.pid, child.pid].map(pid => ({ pid }))
  for (const one of labels) {
    t.ok(of(registry, 'process_cpu_seconds_total', one) > 0)
    t.ok(of(registry, USED, { ...MAIN, ...one }) > 0, 'both have a thread 0')
  }
  await child.kill()
  await until('its series are gone', async () => !(await registry.metrics()).includes(`pid="${child.pid}"`))
  t.ok(of(registry, 'process_cpu_seconds_total', labels[0]) > 0)
})

t.test('prefix and labels', async t => {
  const { registry } = fresh(t, { labels: { host: 'mx1' } })
  collectDefaultsWith(registry, { prefix: 'mta_', labels: { part: 'smtp', n: 1 } }, limits)
  const text = await registry.metrics({ selfMetrics: false })
  t.ok(samples(text).every(line => line.startsWith('mta_') && line.includes('n="1",part="smtp"')))
  t.match(text, /^mta_nodejs_eventloop_utilization\{host="mx1",thread="0",n="1",part="smtp"\}/m)
})

t.test('a second call does nothing; with other options it is an error', async t => {
  const { registry } = fresh(t)
  const stop = collectDefaults(registry)
  t.equal(collectDefaults(registry, { threads: true }), stop)
  t.throws(() => collectDefaults(registry, { threads: false }), {
    code: 'ERR_POSTMETER_CONFLICT',
    message: /already, with other options: .*"threads":true.*"threads":false/,
  })
})

t.test('where a name is taken, it tells nothing at all', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'nodejs_gc_duration_seconds', help: 'of another kind' })
  t.throws(() => collectDefaultsWith(registry, {}, limits), { code: 'ERR_POSTMETER_CONFLICT' })
  t.notMatch(await registry.metrics({ selfMetrics: false }), /thread="/)
  collectDefaultsWith(registry, { prefix: 'own_' }, limits)
  t.match(await registry.metrics(), /^own_nodejs_heap_size/m)
})

t.test('without label `thread`, what has labels of its own goes when it is stopped', async t => {
  const { registry } = fresh(t)
  const stop = collectDefaultsWith(registry, { threads: false }, none)
  await registry.metrics()
  stop()
  const text = await registry.metrics({ selfMetrics: false })
  t.notMatch(text, /space=|type=|version=/)
  t.match(text, new RegExp(`^${USED} 0$`, 'm'), 'what has none is zero')
})

t.test('it can be stopped, and begun again', async t => {
  const { registry, events } = fresh(t)
  const stop = collectDefaultsWith(registry, {}, none)
  await registry.metrics()
  const cpu = of(registry, 'process_cpu_seconds_total')
  stop()
  stop()
  const text = await registry.metrics({ selfMetrics: false })
  t.notMatch(text, /thread="/, 'nothing of the thread is told any more')
  t.equal(of(registry, 'process_cpu_seconds_total'), cpu, 'what was counted stays')
  collectDefaultsWith(registry, {}, none)
  await registry.metrics()
  t.ok(of(registry, USED, MAIN) > 0)
  const now = process.cpuUsage()
  t.ok(of(registry, 'process_cpu_seconds_total') <= (now.user + now.system) / 1e6, 'nothing is counted twice')
  t.same(events, [])
})

t.test('the end of the registry ends it, with nothing to say', async t => {
  const { registry, events } = fresh(t)
  const stop = collectDefaults(registry)
  await registry.metrics()
  await registry.close()
  stop()
  t.same(events, [])
  t.throws(() => collectDefaults(registry), { code: 'ERR_POSTMETER_CLOSED' })
})

t.test('bad input is refused, by its name', t => {
  const { registry } = fresh(t, { labels: { host: 'a' } })
  const rows: [unknown, RegExp][] = [
    [null, /^collectDefaults: options null are no object/],
    [{ prefx: 'a' }, /^collectDefaults: option "prefx" is not known/],
    [{ prefix: '1_' }, /^option "prefix": "1_" is not the beginning/],
    [{ labels: 'a' }, /^option "labels": "a" is no object/],
    [{ labels: { 'a b': 1 } }, /^option "labels": "a b" /],
    [{ labels: { a: null } }, /^option "labels": null of "a" /],
    [{ labels: { thread: 1 } }, /^option "labels": "thread" /],
    [{ labels: { host: 1 } }, /"host" .*is a default label of the registry/],
    [{ threads: 1 }, /^option "threads": 1 is neither/],
    [{ memory: {} }, /^option "memory": .* is neither/],
    [{ process: 'main' }, /^option "process": "main" is neither/],
    [{ gcDurationBuckets: [2, 1] }, /^option "gcDurationBuckets": 1 .*not above/],
    [{ gcDurationBuckets: [] }, /^option "gcDurationBuckets": .*empty/],
    [{ eventLoopMonitoringPrecision: 0 }, /^option "eventLoopMonitoringPrecision": 0 is not from 1/],
    [{ eventLoopMonitoringPrecision: '5' }, /^option "eventLoopMonitoringPrecision": "5" is not a whole/],
  ]
  for (const [options, message] of rows) {
    t.throws(() => collectDefaults(registry, options as DefaultsOptions), { message }, `${message}`)
  }
  t.throws(() => collectDefaults({} as Registry), {
    code: 'ERR_POSTMETER_CALL',
    message: /is not a registry/,
  })
  t.end()
})

t.test('labels in another order are the same ones', t => {
  const { registry } = fresh(t)
  collectDefaults(registry, { labels: { part: 'a', zone: 'b' } })
  t.doesNotThrow(() => collectDefaults(registry, { labels: { zone: 'b', part: 'a' } }))
  t.end()
})
