/** A body is sent until it is delivered, refused, or too late. The clock is the test's. */
import type { RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { deliver } from '../../../src/push/delivery/deliver.js'
import type { Outcome } from '../../../src/push/delivery/outcome.js'
import type { Tools } from '../../../src/push/delivery/tools.js'
import { never, nobody, post, receiver, senderTo } from './receiver.js'

t.setTimeout(60_000)

/** Sleeping moves it on at once. */
class Clock implements Pick<Tools, 'now' | 'date' | 'sleep'> {
  at = 1000
  readonly slept: number[] = []
  readonly now = () => this.at
  readonly date = () => Date.UTC(2030) + this.at
  readonly sleep = async (ms: number) => {
    this.slept.push(ms)
    this.at += ms
  }
}

/** A receiver that answers by a list of statuses, the last one for ever; 503:7 has Retry-After. */
function answers(statuses: readonly (number | string)[]): RequestListener {
  let number = 0
  return (_request, response) => {
    const [status, after] = String(statuses[Math.min(number++, statuses.length - 1)]).split(':')
    if (after !== undefined) response.setHeader('retry-after', after)
    response.writeHead(Number(status)).end()
  }
}

async function delivering(
  t: Test,
  statuses: readonly (number | string)[],
  { until = Number.POSITIVE_INFINITY, random = (): number => 0.999_999 } = {},
) {
  const clock = new Clock()
  const url = await receiver(t, answers(statuses))
  const kit = senderTo(t, url, { protocol: 'remote-write' }, { ...clock, random })
  const attempts: Outcome[] = []
  const attempted = (outcome: Outcome) => void attempts.push(outcome)
  const outcome = await deliver(kit.sender, post(), { until, signal: never, attempted })
  const statusesOf = attempts.map(({ status }) => status)
  return { ...kit, url, clock, outcome, attempts: statusesOf, slept: clock.slept.map(ms => Math.round(ms)) }
}

const codes = (events: readonly { code: string }[]) => events.map(({ code }) => code)

t.test('what is delivered or refused is sent once', async t => {
  for (const [status, kind] of [
    [204, 'delivered'],
    [400, 'refused'],
  ] as const) {
    const { outcome, attempts, slept } = await delivering(t, [status])
    t.equal(outcome.kind, kind)
    t.same([attempts, slept], [[status], []])
  }
})

t.test('waits double from 100 ms to 10 s', async t => {
  const { outcome, attempts, slept } = await delivering(t, [...Array(9).fill(500), 200])
  t.equal(outcome.kind, 'delivered')
  t.equal(attempts.length, 10)
  t.same(slept, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

t.test('and are random from none to that', async t => {
  const randoms = [0, 0.5, 0.25]
  const { slept } = await delivering(t, [500, 500, 500, 200], { random: () => randoms.shift()! })
  t.same(slept, [100, 100], 'no wait, half of 200, a quarter of 400')
})

t.test('Retry-After is waited for at least, and not longer than five minutes', async t => {
  const { slept } = await delivering(t, ['503:7', '429:1', '503:100000', '500:3', 200])
  t.same(slept, [7100, 1200, 300_400, 3800])
})

t.test('no attempt begins when it is too late, and none is waited for', async t => {
  const { outcome, attempts, slept, clock, events, url } = await delivering(t, [503], { until: 1650 })
  t.same(slept, [100, 200], 'a third wait would end at 1700')
  t.equal(attempts.length, 3)
  t.equal(Math.round(clock.at), 1300)
  t.match(outcome, { kind: 'later', status: 503, why: `${url}/: answered 503` })
  t.same(codes(events), ['push-failing'])
})

t.test('a pause that the receiver asked for holds for other bodies of the Sender', async t => {
  const { sender, clock, attempts, slept } = await delivering(t, ['429:60', 204], { until: 30_000 })
  t.same([attempts, slept], [[429], []], 'the first one has no time for it')
  const options = { signal: never, until: 20_000 }
  const tooLate = await deliver(sender, post(), options)
  t.match(
    tooLate,
    { kind: 'later', reason: 'paused', status: undefined },
    'nor has a second one: it is not sent',
  )
  t.match(await deliver(sender, post(), { ...options, until: 100_000 }), { kind: 'delivered' })
  t.same(clock.slept.map(Math.round), [60_000], 'a third one waits')
})

t.test('a body that waits already waits on when another one is told to', async t => {
  const clock = new Clock()
  const url = await receiver(t, answers([500, 204]))
  const { sender } = senderTo(
    t,
    url,
    {},
    {
      ...clock,
      random: () => 0.5,
      sleep: async ms => {
        if (clock.slept.length === 0) sender.pausedUntil = clock.at + 5000
        await clock.sleep(ms)
      },
    },
  )
  t.match(await deliver(sender, post(), { until: 1e6, signal: never }), { kind: 'delivered' })
  t.same(clock.slept, [50, 4950])
})

t.test('a failure that the next attempt mends is not said', async t => {
  const { events } = await delivering(t, [503, 503, 200])
  t.same(events, [])
})

t.test('one that lasts is said once, and when it is over', async t => {
  const { events, url } = await delivering(t, [...Array(8).fill(503), 200])
  t.same(events, [
    { level: 'warn', code: 'push-failing', message: `${url}/: answered 503` },
    { level: 'info', code: 'push-again', message: `pushes to ${url}/ are taken again` },
  ])
})

t.test('so is a long pause, a refusal, and a receiver that is not there', async t => {
  t.same(codes((await delivering(t, ['429:60', 200])).events), ['push-failing', 'push-again'])
  const { events, sender } = await delivering(t, [401, 401, 200])
  await deliver(sender, post(), { until: 1e6, signal: never })
  t.same(codes(events), ['push-failing'])
  await deliver(sender, post(), { until: 1e6, signal: never })
  t.same(codes(events), ['push-failing', 'push-again'])
  const clock = new Clock()
  const gone = senderTo(t, await nobody(), {}, { ...clock, random: () => 0.5 })
  const outcome = await deliver(gone.sender, post(), { until: 5000, signal: never })
  t.match(outcome, { kind: 'later', reason: 'ECONNREFUSED' })
  t.match(gone.events, [{ level: 'warn', code: 'push-failing', message: /ECONNREFUSED/ }])
})

t.test('a signal ends an attempt, and a wait, at once and without a word', async t => {
  const giving = new AbortController()
  const url = await receiver(t, answers([503]))
  // The real clock: the wait that is asked for is a minute.
  const kit = senderTo(t, url)
  kit.sender.pausedUntil = performance.now() + 60_000
  const waiting = deliver(kit.sender, post(), { until: Number.POSITIVE_INFINITY, signal: giving.signal })
  setImmediate(() => giving.abort())
  t.match(await waiting, { kind: 'later', reason: 'aborted', status: undefined })
  t.same(kit.events, [])
})

t.test('a Sender that is closed ends what is being delivered', async t => {
  const kit = senderTo(t, await receiver(t, () => kit.sender.close()))
  const attempts: string[] = []
  const outcome = await deliver(kit.sender, post(), {
    until: Number.POSITIVE_INFINITY,
    signal: never,
    attempted: ({ kind }) => void attempts.push(kind),
  })
  t.match(outcome, { kind: 'later', reason: 'aborted' })
  t.same(attempts, ['later'])
  t.same(kit.events, [])
})
