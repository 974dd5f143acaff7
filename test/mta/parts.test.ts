import fc from 'fast-check'
import t from 'tap'
import { retryDelay } from '../../scripts/mta/backoff.js'
import { classify } from '../../scripts/mta/bounce.js'
import { hostsFor, lookUp, popularDomains, providers, zipf } from '../../scripts/mta/directory.js'
import { Fifo } from '../../scripts/mta/fifo.js'
import { domainOf, queueName } from '../../scripts/mta/message.js'
import { Pacer } from '../../scripts/mta/pacer.js'
import { seeded, shareOf } from '../../scripts/mta/random.js'
import { describe } from '../../scripts/mta/report.js'
import { TimeQueue } from '../../scripts/mta/time-queue.js'
import { MAX_DEFERRALS, verdict } from '../../scripts/mta/verdict.js'

t.test('a retry waits twice as long each time, up to the limit', async t => {
  const policy = {
    intervalMs: 100,
    maxIntervalMs: 1000,
    jitter: 0,
    maxAttempts: 9,
  }
  const delays = [1, 2, 3, 4, 5, 6, 60].map(attempts => retryDelay(policy, attempts, () => 0.7))
  t.strictSame(delays, [100, 200, 400, 800, 1000, 1000, 1000])
})

t.test('chance takes at most its share off a delay', async t => {
  const policy = {
    intervalMs: 100,
    maxIntervalMs: 1000,
    jitter: 0.2,
    maxAttempts: 9,
  }
  t.equal(
    retryDelay(policy, 1, () => 0),
    100,
  )
  t.equal(
    retryDelay(policy, 1, () => 0.5),
    90,
  )
  t.ok(retryDelay(policy, 1, () => 0.999999) > 80)
})

t.test('what is due comes out in order of time, and nothing else does', async t => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: 0, max: 50 }), (times, now) => {
      const queue = new TimeQueue<number>()
      times.forEach((due, index) => {
        queue.push(due, index)
      })
      const out: number[] = []
      for (let e = queue.popDue(now); e !== undefined; e = queue.popDue(now)) {
        if (times[e.item] !== e.due) return false
        out.push(e.due)
      }
      const wanted = times.filter(due => due <= now).sort((a, b) => a - b)
      return JSON.stringify(out) === JSON.stringify(wanted) && queue.size === times.length - wanted.length
    }),
  )
  t.pass('for any times')
})

t.test('first in is first out', async t => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), pushes => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      return pushes.every((push, n) => {
        if (push) {
          fifo.push(n)
          model.push(n)
        } else if (fifo.shift() !== model.shift()) return false
        return fifo.length === model.length
      })
    }),
  )
  t.pass('for any order of calls')
})

t.test('the pacer keeps its rate, and makes up for no more than its burst', async t => {
  const pacer = new Pacer(100, 1, 0)
  t.strictSame([pacer.reserve(0), pacer.reserve(0), pacer.reserve(0)], [0, 10, 20])
  t.equal(pacer.reserve(1000), 0)
  t.equal(pacer.reserve(1000), 10, 'a pause is not made up for')
  const bursty = new Pacer(100, 3, 0)
  t.equal(bursty.reserve(1000), 0)
  t.strictSame([bursty.reserve(1000), bursty.reserve(1000), bursty.reserve(1000)], [0, 0, 10])
})

t.test('the same seed gives the same numbers, another one others', async t => {
  const draw = (seed: number) => Array.from({ length: 5 }, seeded(seed))
  t.strictSame(draw(7), draw(7))
  t.notSame(draw(7), draw(8))
  t.ok(draw(7).every(n => n >= 0 && n < 1))
})

t.test('shares of addresses are spread evenly', async t => {
  const below = Array.from({ length: 20_000 }, (_, n) => shareOf(`user${n}@bigmail.example`, 3)).filter(
    s => s < 0.1,
  )
  t.ok(Math.abs(below.length - 2000) < 200, `${below.length} of 20,000 are below 0.1`)
})

t.test('the sink gives each recipient its verdict, in the shares asked for', async t => {
  const rule = { seed: 11, defer: 0.2, refuse: 0.1 }
  const counts = { accept: 0, refuse: 0, defer: 0 }
  const times = new Set<number>()
  for (let n = 0; n < 10_000; n++) {
    const due = verdict(rule, `user${n}@x.test`)
    t.strictSame(due, verdict(rule, `USER${n}@x.test`)) || t.bailout('the case of an address decides')
    counts[due.kind]++
    if (due.kind === 'defer') times.add(due.times)
  }
  t.ok(Math.abs(counts.defer - 2000) < 200, `${counts.defer} deferred`)
  t.ok(Math.abs(counts.refuse - 1000) < 150, `${counts.refuse} refused`)
  t.strictSame(
    [...times].sort(),
    Array.from({ length: MAX_DEFERRALS }, (_, n) => n + 1),
  )
  t.equal(verdict({ seed: 1, defer: 0, refuse: 0 }, 'a@b.test').kind, 'accept')
  t.equal(verdict({ seed: 1, defer: 0, refuse: 1 }, 'a@b.test').kind, 'refuse')
  t.equal(verdict({ seed: 1, defer: 1, refuse: 0 }, 'a@b.test').kind, 'defer')
})

t.test('the directory: big providers, hosting companies, and names that do not exist', async t => {
  const [big] = providers
  t.strictSame(lookUp(big!.domains[1]!, 10), {
    site: big!.site,
    provider: big!.name,
    maxConnections: 8,
  })
  const small = lookUp('company9.test', 10)
  t.match(small?.site, /^mx\.host\d\.test$/)
  t.equal(small?.provider, small?.site)
  t.strictSame(lookUp('company9.test', 10), small, 'always the same answer')
  t.equal(lookUp('company9.invalid', 10), undefined)
  t.equal(lookUp('', 10), undefined)
  t.ok(hostsFor(3000) < 300)
})

t.test('domains are as many as asked for, all different, all reserved', async t => {
  for (const count of [1, 5, 3000]) {
    const domains = popularDomains(count)
    t.equal(domains.length, count)
    t.equal(new Set(domains).size, count)
    t.ok(domains.every(domain => /\.(example|test|invalid)$/.test(domain)))
  }
})

t.test('popularity falls off', async t => {
  const pick = zipf(1000, seeded(5))
  const counts = new Array<number>(1000).fill(0)
  for (let n = 0; n < 50_000; n++) counts[pick()]!++
  const first = counts[0]!
  t.ok(Math.abs(counts[1]! / first - 1 / 2) < 0.1, 'the second is half as popular')
  t.ok(Math.abs(counts[9]! / first - 1 / 10) < 0.05, 'the tenth a tenth')
  t.equal(zipf(1, () => 0.999999)(), 0)
})

t.test('addresses and queue names', async t => {
  t.equal(domainOf('someone@Bigmail.EXAMPLE'), 'bigmail.example')
  t.equal(domainOf('"a@b"@c.test'), 'c.test')
  t.equal(domainOf('nobody'), '')
  const domain = 'x.test'
  const [tenant, campaign] = ['shop', 'spring']
  t.equal(queueName({ domain, tenant: undefined, campaign: undefined }), 'x.test')
  t.equal(queueName({ domain, tenant, campaign: undefined }), 'shop@x.test')
  t.equal(queueName({ domain, tenant, campaign }), 'spring:shop@x.test')
})

t.test('refusals are sorted by what they say', async t => {
  t.equal(classify('550 5.1.1 no such user'), 'InvalidRecipient')
  t.equal(classify('450 4.2.2 mailbox full'), 'QuotaIssues')
  t.equal(classify('550 5.4.4 no mail host for x.invalid'), 'BadDomain')
  t.equal(classify('554 5.7.1 blocked'), 'PolicyRelated')
  t.equal(classify('451 4.7.1 try again later'), 'TransientFailure')
  t.equal(classify('cannot connect: refused'), 'NoAnswerFromHost')
  t.equal(classify('599 what'), 'Uncategorized')
})

t.test('the line of what moved', async t => {
  const before = {
    received: 1000,
    delivered: 900,
    deferred: 10,
    failed: 2,
    queued: 50,
  }
  const after = {
    received: 2000,
    delivered: 1850,
    deferred: 60,
    failed: 12,
    queued: 1234,
  }
  t.equal(
    describe(before, after, 5),
    'received 2,000 (200.0/s)   delivered 1,850 (190.0/s)   deferred 60 (10.0/s)   bounced 12 (2.0/s)   queued 1,234',
  )
})
