import t, { type Test } from 'tap'
import { classCounts } from '../../scripts/mta/bounce.js'
import type { DeliveryLog } from '../../scripts/mta/delivery-log.js'
import type { Message, Outcome } from '../../scripts/mta/message.js'
import { MailQueue } from '../../scripts/mta/queue.js'
import type { Connect } from '../../scripts/mta/ready.js'
import type { Answer } from '../../scripts/mta/resolver.js'
import { Sources } from '../../scripts/mta/sources.js'
import { createRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'

const client = { service: 'smtp_client' }
const site = { service: 'smtp_client:out->mx.x.test@smtp_client' }
const retry = {
  intervalMs: 100,
  maxIntervalMs: 10_000,
  jitter: 0,
  maxAttempts: 3,
}
let registries = 0

/** Lets everything that is only waiting for promises run. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** A queue whose clock stands still unless moved, and whose receiver answers as the test sets it. */
function bench(
  t: Test,
  outcomes: (Outcome | 'cannot connect')[],
  more: { maxReady?: number; maxConnections?: number } = {},
) {
  const registry = createRegistry({ name: `queue${registries++}` })
  t.teardown(() => registry.close())
  const metrics = mtaMetrics(registry)
  const clock = { time: 1000, now: () => clock.time }
  const sent: string[] = []
  const records: string[] = []
  const sessions = { open: 0, made: 0 }
  const connect: Connect = async () => {
    if (outcomes[0] === 'cannot connect') {
      outcomes.shift()
      throw new Error('refused')
    }
    sessions.open++
    sessions.made++
    let usable = true
    return {
      get usable() {
        return usable
      },
      async send(message) {
        sent.push(message.id)
        clock.time += 20
        return (
          (outcomes.shift() as Outcome | undefined) ?? {
            kind: 'delivered',
            response: '250 ok',
          }
        )
      },
      close() {
        if (usable) sessions.open--
        usable = false
      },
    }
  }
  const log: DeliveryLog = {
    record: (type, message, response) => records.push(`${type} ${message.id} ${response}`.trim()),
    close: async () => {},
  }
  const { maxReady = 10, maxConnections = 1 } = more
  const queue = new MailQueue({
    clock,
    random: () => 0.5,
    metrics,
    classes: classCounts(registry),
    log,
    connect,
    retry,
    maxReady,
    sources: new Sources([{ name: 'out', address: '127.0.0.1' }], metrics, clock, 1000),
    resolver: {
      resolve: (domain): Answer | Promise<Answer> => {
        if (domain === 'none.invalid') return Promise.resolve({ route: undefined })
        if (domain === 'broken.test') return Promise.reject(new Error('no answer'))
        return { route: { site: 'mx.x.test', provider: 'x', maxConnections } }
      },
    },
    idleMs: 5000,
    reapMs: 60_000,
  })
  const value = (name: string, labels?: Record<string, string>) => registry.value(name, labels)
  return { queue, clock, sent, records, sessions, value }
}

let ids = 0
function message(domain = 'x.test', more: Partial<Message> = {}): Message {
  const id = `m${ids++}`
  return {
    id,
    sender: 'a@b.test',
    recipient: `${id}@${domain}`,
    domain,
    tenant: undefined,
    campaign: undefined,
    data: Buffer.from('hello'),
    attempts: 0,
    ...more,
  }
}

const later: Outcome = { kind: 'transfail', response: '450 4.2.2 later' }

const refused: Outcome = { kind: 'fail', response: '550 5.1.1 no' }

t.test('a message that is delivered', async t => {
  const { queue, clock, sent, records, sessions, value } = bench(t, [])
  const m = message()
  queue.accept(m)
  t.equal(queue.size, 1)
  t.equal(value('message_count'), 1)
  t.equal(value('ready_count', site), 1)
  t.equal(value('ready_count', client), 1)
  t.equal(value('queued_count_by_provider', { provider: 'x' }), 1)
  await queue.idle()
  t.strictSame(sent, [m.id])
  t.equal(m.attempts, 1)
  t.equal(value('ready_count', site), 0)
  t.equal(value('queued_count_by_provider', { provider: 'x' }), 0)
  t.equal(value('total_messages_delivered', client), 1)
  t.equal(value('total_messages_delivered', site), 1)
  t.equal(value('total_messages_delivered_by_provider', { provider: 'x' }), 1)
  const from = { provider: 'x', source: 'out', pool: 'default' }
  t.equal(value('total_messages_delivered_by_provider_and_source', from), 1)
  t.equal(value('message_count'), 0)
  t.equal(value('scheduled_queue_count'), 1)
  t.equal(value('scheduled_count', { queue: 'x.test' }), undefined, 'it never had to wait')
  t.match(value('deliver_message_latency_rollup', client), {
    count: 1,
    sum: 0.02,
  })
  t.strictSame(records, [`Reception ${m.id}`, `Delivery ${m.id} 250 ok`])

  t.equal(sessions.open, 1, 'the connection is kept for more')
  t.equal(value('connection_count', client), 1)
  clock.time += 4999
  queue.tick()
  await settle()
  t.equal(sessions.open, 1)
  clock.time += 1
  queue.tick()
  await settle()
  t.equal(sessions.open, 0, 'but not for ever')
  t.equal(value('connection_count', client), 0)
  t.equal(value('total_connection_count', client), 1)
})

t.test('a message put off waits for its time, each time twice as long', async t => {
  const { queue, clock, sent, value } = bench(t, [later, later])
  const m = message()
  queue.accept(m)
  await settle()
  t.equal(sent.length, 1)
  t.equal(value('scheduled_count', { queue: 'x.test' }), 1)
  t.equal(value('scheduled_by_domain', { domain: 'x.test' }), 1)
  t.equal(value('scheduled_count_total'), 1)
  t.equal(
    value('queued_count_by_provider_and_pool', {
      provider: 'x',
      pool: 'default',
    }),
    1,
  )
  t.equal(value('total_messages_transfail', client), 1)
  t.equal(value('ready_count', client), 0)

  clock.time += 99
  queue.tick()
  await settle()
  t.equal(sent.length, 1, 'not yet')
  clock.time += 1
  queue.tick()
  await settle()
  t.equal(sent.length, 2, 'after 100 ms')
  clock.time += 199
  queue.tick()
  await settle()
  t.equal(sent.length, 2)
  clock.time += 31
  queue.tick()
  await queue.idle()
  t.equal(sent.length, 3, 'after 200 ms more')
  t.equal(m.attempts, 3)
  t.equal(value('scheduled_count', { queue: 'x.test' }), 0)
  t.equal(value('scheduled_count_total'), 0)
  t.equal(value('total_messages_transfail', client), 2)
  t.equal(value('total_messages_delivered', client), 1)
  t.equal(value('total_messages_fail', client), 0)
  t.equal(value('total_qmaint_runs'), 4)
  const tardiness = value('timeq_pop_tardiness') as {
    count: number
    sum: number
  }
  t.equal(tardiness.count, 2)
  t.ok(Math.abs(tardiness.sum - 0.03) < 1e-9, 'the second was taken out 30 ms late')
  t.match(value('timeq_pop_latency'), { count: 2 })
})

t.test('a message is given up after its last attempt', async t => {
  const { queue, clock, records, value } = bench(t, [later, later, later, later])
  queue.accept(message())
  for (let n = 0; n < 10; n++) {
    await settle()
    clock.time += 1000
    queue.tick()
  }
  await queue.idle()
  t.equal(value('total_messages_transfail', client), 3, 'each attempt failed for now')
  t.equal(value('total_messages_fail', client), 1, 'and the message for good')
  t.equal(value('total_messages_fail_by_provider', { provider: 'x' }), 1)
  t.equal(value('total_messages_transfail_by_class', { class: 'QuotaIssues' }), 3)
  t.equal(value('total_messages_fail_by_class', { class: 'QuotaIssues' }), 1, 'by what was said last')
  t.equal(value('total_messages_delivered', client), 0)
  t.match(records.at(-1), /^Expiration /)
})

t.test('a message refused is not tried again', async t => {
  const { queue, sent, records, value } = bench(t, [refused])
  queue.accept(message())
  await queue.idle()
  t.equal(sent.length, 1)
  t.equal(value('total_messages_fail', site), 1)
  t.equal(value('total_messages_transfail', site), 0)
  t.equal(value('message_data_resident_count'), 0)
  t.match(value('bounce_classify_latency'), { count: 1 })
  t.equal(value('total_messages_fail_by_class', { class: 'InvalidRecipient' }), 1)
  t.equal(value('total_messages_transfail_by_class', { class: 'InvalidRecipient' }), 0)
  t.match(records.at(-1), /^Bounce .* 550 5\.1\.1 no$/)
})

t.test('a domain that does not exist is a bounce that no provider is blamed for', async t => {
  const { queue, sent, value } = bench(t, [])
  queue.accept(message('none.invalid'))
  await queue.idle()
  t.equal(sent.length, 0)
  t.equal(value('total_messages_fail', client), 1)
  t.equal(value('total_messages_fail', site), undefined)
})

t.test('a resolver that does not answer is asked again, and not for ever', async t => {
  const { queue, clock, value } = bench(t, [])
  queue.accept(message('broken.test'))
  for (let n = 0; n < 5; n++) {
    await settle()
    clock.time += 1000
    queue.tick()
  }
  await queue.idle()
  t.equal(value('total_messages_transfail', client), 3)
  t.equal(value('total_messages_fail', client), 1)
  t.equal(value('scheduled_count_total'), 0)
})

t.test('a site that cannot be reached puts off one message for each attempt', async t => {
  const { queue, clock, value } = bench(t, ['cannot connect', 'cannot connect'])
  queue.accept(message())
  queue.accept(message())
  await settle()
  t.equal(value('total_messages_transfail', client), 2)
  t.equal(value('total_messages_transfail_by_class', { class: 'NoAnswerFromHost' }), 2)
  t.equal(value('connection_count', client), 0)
  t.equal(value('total_connection_count', client), 0)
  clock.time += 1000
  queue.tick()
  await queue.idle()
  t.equal(value('total_messages_delivered', client), 2)
})

t.test('a full ready queue puts a message off without an attempt', async t => {
  const { queue, clock, sent, value } = bench(t, [], { maxReady: 1 })
  const [first, second] = [message(), message()]
  queue.accept(first)
  queue.accept(second)
  t.equal(value('ready_full', site), 1)
  t.equal(value('delayed_due_to_ready_queue_full', { queue: 'x.test' }), 1)
  t.equal(value('scheduled_count', { queue: 'x.test' }), 1)
  await settle()
  t.strictSame(sent, [first.id])
  clock.time += 200
  queue.tick()
  await queue.idle()
  t.strictSame(sent, [first.id, second.id])
  t.equal(second.attempts, 1)
  t.equal(value('total_messages_transfail', client), 0)
})

t.test('a site gets no more connections than it may have', async t => {
  const { queue, sessions, value } = bench(t, [], { maxConnections: 2 })
  for (let n = 0; n < 8; n++) queue.accept(message())
  await queue.idle()
  t.equal(sessions.made, 2)
  t.equal(value('total_connection_count', client), 2)
  t.equal(value('connection_count_by_provider', { provider: 'x' }), 2)
})

t.test('a tenant and a campaign have queues, and figures, of their own', async t => {
  const { queue, value } = bench(t, [later])
  queue.accept(message('x.test', { tenant: 'shop', campaign: 'spring' }))
  await settle()
  t.equal(value('scheduled_count', { queue: 'spring:shop@x.test' }), 1)
  t.equal(value('scheduled_by_tenant', { tenant: 'shop' }), 1)
  t.equal(
    value('scheduled_by_tenant_campaign', {
      tenant: 'shop',
      campaign: 'spring',
    }),
    1,
  )
  t.equal(value('scheduled_by_domain', { domain: 'x.test' }), 1)
})

t.test('queues that nothing moves in are forgotten', async t => {
  const { queue, clock, value } = bench(t, [])
  queue.accept(message())
  await queue.idle()
  clock.time += 60_000
  queue.tick()
  t.equal(value('scheduled_queue_count'), 1)
  await settle()
  clock.time += 60_001
  queue.tick()
  t.equal(value('scheduled_queue_count'), 0)
  queue.accept(message())
  t.equal(value('scheduled_queue_count'), 1, 'and made again when they are needed')
  await queue.idle()
})

t.test('stopped, it closes its connections and tries nothing more', async t => {
  const { queue, clock, sent, sessions, value } = bench(t, [later])
  queue.accept(message())
  await settle()
  t.equal(sessions.open, 1)
  queue.stop()
  queue.stop()
  await settle()
  t.equal(sessions.open, 0)
  t.equal(value('connection_count', client), 0)
  t.equal(value('scheduled_queue_maintainer_count'), 0)
  clock.time += 10_000
  queue.tick()
  await settle()
  t.equal(sent.length, 1)
  t.equal(queue.size, 1, 'what was in hand still is')
})
