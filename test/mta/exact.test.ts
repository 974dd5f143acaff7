import t from 'tap'
import { hostsFor, lookUp, popularDomains } from '../../scripts/mta/directory.js'
import { domainOf } from '../../scripts/mta/message.js'
import { seeded } from '../../scripts/mta/random.js'
import { verdict } from '../../scripts/mta/verdict.js'
import { RunningMta, sendAll } from './running.js'

const SEED = Number(process.env.SEED ?? 20_240_610)
const CLIENTS = 6
const MAILS_EACH = 60
const DOMAINS = 400
const MAX_ATTEMPTS = 4
const rule = { seed: SEED, defer: 0.25, refuse: 0.1 }

const listener = { service: 'esmtp_listener' }
const client = { service: 'smtp_client' }

interface Outcome {
  delivered: number
  transfail: number
  fail: number
  unresolved: number
  attempts: number
}

/** What must become of a recipient, by the sink's rule and the attempts that it gets. */
function expectedOutcome(recipients: readonly string[]): Outcome {
  const expected: Outcome = {
    delivered: 0,
    transfail: 0,
    fail: 0,
    unresolved: 0,
    attempts: 0,
  }
  for (const recipient of recipients) {
    const due = verdict(rule, recipient)
    const deferrals = due.kind === 'defer' ? Math.min(due.times, MAX_ATTEMPTS) : 0
    if (recipient.endsWith('.invalid')) {
      expected.unresolved++
      continue
    }
    expected.transfail += deferrals
    expected.attempts += deferrals
    if (due.kind === 'refuse' || deferrals === MAX_ATTEMPTS) expected.fail++
    else expected.delivered++
    if (deferrals < MAX_ATTEMPTS) expected.attempts++
  }
  return expected
}

t.test('an exact number of messages is counted to the message', async t => {
  t.comment(`seed ${SEED}`)
  const mta = await RunningMta.start(
    t,
    ...`--no-traffic --seed ${SEED} --defer ${rule.defer} --refuse ${rule.refuse} --retry 0.02`.split(' '),
    ...`--max-attempts ${MAX_ATTEMPTS} --domains ${DOMAINS} --workers 2`.split(' '),
  )
  t.equal(mta.smtp.length, 2)

  const random = seeded(SEED)
  const domains = popularDomains(DOMAINS)
  let users = 0
  const mails = Array.from({ length: CLIENTS }, () =>
    Array.from({ length: MAILS_EACH }, () => {
      const count = random() < 0.2 ? 3 : 1
      // Half to a few domains, half to all of them.
      const any = () => domains[Math.floor(random() * (random() < 0.5 ? 12 : domains.length))]!
      const domain = () => (random() < 0.02 ? 'typing-error.invalid' : any())
      const to = Array.from({ length: count }, () => `u${++users}@${domain()}`)
      return { to, bytes: 100 + Math.floor(random() * 20_000) }
    }),
  )
  const recipients = mails.flat().flatMap(({ to }) => to)
  const expected = expectedOutcome(recipients)
  for (const kind of ['delivered', 'transfail', 'fail', 'unresolved'] as const) {
    t.ok(expected[kind] > 0, `the test has some that are to be ${kind}`)
  }

  const tallies = await Promise.all(mails.map((list, n) => sendAll(mta.smtp[n % 2]!, list)))
  const accepted = tallies.reduce((sum, tally) => sum + tally.accepted, 0)
  const transactions = tallies.reduce((sum, tally) => sum + tally.transactions, 0)
  t.equal(accepted, recipients.length, 'the client saw all accepted')

  const sink = await mta.settled()
  t.equal(sink.accepted, expected.delivered, 'the sink saw what its rule says')
  t.equal(sink.deferred, expected.transfail)

  const seen = await mta.scrape()
  t.equal(seen.value('total_messages_received', listener), accepted, 'received')
  t.equal(seen.value('total_messages_delivered', client), sink.accepted, 'delivered')
  t.equal(seen.value('total_messages_transfail', client), sink.deferred, 'deferred')
  const gaveUp = expected.fail - sink.refused
  t.equal(seen.value('total_messages_fail', client), sink.refused + gaveUp + expected.unresolved, 'failed')
  t.equal(
    seen.value('total_messages_received', listener),
    seen.value('total_messages_delivered', client)! + seen.value('total_messages_fail', client)!,
    'each message received has come to an end',
  )
  t.equal(seen.value('total_connection_count', client), sink.connections, 'connections to the sink')
  t.equal(seen.value('total_connection_count', listener), CLIENTS)
  t.equal(seen.value('total_connections_denied', listener), 0)

  for (const { port, host } of mta.smtp) {
    const share = seen.value('total_messages_received', {
      service: `esmtp_listener:${host}:${port}`,
    })
    t.ok(share! > 0 && share! < accepted, `the thread at ${port} took part of it: ${share}`)
  }

  // Each provider and each site for itself.
  const hosts = hostsFor(DOMAINS)
  const byProvider = new Map<string, string[]>()
  for (const recipient of recipients) {
    const provider = lookUp(domainOf(recipient), hosts)?.provider
    if (provider !== undefined) byProvider.set(provider, [...(byProvider.get(provider) ?? []), recipient])
  }
  t.ok(byProvider.size > 10)
  for (const [provider, theirs] of byProvider) {
    const { delivered, transfail, fail } = expectedOutcome(theirs)
    for (const [what, count] of Object.entries({
      delivered,
      transfail,
      fail,
    })) {
      const name = `total_messages_${what}_by_provider`
      t.equal(
        seen.sum(name, labels => labels.provider === provider),
        count,
        `${name} ${provider}`,
      )
      t.equal(
        seen.sum(`${name}_and_source`, labels => labels.provider === provider && labels.pool === 'default'),
        count,
        `${name}_and_source ${provider}`,
      )
    }
  }
  for (const what of ['delivered', 'transfail']) {
    const name = `total_messages_${what}`
    const sites = seen.sum(name, ({ service }) => service!.startsWith('smtp_client:'))
    t.equal(sites, seen.value(name, client), `${name}: the sites make the total`)
  }

  for (const what of ['transfail', 'fail']) {
    const name = `total_messages_${what}`
    t.equal(seen.sum(`${name}_by_class`), seen.value(name, client), `${name}: the classes make the total`)
  }

  // Histograms have as many entries as there were events.
  t.equal(seen.value('smtpsrv_transaction_duration_count'), transactions)
  t.equal(seen.value('smtpsrv_read_data_duration_count'), transactions)
  t.equal(seen.value('smtpsrv_process_data_duration_count'), transactions)
  t.equal(seen.value('queue_resolve_latency_count'), accepted)
  t.equal(seen.value('queue_insert_latency_count'), accepted)
  t.equal(seen.value('deliver_message_latency_rollup_count', client), expected.attempts)
  t.equal(
    seen.value('deliver_message_latency_rollup_bucket', {
      ...client,
      le: '+Inf',
    }),
    expected.attempts,
  )
  t.equal(seen.value('timeq_pop_tardiness_count'), expected.transfail - gaveUp, 'each retry was due once')

  // Nothing is left anywhere.
  t.equal(seen.value('message_count'), 0)
  t.equal(seen.value('message_data_resident_count'), 0)
  t.equal(seen.value('scheduled_count_total'), 0)
  for (const name of ['scheduled_count', 'scheduled_by_domain', 'ready_count', 'queued_count_by_provider']) {
    t.equal(seen.sum(name), 0, name)
  }

  // The resolver's cache counts the same twice, under two names.
  const cache = { cache_name: 'dns_resolver_mx' }
  const misses = seen.value('lruttl_miss_count', cache)!
  t.equal(seen.value('dns_mx_resolve_cache_miss'), misses)
  t.equal(seen.value('lruttl_lookup_count', cache), seen.value('lruttl_hit_count', cache)! + misses)
  t.equal(
    seen.value('lruttl_populated_count', cache),
    seen.value('dns_mx_resolve_status_ok')! + seen.value('dns_mx_resolve_status_fail')!,
  )
  t.equal(seen.value('lruttl_cache_size', cache), seen.value('lruttl_insert_count', cache))
  t.equal(seen.value('dns_mx_resolve_in_progress'), 0)
  t.equal(seen.value('lruttl_waiting_populate', cache), 0)

  // The process is looked at in main.
  t.ok(seen.value('memory_usage')! > 10_000_000)
  t.ok(seen.value('memory_limit')! > seen.value('memory_low_thresh')!)
  t.equal(seen.value('thread_pool_size', { pool: 'smtpsrv' }), 2)

  const stopped = mta.next('stopped')
  mta.child.send('stop')
  t.strictSame((await stopped).sink, sink, "the sink's last words are the same")
  t.strictSame(await mta.exited, [0, null])
})

t.test('what the listener refuses is counted, and not received', async t => {
  const mta = await RunningMta.start(t, '--no-traffic', '--defer', '0', '--refuse', '0', '--workers', '1')
  const [place] = mta.smtp
  const many = Array.from({ length: 103 }, (_, n) => `r${n}@bigmail.example`)
  const tally = await sendAll(place!, [
    {
      to: ['a@bigmail.example'],
      headers: 'X-Tenant: shop\r\nX-Campaign: spring\r\n',
    },
    { to: many },
    { to: ['big@bigmail.example'], bytes: 11 * 1024 * 1024 },
    { to: ['b@bigmail.example'] },
  ])
  t.strictSame(tally, { accepted: 102, rejected: 4, transactions: 3 })
  const sink = await mta.settled()
  t.strictSame({ ...sink, connections: 0 }, { accepted: 102, deferred: 0, refused: 0, connections: 0 })
  const seen = await mta.scrape()
  t.equal(seen.value('total_messages_received', listener), 102)
  t.equal(seen.value('total_messages_delivered', client), 102)
  t.equal(seen.value('smtp_server_rejections', { service: 'total' }), 4)
  t.equal(
    seen.value('smtp_server_rejections', {
      service: `${place!.host}:${place!.port}`,
    }),
    4,
  )
})
