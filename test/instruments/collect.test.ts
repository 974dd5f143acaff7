/** Collect callbacks that misbehave: they throw anything, never end, come twice, or end after the registry. */
import t from 'tap'
import type { Gauge, LogEvent } from '../../src/index.js'
import { Collectors } from '../../src/instruments/collectors.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

/** Collectors whose time is the test's: `pass` lets the time go by that is waited for a callback. */
function timed() {
  const events: LogEvent[] = []
  const waits = new Map<() => void, number>()
  const collectors = new Collectors(
    60_000,
    event => events.push(event),
    (callback, millis) => {
      waits.set(callback, millis)
      return () => waits.delete(callback)
    },
  )
  const pass = () => {
    const due = [...waits.keys()]
    waits.clear()
    for (const callback of due) callback()
  }
  return { collectors, events, waits, pass }
}

const never = () => new Promise<void>(() => {})

t.test('whatever a callback throws is logged, and is no unhandled rejection', async t => {
  const { registry, events } = fresh(t)
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  let calls = 0
  const things: unknown[] = [Symbol('odd'), Object.create(null), undefined, { toString: 5 }]
  things.forEach((thing, n) => {
    registry.gauge({
      name: `g${n}`,
      help: '',
      collect: () => {
        calls++
        throw thing
      },
    })
  })
  registry.gauge({ name: 'rejects', help: '', collect: () => Promise.reject(Symbol('later')) })
  t.match(await registry.metrics(), /^g0 0$/m, 'the scrape succeeds all the same')
  t.match(await registry.metrics(), /^g0 0$/m, 'again')
  t.equal(calls, 2 * things.length, 'and they are called again')
  t.same(unhandled, [])
  const first = events.filter(({ message }) => /"g0"/.test(message))
  t.match(first, [{ code: 'collect-failed', message: /Symbol\(odd\)/ }])
  t.equal(first.length, 1, 'what is the same again is said once')
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
  const scrape = registry.metrics()
  end?.()
  t.match(await scrape, 'slow 0\n', 'metrics() waits for the call that is under way')
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

t.test('one callback each gauge has: the latest, however many instances register one; said once', async t => {
  const { registry, events } = fresh(t)
  let calls = 0
  for (let n = 1; n <= 1_000; n++) {
    const instance = { open: n }
    registry.gauge({
      name: 'open',
      help: '',
      collect: gauge => {
        calls++
        gauge.set(instance.open)
      },
    })
  }
  t.match(await registry.metrics(), 'open 1000\n')
  t.equal(calls, 1)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(calls, 1, 'the first call, once the loop turns, was made already')
  t.match(events, [{ level: 'warn', code: 'collect-replaced', message: /^metric "open": .* latest/ }])
  t.equal(events.length, 1)
})

t.test('a callback that takes the place of one that never ends is called', async t => {
  const { collectors, events } = timed()
  const gauge = { name: 'g' }
  collectors.add(gauge, never)
  void collectors.run()
  let calls = 0
  collectors.add(gauge, () => void calls++)
  await collectors.run()
  t.equal(calls, 1)
  t.match(events, [{ code: 'collect-replaced' }])
  collectors.stop()
})

t.test('after a second, figures are exposed without one that has not ended; logged once', async t => {
  const { collectors, events, waits, pass } = timed()
  let ends: (() => void) | undefined
  let calls = 0
  collectors.add({ name: 'stuck' }, () => {
    calls++
    return new Promise<void>(resolve => (ends = resolve))
  })
  let quick = 0
  collectors.add({ name: 'quick' }, async () => void quick++)
  let ended = false
  const first = collectors.run().then(() => (ended = true))
  await new Promise(resolve => setImmediate(resolve))
  t.notOk(ended, 'it is waited for')
  t.same([...waits.values()], [1_000])
  pass()
  await first
  t.match(events, [
    { level: 'warn', code: 'collect-slow', message: /^metric "stuck": .* has not ended in 1000 ms/ },
  ])
  await collectors.run()
  t.equal(waits.size, 0, 'who was given up is not waited for again')
  t.same([calls, quick], [1, 2], 'nor called; the others are')
  ends?.()
  await new Promise(resolve => setImmediate(resolve))
  const again = collectors.run()
  t.equal(calls, 2, 'when it has ended it is called again')
  t.equal(waits.size, 1, 'and waited for')
  await new Promise(resolve => setImmediate(resolve))
  pass()
  await again
  t.equal(events.length, 1, 'what was said is not said again')
  collectors.stop()
})

t.test('who waits for one that ends in time leaves no timer behind', async t => {
  const { collectors, events, waits } = timed()
  collectors.add({ name: 'g' }, async () => {
    await new Promise(resolve => setImmediate(resolve))
  })
  await collectors.run()
  t.equal(waits.size, 0)
  t.same(events, [])
  collectors.stop()
})

t.test('one that awaits the exposition itself gets what there was, and holds up nobody', async t => {
  const { registry, events } = fresh(t)
  const inner: string[] = []
  for (const name of ['a', 'b']) {
    registry.gauge({
      name,
      help: '',
      collect: async gauge => {
        inner.push(await registry.metrics())
        gauge.set(inner.length)
      },
    })
  }
  t.match(await registry.metrics(), /^a 1$/m)
  t.match(await registry.json(), { b: {} })
  const parts: Uint8Array[] = []
  for await (const part of registry.stream()) parts.push(part)
  t.match(Buffer.concat(parts).toString(), /^b 6$/m)
  t.equal(inner.length, 6, 'each is called once for each exposition')
  t.match(inner[0], /^a 0$/m)
  t.same(events, [])
})

t.test('one that awaits it after something else is given up like one that does not end', async t => {
  const { collectors, events, waits, pass } = timed()
  let ended = 0
  for (const name of ['a', 'b']) {
    collectors.add({ name }, async () => {
      await new Promise(resolve => setImmediate(resolve))
      await collectors.run()
      ended++
    })
  }
  const run = collectors.run()
  await until('all three wait', () => waits.size === 3)
  pass()
  await run
  await until('both have ended', () => ended === 2)
  t.same(
    events.map(({ code, message }) => [code, message.slice(0, 10)]),
    [
      ['collect-slow', 'metric "a"'],
      ['collect-slow', 'metric "b"'],
    ],
  )
  collectors.stop()
})

t.test('one that always throws is said to once, until it has done well or throws something else', async t => {
  const { collectors, events } = timed()
  let thrown: unknown = new Error('one')
  collectors.add({ name: 'g' }, () => {
    if (thrown !== undefined) throw thrown
  })
  for (const next of [new Error('one'), new Error('one'), new Error('two'), undefined, new Error('two')]) {
    await collectors.run()
    thrown = next
  }
  await collectors.run()
  t.same(
    events.map(({ message }) => message.slice(-10)),
    ['Error: one', 'Error: two', 'Error: two'],
  )
  collectors.stop()
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
  const scrape = registry.metrics()
  registry.gauge({ name: 'new', help: '', collect: () => void calls++ })
  const closed = registry.close()
  go?.()
  await Promise.allSettled([scrape, closed])
  await new Promise(resolve => setImmediate(resolve))
  t.equal(calls, 0)
  t.doesNotThrow(() => gauge.set(1))
  t.same(
    events.map(({ code }) => code),
    ['dropped-closed'],
  )
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
  // Node reports both once the loop turns.
  await new Promise(resolve => setImmediate(resolve))
  t.same(unhandled, [])
  t.match(said[0], /metric "g": its collect callback failed: Error: no reading/)
})
