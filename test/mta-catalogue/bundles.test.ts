/** One call counts in a metric and in those that add it up by service, provider, source and pool. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { Registry } from '../../src/index.js'
import { type MtaMetrics, mtaMetrics, type ReadyQueueBundle } from '../../src/mta.js'
import { until } from '../support/until.js'
import { freshRegistry } from './support.js'

const labels = {
  service: 'smtp_client:out-1->mx.big.example@smtp_client',
  protocol: 'smtp_client',
  provider: 'big',
  source: 'out-1',
  pool: 'bulk',
}
const { service, provider, source, pool } = labels
const total = { service: 'smtp_client' }
const byPool = { provider, pool }
const bySource = { provider, source, pool }

/** What a registry has of some metrics, those of labels only. */
function values(registry: Registry, series: Record<string, Record<string, string>[]>) {
  return Object.entries(series).flatMap(([name, sets]) => sets.map(set => registry.value(name, set)))
}

const DELIVERED = {
  total_messages_delivered: [{ service }, total],
  total_messages_delivered_by_provider: [{ provider }],
  total_messages_delivered_by_provider_and_source: [bySource],
}

const CALLS: [keyof ReadyQueueBundle, Record<string, Record<string, string>[]>][] = [
  ['delivered', DELIVERED],
  [
    'transfail',
    {
      total_messages_transfail: [{ service }, total],
      total_messages_transfail_by_provider: [{ provider }],
      total_messages_transfail_by_provider_and_source: [bySource],
    },
  ],
  [
    'fail',
    {
      total_messages_fail: [{ service }, total],
      total_messages_fail_by_provider: [{ provider }],
      total_messages_fail_by_provider_and_source: [bySource],
    },
  ],
  ['full', { ready_full: [{ service }, total] }],
  [
    'enter',
    {
      ready_count: [{ service }, total],
      queued_count_by_provider: [{ provider }],
      queued_count_by_provider_and_pool: [byPool],
    },
  ],
  [
    'connected',
    {
      connection_count: [{ service }, total],
      connection_count_by_provider: [{ provider }],
      connection_count_by_provider_and_pool: [byPool],
      total_connection_count: [{ service }, total],
    },
  ],
]

/** All samples but those of histograms. */
async function samples(registry: Registry): Promise<string[]> {
  return (await registry.metrics())
    .split('\n')
    .filter(line => /^(?!#)\w/.test(line) && !line.includes('latency'))
}

for (const [call, fed] of CALLS) {
  t.test(`${call}() counts in all of its metrics, and in no other`, async t => {
    const registry = freshRegistry(t)
    const bundle = mtaMetrics(registry).readyQueue(labels)
    const exposed = await samples(registry)
    t.ok(
      exposed.every(line => line.endsWith(' 0')),
      'the series exist, at 0, from the declaration on',
    )
    ;(bundle[call] as (count?: number) => void)()
    ;(bundle[call] as (count?: number) => void)(2)
    const wanted = values(registry, fed)
    t.strictSame(
      wanted,
      wanted.map(() => 3),
    )
    const moved = (await samples(registry)).filter(line => !line.endsWith(' 0'))
    t.equal(moved.length, wanted.length, 'nothing else moved')
    t.equal((await samples(registry)).length, exposed.length, 'and no series was made')
  })
}

t.test('leave() and disconnected() take back', async t => {
  const registry = freshRegistry(t)
  const bundle = mtaMetrics(registry).readyQueue(labels)
  bundle.enter(3)
  bundle.connected(2)
  bundle.leave(2)
  bundle.disconnected()
  t.strictSame(values(registry, CALLS[4]![1]), [1, 1, 1, 1])
  t.strictSame(values(registry, CALLS[5]![1]), [1, 1, 1, 1, 2, 2], 'connections that were made stay counted')
})

t.test('an attempt is timed for the protocol, or for the service that has none', async t => {
  const registry = freshRegistry(t)
  const mta = mtaMetrics(registry)
  mta.readyQueue(labels).attempted(0.5)
  mta.readyQueue({ service: 'lua' }).attempted(2)
  t.match(registry.value('deliver_message_latency_rollup', total), { count: 1, sum: 0.5 })
  t.match(registry.value('deliver_message_latency_rollup', { service: 'lua' }), { count: 1, sum: 2 })
  t.equal(registry.value('deliver_message_latency_rollup', { service }), undefined)
})

t.test('a metric whose labels are not all given is not fed', async t => {
  const registry = freshRegistry(t)
  const mta = mtaMetrics(registry)
  mta.readyQueue({ service, source, pool }).delivered()
  t.strictSame(values(registry, DELIVERED), [1, undefined, undefined, undefined], 'no provider')
  mta.readyQueue({ service, provider, source }).delivered()
  t.strictSame(values(registry, DELIVERED), [2, undefined, 1, undefined], 'no pool')
  t.equal(registry.value('queued_count_by_provider', { provider }), 0)
})

t.test('a scheduled queue counts by queue, domain, tenant, campaign and provider', async t => {
  const registry = freshRegistry(t)
  const mta = mtaMetrics(registry)
  const [queue, domain, tenant, campaign] = ['spring:shop@a.example', 'a.example', 'shop', 'spring']
  const full = mta.scheduledQueue({ queue, domain, tenant, campaign, provider, pool })
  const plain = mta.scheduledQueue({ queue: domain, domain })
  full.enter(5)
  full.leave(2)
  plain.enter()
  const fed = {
    scheduled_count: [{ queue }, { queue: domain }],
    scheduled_count_total: [{}],
    scheduled_by_domain: [{ domain }],
    scheduled_by_tenant: [{ tenant }],
    scheduled_by_tenant_campaign: [{ tenant, campaign }],
    queued_count_by_provider: [{ provider }],
    queued_count_by_provider_and_pool: [byPool],
  }
  t.strictSame(values(registry, fed), [3, 1, 4, 4, 3, 3, 3, 3])
  mta.scheduledQueue({ queue: `spring@${domain}`, domain, campaign }).enter()
  t.equal(registry.value('scheduled_by_tenant_campaign', { tenant: '', campaign }), 1)

  const delays = ['ready_queue_full', 'message_rate_throttle', 'throttle_insert_ready']
  const delayed = () => delays.map(why => registry.value(`delayed_due_to_${why}`, { queue }))
  t.strictSame(delayed(), [undefined, undefined, undefined], 'most queues are never delayed')
  full.delayedByReadyQueueFull()
  full.delayedByMessageRate(2)
  full.delayedByInsertThrottle(3)
  t.strictSame(delayed(), [1, 2, 3])
})

t.test('bundles of several threads add up; connections end with their thread, counts stay', async t => {
  const registry = freshRegistry(t)
  const here = mtaMetrics(registry).readyQueue(labels)
  here.connected()
  here.delivered(7)
  const file = new URL('../fixtures/mta-catalogue-worker.js', import.meta.url)
  const workers = [100, 1000].map(
    deliveries => new Worker(file, { workerData: { registry: registry.name, labels, deliveries } }),
  )
  await Promise.all(workers.map(worker => once(worker, 'message')))
  t.strictSame(values(registry, DELIVERED), [1107, 1107, 1107, 1107])
  t.strictSame(values(registry, CALLS[4]![1]), [6, 6, 6, 6])
  t.strictSame(values(registry, CALLS[5]![1]), [5, 5, 5, 5, 5, 5])
  await Promise.all(workers.map(worker => worker.terminate()))
  await until('the deaths are seen', () => registry.value('connection_count', total) === 1)
  t.strictSame(values(registry, CALLS[5]![1]), [1, 1, 1, 1, 5, 5])
  t.strictSame(values(registry, DELIVERED), [1107, 1107, 1107, 1107])
  t.strictSame(values(registry, CALLS[4]![1]), [6, 6, 6, 6], 'messages may have gone to another thread')
})

t.test('series that expired come back with the next call, those that are kept never go', async t => {
  const registry = freshRegistry(t, { sweepEvery: 10 })
  const mta = mtaMetrics(registry, { expireAfter: 20 })
  const bundle = mta.readyQueue(labels)
  mta.totalMessagesReceived.labels({ service })
  const all = () => values(registry, DELIVERED)
  bundle.delivered()
  await until('all expired', () => all().every(value => value === undefined))
  t.equal(registry.value('total_messages_received', { service }), 0)
  // Again and again, because they expire again. One that is only hidden yet comes back when a sweep sees that it moved.
  await until('all are back', () => {
    bundle.delivered()
    return all().every(value => (value as number) > 0)
  })
})

t.test('series of a registry whose default is to expire stay if the catalogue says so', async t => {
  const registry = freshRegistry(t, { sweepEvery: 10, expireAfter: 20 })
  const mta = mtaMetrics(registry, { expireAfter: '1h' })
  const others = registry.counter({ name: 'other_total', help: 'Other.', labelNames: ['n'] })
  others.labels({ n: 1 })
  mta.logSubmitFull.labels({ logger: 'l' })
  mta.readyFull.labels({ service })
  await until("the program's own expired", () => registry.value('other_total', { n: 1 }) === undefined)
  t.equal(registry.value('log_submit_full', { logger: 'l' }), 0)
  t.equal(registry.value('ready_full', { service }), 0)
})

t.test('mistakes in the labels are errors of the declaration, whatever onBadValue says', async t => {
  for (const onBadValue of ['throw', 'drop'] as const) {
    const registry = freshRegistry(t, { onBadValue })
    const mta = mtaMetrics(registry, { providers: ['big'], sources: ['out-1', 'out-2'], pools: ['bulk'] })
    const code = 'ERR_POSTMETER_LABEL'
    const ready = (change: object) => () => mta.readyQueue({ ...labels, ...change })
    const known = 'service, protocol, provider, source, pool'
    t.throws(ready({ provder: 'x' }), {
      code,
      message: `readyQueue: label "provder" is not known; there are ${known}`,
    })
    t.throws(ready({ service: undefined }), {
      code,
      message: 'readyQueue: label "service": undefined is no text',
    })
    t.throws(ready({ provider: 7 }), { code, message: 'readyQueue: label "provider": 7 is no text' })
    t.throws(ready({ pool: null }), { code, message: 'readyQueue: label "pool": null is no text' })
    t.throws(ready({ pool: '' }), { code, message: 'readyQueue: label "pool" is empty' })
    t.throws(ready({ protocol: service }), { code, message: /label "protocol": .* would count twice/ })
    const unknown = (label: string, list: string, names: string) =>
      `readyQueue: label "${label}": "else" is not among option "${list}" of mtaMetrics (${names})`
    t.throws(ready({ provider: 'else' }), { code, message: unknown('provider', 'providers', '"big"') })
    t.throws(ready({ source: 'else' }), { code, message: unknown('source', 'sources', '"out-1", "out-2"') })
    t.throws(ready({ pool: 'else' }), { code, message: unknown('pool', 'pools', '"bulk"') })
    for (const no of [undefined, null, 'smtp_client', ['smtp_client']]) {
      t.throws(() => mta.readyQueue(no as never), {
        code,
        message: /^readyQueue: .* is no object of labels$/,
      })
    }
    const scheduled = (given: object) => () => (mta as MtaMetrics).scheduledQueue(given as never)
    t.throws(scheduled({ queue: 'a' }), {
      code,
      message: 'scheduledQueue: label "domain": undefined is no text',
    })
    t.throws(scheduled({ queue: 'a', domain: 'a', provider: 'else' }), {
      code,
      message: /"else" is not among/,
    })
    t.equal(await registry.metrics(), '', 'nothing was registered')
    t.doesNotThrow(ready({}))
  }
})

t.test('a count that no counter takes is counted nowhere', async t => {
  const registry = freshRegistry(t)
  const bundle = mtaMetrics(registry).readyQueue(labels)
  for (const [call, fed] of CALLS) {
    t.throws(() => (bundle[call] as (count: number) => void)(Number.NaN), { code: 'ERR_POSTMETER_VALUE' })
    t.ok(values(registry, fed).every(value => value === 0))
  }
  t.throws(() => bundle.connected(-1), { code: 'ERR_POSTMETER_VALUE' })
  t.equal(registry.value('connection_count', { service }), 0)
})
