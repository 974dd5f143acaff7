/** When a push pushes and looks. The clock is the test's: what takes time moves it on. */
import t from 'tap'
import type { Allowed } from '../../../src/push/delivery/deliver.js'
import { Schedule, type ScheduleTools } from '../../../src/push/thread/schedule.js'
import { Clock } from './clock.js'

/** A Schedule that is ended at its so many-th push, and what it did: what, when, and until when it may. */
async function scheduled(
  plan: Partial<ScheduleTools> & { readonly pushes?: number; readonly pushTakes?: (nth: number) => number },
) {
  const { pushes = 4, pushTakes = () => 0, ...more } = plan
  const clock = new Clock()
  clock.at = 0
  const did: string[] = []
  const ends: Promise<void>[] = []
  let count = 0
  const note = (what: string, { until, strict = false }: Allowed) =>
    did.push(`${what} ${clock.at} until ${until}${strict ? ' at most' : ''}`)
  const schedule: Schedule = new Schedule({
    every: 1000,
    lookEvery: 1000,
    timeout: 300,
    withdraw: false,
    tools: clock,
    async push(allowed) {
      note('push', allowed)
      if (++count === pushes) ends.push(schedule.end())
      await clock.sleep(pushTakes(count), allowed.signal)
      return !allowed.signal.aborted
    },
    look: async allowed => void note('look', allowed),
    withdrawAll: async allowed => void note('withdraw', allowed),
    ...more,
  })
  schedule.start()
  while (ends.length === 0) await new Promise(resolve => setImmediate(resolve))
  await ends[0]
  return { did, schedule, clock }
}

t.test('it pushes at once, and then on its beat', async t => {
  const { did } = await scheduled({})
  t.same(did, [
    'push 0 until 1000',
    'push 1000 until 2000',
    'push 2000 until 3000',
    'push 3000 until 4000',
    'push 3000 until 3300 at most',
  ])
})

t.test('a push that takes a part of the time does not move the beat', async t => {
  const { did } = await scheduled({ pushTakes: () => 400 })
  t.same(
    did.map(line => line.split(' ')[1]),
    ['0', '1000', '2000', '3000', '3000'],
  )
})

t.test('beats that a slow push misses are left out, and not made up for', async t => {
  const { did } = await scheduled({ pushTakes: nth => (nth === 1 ? 3500 : 0) })
  t.same(
    did.map(line => line.split(' ')[1]),
    ['0', '3500', '4500', '5500', '5500'],
  )
})

t.test('between two pushes it looks for what is gone, which must be told before the next push', async t => {
  const { did } = await scheduled({ lookEvery: 300, pushes: 2 })
  t.same(did, [
    'push 0 until 1000',
    'look 300 until 1000',
    'look 600 until 1000',
    'look 900 until 1000',
    'push 1000 until 2000',
    'push 1000 until 1300 at most',
  ])
})

t.test('a clean end pushes once more, and withdraws if it is to', async t => {
  const { did } = await scheduled({ withdraw: true, pushes: 1 })
  t.same(did, ['push 0 until 1000', 'push 0 until 300 at most', 'withdraw 0 until 300 at most'])
})

t.test('a clean end while it sleeps or looks', async t => {
  for (const when of ['sleep', 'look'] as const) {
    const clock = new Clock()
    const did: string[] = []
    let wake = () => {}
    let asleep = () => {}
    const sleeping = new Promise<void>(resolve => {
      asleep = resolve
    })
    const hang = (signal: AbortSignal) =>
      new Promise<void>(resolve => {
        wake = resolve
        signal.addEventListener('abort', () => wake())
        asleep()
      })
    const schedule = new Schedule({
      every: 1000,
      lookEvery: 300,
      timeout: 300,
      withdraw: true,
      tools: {
        now: clock.now,
        sleep: (ms, signal) => (when === 'sleep' ? hang(signal) : clock.sleep(ms, signal)),
      },
      push: async () => did.push('push') > 0,
      look: ({ signal }) => hang(signal),
      withdrawAll: async () => void did.push('withdraw'),
    })
    schedule.start()
    await sleeping
    await schedule.end()
    t.same(did, ['push', 'push', 'withdraw'], when)
  }
})

t.test('pushes out of turn come one after the other, and none after the end began', async t => {
  const clock = new Clock()
  let under = 0
  let most = 0
  const finish: (() => void)[] = []
  const schedule = new Schedule({
    every: 1000,
    lookEvery: 1000,
    timeout: 300,
    withdraw: false,
    tools: {
      now: clock.now,
      sleep: (_ms, signal) => new Promise(resolve => signal.addEventListener('abort', () => resolve())),
    },
    async push({ signal, strict }) {
      most = Math.max(most, ++under)
      await new Promise<void>(resolve => {
        finish.push(resolve)
        signal.addEventListener('abort', () => resolve())
        if (strict) resolve()
      })
      under--
      return !signal.aborted
    },
    look: async () => {},
    withdrawAll: async () => {},
  })
  schedule.start()
  const first = schedule.pushNow()
  const others = [schedule.pushNow(), schedule.pushNow()]
  while (finish.length === 0) await new Promise(resolve => setImmediate(resolve))
  finish[0]!()
  while (finish.length === 1) await new Promise(resolve => setImmediate(resolve))
  finish[1]!()
  t.equal(await first, true)
  const end = schedule.end()
  t.same(await Promise.all(others), [false, false], 'what was under way, and what waited')
  await end
  t.equal(await schedule.pushNow(), false)
  t.equal(most, 1)
})
