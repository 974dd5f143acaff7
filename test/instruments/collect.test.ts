/** Collect callbacks that misbehave: they throw anything, never end, come twice, or end after the registry. */
import t from 'tap'
import type { Gauge } from '../../src/index.js'
import { fresh } from '../support/registry.js'

t.test('whatever a callback throws is told, and is no unhandled rejection', async t => {
  const { registry, events } = fresh(t)
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  const things: unknown[] = [Symbol('odd'), Object.create(null), undefined, { toString: 5 }]
  things.forEach((thing, n) => {
    registry.gauge({
      name: `g${n}`,
      help: '',
      collect: () => {
        throw thing
      },
    })
  })
  registry.gauge({ name: 'rejects', help: '', collect: () => Promise.reject(Symbol('later')) })
  t.match(await registry.metrics(), /^g0 0$/m, 'the scrape is told all the same')
  t.match(await registry.metrics(), /^g0 0$/m, 'and they are called again')
  t.same(unhandled, [])
  const first = events.filter(({ message }) => /"g0"/.test(message))
  t.match(first, [{ code: 'collect-failed', message: /Symbol\(odd\)/ }, { code: 'collect-failed' }])
  t.ok(events.some(({ message }) => /"rejects".*Symbol\(later\)/.test(message)))
})

t.test('the gauge is `this`, as in prom-client', async t => {
  const { registry, events } = fresh(t)
  registry.gauge({
    name: 'g',
    help: '',
    labelNames: ['x'],
    collect() {
      this.set({ x: 'a' }, 4)
    },
  })
  t.match(await registry.metrics(), 'g{x="a"} 4\n')
  t.same(events, [])
})

t.test('one that has not ended is not called again, which is said once', async t => {
  const { registry, events } = fresh(t, { collectEvery: 10 })
  const keep = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(keep))
  let slow = 0
  let end: (() => void) | undefined
  registry.gauge({
    name: 'slow',
    help: '',
    collect: () => {
      slow++
      return new Promise<void>(resolve => (end = resolve))
    },
  })
  let turns = 0
  await new Promise<void>(resolve => {
    registry.gauge({ name: 'quick', help: '', collect: () => (++turns === 5 ? resolve() : undefined) })
  })
  t.equal(slow, 1, 'while the other one was called five times')
  t.match(
    events.map(({ code, message }) => [code, message]),
    [['collect-slow', 'metric "slow": its collect callback has not ended in 10 ms (option "collectEvery")']],
  )
  const told = registry.metrics()
  end?.()
  t.match(await told, 'slow 0\n', 'metrics() waits for the call that is under way')
  const again = registry.metrics()
  await new Promise(resolve => setImmediate(resolve))
  t.ok(slow >= 2, 'and then it is called again')
  end?.()
  await again
})

t.test('registered again with the same callback it is called once', async t => {
  const { registry } = fresh(t)
  let calls = 0
  const collect = (gauge: Gauge) => gauge.set(++calls)
  for (let n = 0; n < 3; n++) registry.gauge({ name: 'g', help: '', collect })
  await registry.metrics()
  t.equal(calls, 1)
})

t.test('closed meanwhile, none is called, and none is said to have failed', async t => {
  const { registry, events } = fresh(t)
  let calls = 0
  let go: (() => void) | undefined
  const gauge = registry.gauge({
    name: 'late',
    help: '',
    collect: async gauge => {
      await new Promise<void>(resolve => (go = resolve))
      gauge.set(1)
    },
  })
  const told = registry.metrics()
  registry.gauge({ name: 'new', help: '', collect: () => void calls++ })
  const closed = registry.close()
  go?.()
  await Promise.allSettled([told, closed])
  await new Promise(resolve => setImmediate(resolve))
  t.equal(calls, 0)
  t.throws(() => gauge.set(1), /closed/)
  t.same(events, [])
})

t.test('a log hook that rejects is no unhandled rejection: Node warns in its place', async t => {
  const said: string[] = []
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  const warned = ({ message }: Error) => said.push(message)
  process.on('unhandledRejection', note)
  process.on('warning', warned)
  t.teardown(() => {
    process.off('unhandledRejection', note)
    process.off('warning', warned)
  })
  const { registry } = fresh(t, {
    log: async () => {
      throw new Error('no log today')
    },
  })
  registry.gauge({ name: 'g', help: '', collect: () => Promise.reject(new Error('no reading')) })
  await registry.metrics()
  // Node tells both once the loop turns.
  await new Promise(resolve => setImmediate(resolve))
  t.same(unhandled, [])
  t.match(said[0], /metric "g": its collect callback failed: Error: no reading/)
})
