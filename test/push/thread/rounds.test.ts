/** Rounds of bodies, with a protocol of the test's own and its clock. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import type { LogEvent } from '../../../src/common/log.js'
import type { GoneRun } from '../../../src/exposition/pushed-series.js'
import { BUSY } from '../../../src/exposition/span-walk.js'
import type { Bodies, Body, Protocol } from '../../../src/push/protocols/body.js'
import { Rounds } from '../../../src/push/thread/rounds.js'
import type { PushRecorder } from '../../../src/push/thread/self-metrics.js'
import { bodyOf, never, post, receiver, senderTo } from '../delivery/receiver.js'
import { Clock } from './clock.js'

type Answering = (body: string, response: ServerResponse, request: IncomingMessage) => void

interface Plan {
  /** Bodies of each kind, as text; an Error is thrown, BUSY returned. */
  readonly current?: readonly (string | Error | typeof BUSY)[]
  readonly gone?: readonly string[]
  readonly answer?: Answering
  readonly recorder?: Partial<PushRecorder>
  readonly rejected?: Body['rejected']
}

const MINUTE = 60_000

async function rounds(t: Test, { current = [], gone = [], answer, recorder, rejected }: Plan) {
  const clock = new Clock()
  const events: LogEvent[] = []
  const log = (event: LogEvent) => void events.push(event)
  const got: string[] = []
  const url = await receiver(t, async (request, response) => {
    const body = await bodyOf(request)
    got.push(body)
    if (answer === undefined) response.end()
    else answer(body, response, request)
  })
  const { sender } = senderTo(t, url, { protocol: 'remote-write', timeout: 10_000 }, { ...clock, log })
  const times: number[] = []
  const outcomes: string[] = []
  const again: GoneRun[] = []
  const run = { page: 1 } as GoneRun
  const bodies = (texts: Plan['current'] & {}, more: Partial<Body>): Bodies => {
    const left = [...texts]
    return {
      next() {
        const text = left.shift()
        if (text instanceof Error) throw text
        if (text === undefined || text === BUSY) return text
        return { request: post(Buffer.from(text)), ...more }
      },
    }
  }
  const at = (time: number, bodies: Bodies) => {
    times.push(time)
    return bodies
  }
  const protocol: Protocol = {
    parallel: 2,
    current: time => at(time, bodies(current, rejected === undefined ? {} : { rejected })),
    gone: time => at(time, bodies(gone, { runs: [run] })),
    withdraw: time => at(time, bodies(['withdrawn'], {})),
  }
  const counted = {
    attempted() {},
    rejected() {},
    clashes() {},
    round: (outcome: string) => outcomes.push(outcome),
    ...recorder,
  } as PushRecorder
  const made = new Rounds({
    protocol,
    sender,
    recorder: counted,
    log,
    goneAgain: runs => again.push(...runs),
  })
  const allowed = { until: clock.at + MINUTE, signal: never }
  return { rounds: made, clock, got, times, outcomes, events, again, allowed, sender }
}

t.test('what is gone comes first, with an earlier time; then all that is there', async t => {
  const kit = await rounds(t, { gone: ['gone'], current: ['a', 'b', 'c'] })
  t.equal(await kit.rounds.push(kit.allowed), true)
  t.equal(kit.got[0], 'gone')
  t.same([...kit.got].sort(), ['a', 'b', 'c', 'gone'])
  const [gone, current] = kit.times
  t.ok(gone! < current!, `${kit.times}`)
  t.same(kit.outcomes, ['whole'])
})

t.test('bodies are never more than the protocol wants at once', async t => {
  let under = 0
  let most = 0
  const held: (() => void)[] = []
  const kit = await rounds(t, {
    current: ['a', 'b', 'c', 'd', 'e', 'f'],
    answer(_body, response) {
      most = Math.max(most, ++under)
      held.push(() => {
        under--
        response.end()
      })
      // All that come are held until as many are there as may be.
      if (held.length === 2) for (const let_ of held.splice(0)) let_()
    },
  })
  t.equal(await kit.rounds.push(kit.allowed), true)
  t.equal(kit.got.length, 6)
  t.equal(most, 2)
})

t.test('a body that is refused leaves the others: partial', async t => {
  const kit = await rounds(t, {
    current: ['a', 'bad', 'c'],
    answer: (body, response) => void response.writeHead(body === 'bad' ? 400 : 204).end(),
  })
  t.equal(await kit.rounds.push(kit.allowed), false)
  t.same([...kit.got].sort(), ['a', 'bad', 'c'])
  t.same(kit.outcomes, ['partial'])
})

t.test('gone series that are refused are not told again, and what is there is told', async t => {
  const kit = await rounds(t, {
    gone: ['gone'],
    current: ['a'],
    answer: (body, response) => void response.writeHead(body === 'gone' ? 400 : 204).end(),
  })
  t.equal(await kit.rounds.push(kit.allowed), false)
  t.same([kit.got, kit.outcomes, kit.again], [['gone', 'a'], ['partial'], []])
})

t.test(
  'a receiver that is down has the round given up when the next is due, and gone series told again',
  async t => {
    const kit = await rounds(t, {
      gone: ['gone'],
      current: ['a'],
      answer: (_body, response) => void response.writeHead(503).end(),
    })
    t.equal(await kit.rounds.push(kit.allowed), false)
    t.ok(kit.clock.at <= kit.allowed.until + 10_000, 'no wait is begun that ends long after it')
    t.same(new Set(kit.got), new Set(['gone']), 'what is there is not sent before')
    t.same(kit.outcomes, ['failed'])
    t.equal(kit.again.length, 1)
    t.same(
      kit.events.map(({ code }) => code),
      ['push-failing'],
    )
  },
)

t.test('a round that is given up by its signal', async t => {
  const stop = new AbortController()
  const kit = await rounds(t, { current: ['a', 'b'], answer: () => stop.abort() })
  t.equal(await kit.rounds.push({ ...kit.allowed, signal: stop.signal }), false)
  t.same(kit.outcomes, ['failed'])
  t.same(kit.events, [])
})

t.test('while all slots are in use it waits, and no longer than it may', async t => {
  const soon = await rounds(t, { current: [BUSY, BUSY, 'a'] })
  t.equal(await soon.rounds.push(soon.allowed), true)
  t.equal(soon.clock.at, 1010)
  const endless = await rounds(t, { current: Array(100_000).fill(BUSY) })
  t.equal(await endless.rounds.push(endless.allowed), false)
  t.same([endless.got, endless.outcomes], [[], ['failed']])
  t.ok(endless.clock.at < endless.allowed.until + 100, `given up at ${endless.clock.at}`)
})

t.test('an encoder that fails breaks the round off, which is said once', async t => {
  const kit = await rounds(t, { current: ['a', new Error('damaged'), 'b'] })
  for (let n = 0; n < 2; n++) t.equal(await kit.rounds.push(kit.allowed), false)
  t.same(
    [kit.got, kit.outcomes],
    [
      ['a', 'a'],
      ['failed', 'failed'],
    ],
  )
  t.match(kit.events, [{ level: 'error', code: 'push-fault', message: /damaged/ }])
  t.equal(kit.events.length, 1)
})

t.test('so does counting that fails, and nothing is thrown', async t => {
  const attempted = () => {
    throw new Error('cannot count')
  }
  const kit = await rounds(t, { current: ['a', 'b', 'c'], recorder: { attempted } })
  t.equal(await kit.rounds.push(kit.allowed), false)
  t.match(kit.events, [{ code: 'push-fault', message: /cannot count/ }])
})

t.test('no sample is as old as one before: the clock stands, or is set back', async t => {
  const kit = await rounds(t, {})
  await kit.rounds.push(kit.allowed)
  kit.clock.epoch -= 5 * MINUTE
  await kit.rounds.push(kit.allowed)
  await kit.rounds.tellGone(kit.allowed)
  await kit.rounds.withdraw(kit.allowed)
  const first = kit.times[0]!
  t.same(
    kit.times.map(time => time - first),
    [0, 1, 2, 3, 4, 5],
  )
})

t.test('a clock that was far ahead, and is set right, does not have all that follows refused', async t => {
  const kit = await rounds(t, {})
  kit.clock.epoch += 3 * 365 * 86_400_000
  await kit.rounds.push(kit.allowed)
  kit.clock.epoch -= 3 * 365 * 86_400_000
  await kit.rounds.push(kit.allowed)
  t.same(kit.times.slice(2), [kit.clock.date(), kit.clock.date() + 1])
})

t.test('what a receiver has not taken of a body is counted, and said once for each reason', async t => {
  let count = 0
  let total = 0
  const kit = await rounds(t, {
    current: ['a', 'b'],
    rejected: () => ({ count: ++count, why: count === 4 ? 'another' : 'too old' }),
    recorder: { rejected: count => (total += count) },
  })
  for (let n = 0; n < 2; n++) t.equal(await kit.rounds.push(kit.allowed), false)
  t.equal(total, 10)
  t.match(
    kit.events.map(({ code, message }) => `${code} ${message}`),
    [/^push-rejected .*"too old"$/, /^push-rejected .*"another"$/],
  )
  t.same(kit.outcomes, ['partial', 'partial'])
})

t.test(
  'a last push ends in time, also where the receiver says first to try again, and then nothing',
  async t => {
    let asked = 0
    const kit = await rounds(t, {
      current: ['a'],
      answer: (_body, response) => (++asked === 1 ? void response.writeHead(503).end() : undefined),
    })
    const { outcomes } = kit
    // The first answer has taken nearly all of the time.
    const until = kit.clock.at + 100
    t.equal(await kit.rounds.push({ until, strict: true, signal: never }), false)
    t.same(outcomes, ['failed'])
    t.match(
      kit.events,
      [{ code: 'push-failing', message: /no whole answer within \d\d ms/ }],
      'which is said',
    )
  },
)
