/** What Haraka's hooks of outgoing mail say, in the order in which Haraka calls them, and what is counted of it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { QueueItem } from '../../src/haraka-plugin/haraka.js'
import { Outbound } from '../../src/haraka-plugin/outbound.js'
import { type Routes, readSettings } from '../../src/haraka-plugin/settings.js'
import { Sites } from '../../src/haraka-plugin/sites.js'
import { mtaMetrics } from '../../src/mta.js'
import { until } from '../support/until.js'
import { counting } from './support.js'

const FILES = { in: '1_2_0_77_AbCdEf_3_host', out: '1_9_1_77_AbCdEf_4_host' }
const at = (domain: string, source = 'unspecified') => ({
  service: `smtp_client:${source}->${domain}@smtp_client`,
})
const ALL = { service: 'smtp_client' }

/** As Haraka's, driven by hand. */
class Queue {
  readonly due = new Map<string, () => void>()
  add(file: string, _ms: number, due: () => void): void {
    this.due.set(file, due)
  }
  discard(file: string): void {
    if (!this.due.delete(file)) throw new Error(`${file} not found`)
  }
  fire(file: string): void {
    this.due.get(file)!()
    this.due.delete(file)
  }
}

function started(t: Test, ...ini: string[]) {
  const all = counting(t)
  const queue = new Queue()
  const folder = t.testdir()
  const { routes } = readSettings('postmeter.ini', ['[outbound]', ...ini].join('\n'))
  const sites = new Sites(
    ({ providers }: Routes) => mtaMetrics(all.registry, { levels: 'livesum', providers }),
    routes,
  )
  const haraka = { temp_fail_queue: queue, get_stats: () => '1/2/3', stats: () => ({ queue_dir: folder }) }
  let time = 0
  const outbound = new Outbound(all.mta, all.own, sites, all.guard, haraka, () => time)
  outbound.register()
  return {
    ...all,
    ...{ queue, folder, sites, outbound, value: all.registry.value.bind(all.registry) },
    pass: (ms: number) => {
      time += ms
    },
  }
}

function item(domain: string, recipients: number, uuid = 'U.1', filename = FILES.in): QueueItem {
  return { filename, todo: { domain, uuid, rcpt_to: Array.from({ length: recipients }, (_, n) => `${n}`) } }
}

const mx = { exchange: '192.0.2.1', from_dns: 'mx1.mail.big.example' }
const delivered = (recipients: number) => [
  'mx.example',
  '192.0.2.1',
  'ok',
  2.5,
  25,
  'SMTP',
  Array(recipients),
  true,
]

t.test(
  'an attempt that delivers to some, puts some off and gives some up counts each recipient once',
  async t => {
    const { plugin, queue, value, pass } = started(t)
    const parent = item('A.example', 6)
    t.equal(plugin.run('pre_send_trans_email', { transaction: { rcpt_to: Array(6) } }), 1)
    plugin.run('send_email', parent)
    plugin.run('get_mx', parent, 'A.example')
    t.equal(value('ready_count', at('a.example')), 6)
    pass(1_500)
    plugin.run('delivered', parent, delivered(3))
    // Haraka moves the others to files of their own, which are of the same message.
    plugin.run('deferred', item('A.example', 2, 'U.1', FILES.out), { delay: 60, mx })
    plugin.run('bounce', item('A.example', 1, 'U.1', 'x'), { mx })
    queue.add('1_99_1_77_AbCdEf_5_host', 60_000, () => {})
    for (const labels of [at('a.example'), ALL]) {
      t.equal(value('total_messages_delivered', labels), 3)
      t.equal(value('total_messages_transfail', labels), 2)
      t.equal(value('total_messages_fail', labels), 1)
      t.equal(value('ready_count', labels), 0)
    }
    t.equal(value('haraka_outbound_recipients_total'), 6)
    t.equal(value('scheduled_by_domain', { domain: 'a.example' }), 2)
    t.equal(value('scheduled_count_total'), 2)
    t.equal(value('haraka_outbound_deliveries_total', { mode: 'smtp', tls: 'yes' }), 1)
    t.match(value('deliver_message_latency_rollup', ALL), { count: 1, sum: 1.5 })
    t.match(value('haraka_outbound_delay_seconds'), { count: 1, sum: 2.5 })
  },
)

t.test('what is due, or discarded, waits no longer', async t => {
  const { plugin, queue, value } = started(t)
  const [one, two] = [
    item('a.example', 1, 'U.1', '1_2_0_77_Aaaaaa_3_host'),
    item('a.example', 1, 'U.2', '1_2_0_77_Bbbbbb_3_host'),
  ]
  let due = 0
  for (const waiting of [one, two]) {
    plugin.run('deferred', waiting, { delay: 60 })
    queue.add(waiting.filename, 1, () => due++)
  }
  t.equal(value('scheduled_count', { queue: 'a.example' }), 2)
  queue.fire(one.filename)
  t.equal(due, 1, 'Haraka is called')
  t.equal(value('scheduled_count', { queue: 'a.example' }), 1)
  queue.discard(two.filename)
  t.equal(value('scheduled_count', { queue: 'a.example' }), 0)
  t.throws(() => queue.discard(two.filename), /not found/, 'what Haraka throws is its own')
})

t.test('what a plugin puts off is throttled, and is no attempt', async t => {
  const { plugin, queue, value } = started(t)
  const waiting = item('a.example', 2)
  plugin.run('send_email', waiting)
  queue.add(waiting.filename, 1, () => {})
  t.equal(value('delayed_due_to_message_rate_throttle', { queue: 'a.example' }), 2)
  t.equal(value('scheduled_count', { queue: 'a.example' }), 2)
  t.equal(value('total_messages_transfail', ALL), 0)
  queue.fire(waiting.filename)
  plugin.run('send_email', waiting)
  plugin.run('get_mx', waiting)
  plugin.run('deferred', waiting, { delay: 60 })
  queue.add(FILES.out, 1, () => {})
  t.equal(value('delayed_due_to_message_rate_throttle', { queue: 'a.example' }), 2, 'a deferral is none')
})

t.test('the domain of what lies on the disk is read from there', async t => {
  const { queue, folder, value } = started(t)
  const header = Buffer.from(JSON.stringify({ domain: 'disk.example', rcpt_to: [{}, {}, {}] }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(header.length)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, FILES.in), Buffer.concat([length, header, Buffer.from('Subject: s\r\n')]))
  queue.add(FILES.in, 1, () => {})
  queue.add('1_2_0_77_Zzzzzz_3_host', 1, () => {})
  await until('both are read', () => value('scheduled_count_total') === 4)
  t.equal(value('scheduled_by_domain', { domain: 'disk.example' }), 3)
  queue.fire('1_2_0_77_Zzzzzz_3_host')
  queue.fire(FILES.in)
  t.equal(value('scheduled_count_total'), 0)
})

t.test('providers by domain, and by exchanger from the first answer on', async t => {
  const { plugin, value } = started(
    t,
    ...['source=out-1', 'pool=bulk', 'providers=big, small'],
    ...['[provider_domains]', 'small.example=small', '[provider_mx]', 'big.example=big'],
  )
  plugin.run('delivered', item('sub.small.example', 1), delivered(1))
  plugin.run('deferred', item('a.example', 1), { delay: 1, mx })
  plugin.run('delivered', item('a.example', 2), [
    '192.0.2.1',
    '192.0.2.1',
    'ok',
    1,
    25,
    'LMTP',
    Array(2),
    false,
  ])
  plugin.run('bounce', item('notbig.example', 1), { mx: { exchange: 'mx.notbig.example' } })
  const by = { source: 'out-1', pool: 'bulk' }
  t.equal(value('total_messages_delivered_by_provider', { provider: 'small' }), 1)
  t.equal(value('total_messages_transfail_by_provider', { provider: 'big' }), 1)
  t.equal(value('total_messages_delivered_by_provider_and_source', { provider: 'big', ...by }), 2)
  t.equal(value('total_messages_fail_by_provider', { provider: 'big' }), 0)
  t.equal(value('total_messages_fail', at('notbig.example', 'out-1')), 1)
  t.equal(value('haraka_outbound_deliveries_total', { mode: 'lmtp', tls: 'no' }), 1)
})

t.test(
  'without domains there are sums alone, and a process holds on to no more domains than it may',
  async t => {
    const one = started(t, 'domains=no')
    one.plugin.run('delivered', item('a.example', 1), delivered(1))
    one.plugin.run('deferred', item('b.example', 1), { delay: 1 })
    one.queue.add(FILES.in, 1, () => {})
    t.equal(one.value('total_messages_delivered', ALL), 1)
    t.equal(one.value('scheduled_count_total'), 1)
    t.notMatch(await one.registry.metrics(), /example/)

    const few = started(t, 'max_domains=3')
    const waiting = item('d0.example', 1)
    few.plugin.run('get_mx', waiting)
    for (let n = 1; n < 9; n++)
      few.plugin.run('delivered', item(`d${n}.example`, 1, `U.${n + 1}`), delivered(1))
    t.equal(few.sites.size, 3)
    few.plugin.run('delivered', waiting, delivered(1))
    t.equal(few.value('ready_count', ALL), 0, 'what was let go is left all the same')
    t.equal(few.value('ready_count', at('d0.example')), 0)
  },
)

t.test('sizes are those that Haraka tells', async t => {
  const { outbound, value } = started(t)
  outbound.readSizes()
  t.strictSame(
    ['in_progress', 'delivery', 'temp_fail'].map(queue => value('haraka_outbound_files', { queue })),
    [1, 2, 3],
  )
})

t.test('whatever comes, Haraka is called back once, and a failure is told once', async t => {
  const { plugin, queue, value } = started(t)
  const broken = { filename: 1, todo: { domain: 7, rcpt_to: undefined } }
  for (const hook of ['pre_send_trans_email', 'send_email', 'get_mx', 'delivered', 'deferred', 'bounce'])
    for (const params of [undefined, null, {}, []]) t.equal(plugin.run(hook, broken, params), 1, hook)
  queue.add(undefined as unknown as string, 1, () => {})
  t.ok((value('haraka_postmeter_failures_total', { at: 'deferred' })! as number) > 1)
  t.equal(plugin.logged.filter(line => line.includes('counting failed at deferred')).length, 1)
})
