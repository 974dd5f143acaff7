/** When an endpoint is looked at. */
import t from 'tap'
import { SourceFailure } from '../../src/cli/source/exits.js'
import type { Clock } from '../../src/cli/top/clock.js'
import { Poller } from '../../src/cli/top/poller.js'

/** Time passes at once, and is written down. */
class Slept implements Clock {
  time = 0
  readonly waits: number[] = []

  now(): number {
    return this.time
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.waits.push(milliseconds)
    this.time += milliseconds
  }
}

/** Looks of which each takes 300 ms; those that are listed fail. Stops behind the last. */
async function polled(count: number, every: number, failing: readonly number[]) {
  const clock = new Slept()
  const stop = new AbortController()
  const said: string[] = []
  let look = 0
  const endpoint = {
    async look(names: readonly string[] = []) {
      clock.time += 300
      if (++look === count) stop.abort()
      if (failing.includes(look)) throw new SourceFailure('unreachable', 'gone')
      return { bytes: 1, milliseconds: 300, whole: names.length === 0 }
    },
  }
  const poller = new Poller(endpoint, every, clock, {
    looked: ({ whole }) => said.push(whole ? 'whole' : 'some'),
    failed: ({ message }, retry) => said.push(`${message} ${retry}`),
    wanted: () => (look === 1 ? ['a'] : []),
  })
  await poller.run(stop.signal)
  return { said, waits: clock.waits }
}

t.test('looks begin as far apart as is asked for', async t => {
  const { said, waits } = await polled(3, 2000, [])
  t.same(said, ['whole', 'some', 'whole'])
  t.same(waits, [2000, 1700, 1700])
})

t.test('an endpoint that fails is asked again soon, and ever less often', async t => {
  const { said, waits } = await polled(8, 15_000, [1, 2, 3, 4, 5, 7])
  t.same(said.slice(0, 6), ['gone 1000', 'gone 2000', 'gone 4000', 'gone 5000', 'gone 5000', 'whole'])
  t.same(said.slice(6), ['gone 1000', 'whole'], 'and soon again the next time')
  t.same(waits, [15_000, 1000, 2000, 4000, 5000, 5000, 14_700, 1000])
})

t.test('never less often than it is looked at', async t => {
  t.same((await polled(4, 500, [1, 2, 3])).waits, [500, 500, 500, 500])
})

t.test('what is no failure of the endpoint ends it', async t => {
  const broken = { look: () => Promise.reject(new Error('a mistake')) }
  const watcher = { looked: () => {}, failed: () => {}, wanted: () => [] }
  await t.rejects(new Poller(broken, 1, new Slept(), watcher).run(new AbortController().signal), /a mistake/)
})

t.test('paused, it looks when it goes on', async t => {
  let looks = 0
  const waits: number[] = []
  const stop = new AbortController()
  const clock: Clock = {
    now: () => 0,
    sleep: (milliseconds, signal) => {
      waits.push(milliseconds)
      if (milliseconds === 0) return Promise.resolve()
      return new Promise(resolve => signal.addEventListener('abort', () => resolve()))
    },
  }
  const endpoint = { look: async () => ({ bytes: 0, milliseconds: 0, whole: true }) }
  const poller = new Poller(endpoint, 2000, clock, {
    looked: () => {
      looks++
      stop.abort()
    },
    failed: () => {},
    wanted: () => [],
  })
  const ended = poller.run(stop.signal)
  poller.pause(true)
  t.equal(poller.isPaused, true)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(looks, 0)
  t.ok(waits.at(-1)! > 1e9, 'it waits without an end')
  poller.pause(false)
  await ended
  t.equal(looks, 1)
})

t.test('paused, it looks once when it is asked to', async t => {
  const stop = new AbortController()
  const clock: Clock = {
    now: () => 0,
    sleep: (_, signal) =>
      new Promise<void>(resolve => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve())
      }),
  }
  let looks = 0
  const endpoint = { look: async () => ({ bytes: ++looks, milliseconds: 0, whole: true }) }
  const watcher = { looked: () => {}, failed: () => {}, wanted: () => [] }
  const poller = new Poller(endpoint, 2000, clock, watcher)
  const ended = poller.run(stop.signal)
  poller.pause(true)
  await new Promise(resolve => setImmediate(resolve))
  for (const wanted of [1, 2]) {
    poller.hurry()
    await new Promise(resolve => setImmediate(resolve))
    t.equal(looks, wanted)
  }
  stop.abort()
  await ended
})

t.test('whoever prints what was seen can take its time', async t => {
  const stop = new AbortController()
  const order: string[] = []
  let look = 0
  const endpoint = {
    async look() {
      order.push(`look ${++look}`)
      return { bytes: 0, milliseconds: 0, whole: true }
    },
  }
  await new Poller(endpoint, 1, new Slept(), {
    looked: async () => {
      await new Promise(resolve => setImmediate(resolve))
      order.push(`printed ${look}`)
      if (look === 2) stop.abort()
    },
    failed: () => {},
    wanted: () => [],
  }).run(stop.signal)
  t.same(order, ['look 1', 'printed 1', 'look 2', 'printed 2'])
})
