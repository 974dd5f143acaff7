/** When the page asks: one request at a time, no oftener than the server wants, and never while nobody looks. */
import t from 'tap'
import type { Answer } from '../../src/front/contract/dashboard.js'
import { Poller } from '../../src/front/page/poller.js'
import { gone, isGap, isKept, pace } from '../../src/front/page/words.js'

interface Question {
  readonly at: number
  readonly signal: AbortSignal
  answer(every: number, takes?: number): Promise<void>
  fail(why: string): Promise<void>
}

/** A clock that the test moves, a network that the test answers for, and what the page would hear. */
function world() {
  let now = 0
  const timers = new Set<{ at: number; call: () => void }>()
  const questions: Question[] = []
  const heard: string[] = []
  const at = { isHidden: false, panels: ['a'] }
  const settled = () => new Promise<void>(resolve => setImmediate(resolve))
  const pass = async (ms: number) => {
    const end = now + ms
    for (;;) {
      const [next] = [...timers].filter(timer => timer.at <= end).sort((one, other) => one.at - other.at)
      if (next === undefined) break
      timers.delete(next)
      now = Math.max(now, next.at)
      next.call()
      await settled()
    }
    now = end
    await settled()
  }
  const poller = new Poller(
    {
      now: () => now,
      isHidden: () => at.isHidden,
      after: (ms, call) => {
        const timer = { at: now + ms, call }
        timers.add(timer)
        return () => timers.delete(timer)
      },
      ask: (_, signal) =>
        new Promise<Answer>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
          questions.push({
            at: now,
            signal,
            answer: async (every, takes = 0) => {
              now += takes
              resolve({ time: now, started: 0, every, panels: [] })
              await settled()
            },
            fail: async why => {
              reject(new Error(why))
              await settled()
            },
          })
        }),
    },
    {
      panels: () => at.panels,
      answered: () => heard.push('answered'),
      failed: (why, againIn) => heard.push(`${why}, again in ${againIn}`),
    },
  )
  return { poller, questions, heard, pass, at, times: () => questions.map(({ at }) => at) }
}

t.test('it asks as often as the server says', async t => {
  const { poller, questions, pass, times } = world()
  poller.now()
  await questions[0]!.answer(2000)
  await pass(2000)
  await questions[1]!.answer(8000)
  await pass(7999)
  t.same(times(), [0, 2000])
  await pass(1)
  t.same(times(), [0, 2000, 10_000])
})

t.test('one request at a time: a slow answer delays the next question', async t => {
  const { poller, questions, pass, times } = world()
  poller.now()
  await pass(5000)
  poller.now()
  t.same(times(), [0], 'nothing is asked while a question is out')
  await questions[0]!.answer(2000, 100)
  await pass(0)
  t.same(times(), [0, 5100], 'what was to be asked meanwhile is asked then')
  await questions[1]!.answer(2000, 3000)
  await pass(0)
  t.same(times(), [0, 5100, 8100])
})

t.test('a hidden page asks nothing, and goes on at once when it is seen', async t => {
  const { poller, questions, pass, times, at } = world()
  poller.now()
  await questions[0]!.answer(2000)
  at.isHidden = true
  await pass(60_000)
  t.same(times(), [0])
  at.isHidden = false
  poller.now()
  t.same(times(), [0, 60_000])
})

t.test('a page that shows nothing asks nothing', async t => {
  const { poller, questions, at } = world()
  at.panels = []
  poller.now()
  t.equal(questions.length, 0)
  at.panels = ['a']
  poller.now()
  t.equal(questions.length, 1)
})

t.test('after a failure it asks again, first soon, then every ten seconds', async t => {
  const { poller, questions, heard, pass, times } = world()
  poller.now()
  for (let n = 0; n < 6; n++) {
    await questions[n]!.fail('it is gone')
    await pass(10_000)
  }
  t.same(
    heard,
    [2000, 4000, 8000, 10_000, 10_000, 10_000].map(pause => `it is gone, again in ${pause}`),
  )
  await questions[6]!.answer(2000)
  t.equal(heard.at(-1), 'answered')
  const asked = times().length
  await pass(2000)
  t.equal(times().length, asked + 1, 'and then as ever')
})

t.test('an answer that does not come is given up', async t => {
  const { poller, questions, heard, pass } = world()
  poller.now()
  await pass(20_000)
  t.ok(questions[0]!.signal.aborted)
  t.same(heard, ['no answer within 20 s, again in 2000'])
  await pass(2000)
  t.equal(questions.length, 2)
})

t.test('it ends for good', async t => {
  const { poller, questions, heard, pass } = world()
  poller.now()
  poller.end()
  await pass(60_000)
  t.ok(questions[0]!.signal.aborted)
  t.same([questions.length, heard], [1, []])
})

t.test('how often it asks is said, and why no oftener', async t => {
  const panel = (name: string, series: number) => ({
    name,
    type: 'gauge' as const,
    series,
    total: 1,
    lines: [],
  })
  const panels = [panel('small', 3), panel('mail_queued', 2_000_000), { name: 'x', problem: 'unknown' }]
  t.equal(pace({ time: 0, started: 0, every: 2000, panels }), 'Asks every 2 s.')
  t.equal(
    pace({ time: 0, started: 0, every: 8000, panels }),
    'Asks every 8 s, because mail_queued has 2,000,000 series.',
  )
  t.equal(pace({ time: 0, started: 0, every: 8000, panels: [] }), 'Asks every 8 s.')
})

t.test('so is that the endpoint is gone, and where the pictures end', async t => {
  t.equal(gone('it answers 503', 4000, undefined), 'The endpoint is gone: it answers 503. Asks again in 4 s.')
  t.match(gone('it answers 503', 4000, '12:00:00'), /The pictures end at 12:00:00\.$/)
})

t.test(
  'answers that come seldom, as the server wants it, make no gap; time in which nothing was asked does',
  async t => {
    t.notOk(isGap({ time: 0, every: 2000 }, { time: 2000, every: 2000 }))
    t.notOk(
      isGap({ time: 0, every: 8000 }, { time: 8100, every: 2000 }),
      'where it was asked seldom until now',
    )
    t.notOk(isGap({ time: 0, every: 2000 }, { time: 8100, every: 8000 }), 'or an answer took its time')
    t.ok(isGap({ time: 0, every: 2000 }, { time: 60_000, every: 2000 }))
  },
)

t.test('an answer that comes again and again is known from one that the server gives twice', async t => {
  const first = { time: 5000, every: 2000 }
  t.notOk(isKept(first, first, 2000), 'asked again early')
  t.notOk(isKept({ ...first, every: 20_000 }, first, 30_000), 'where it is seldom anew')
  t.ok(isKept(first, first, 8000))
  t.notOk(isKept(first, { time: 7000, every: 2000 }, 60_000))
})
