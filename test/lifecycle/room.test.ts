/**
 * Limits when threads meet at them: who was refused a series that another thread was just making, or room that was
 * given back, counts from the next update on; and refusals by themselves have nobody try again.
 */
import t, { type Test } from 'tap'
import { roomNumber } from '../../src/lifecycle/room.js'
import { brokeOff } from '../../src/lifecycle/sweep.js'
import * as L from '../../src/memory/layout.js'
import { familyOf, fill } from '../support/registry.js'
import { EXPIRE, interrupt, interruptEach, Killed, Sim } from './sim.js'

const options = { maxSeries: 2, expireAfter: 0 }

t.test('a label set that another thread is making at the limit, at each of its steps', async t => {
  for (const limit of ['family', 'registry'] as const) {
    const steps = interruptEach(() => {
      const sim = new Sim({ maxSeries: limit === 'registry' ? 2 : 0 })
      const [one, two] = [sim.thread(1), sim.thread(2)]
      const own = limit === 'family' ? options : { expireAfter: 0 }
      const [c, d] = [one.counter('c', own), two.counter('c', own)]
      c.inc({ x: 'a' })
      d.inc({ x: 'a' })
      let theirs: ReturnType<typeof d.labels> | undefined
      return {
        other: () => {
          theirs = d.labels('b')
        },
        call: () => c.labels('b').inc(),
        check: step => {
          theirs?.inc()
          t.equal(sim.scrape().get('c{x="b"}'), 2, `${limit}, step ${step}`)
          t.equal(sim.series(), 2)
        },
      }
    })
    t.ok(steps > 10, `${steps} steps`)
  }
})

t.test('a label set that another thread is making in the last of the memory', async t => {
  const steps = interruptEach(() => {
    const sim = new Sim()
    const [one, two] = [sim.thread(1), sim.thread(2)]
    const [c, d] = [one.counter('c', { expireAfter: 0 }), two.counter('c', { expireAfter: 0 })]
    // Both have cells for the first's page, which has room for more; the second has no page of its own.
    c.inc({ x: 'a' })
    d.inc({ x: 'a' })
    fill(sim.arena)
    let theirs: ReturnType<typeof d.labels> | undefined
    return {
      other: () => {
        theirs = d.labels('b')
      },
      call: () => c.labels('b').inc(),
      check: step => {
        theirs?.inc()
        t.equal(sim.scrape().get('c{x="b"}'), 2, `step ${step}`)
      },
    }
  })
  t.ok(steps > 10, `${steps} steps`)
})

t.test('its maker dies at any step: who was refused counts once the dead is buried', async t => {
  const steps = interruptEach(() => {
    const sim = new Sim()
    const [one, two] = [sim.thread(1), sim.thread(2)]
    const [c, d] = [one.counter('c', options), two.counter('c', options)]
    c.inc({ x: 'a' })
    d.inc({ x: 'a' })
    let theirs: ReturnType<typeof d.labels> | undefined
    return {
      other: () => {
        theirs = d.labels('b')
        throw new Killed()
      },
      call: () => c.labels('b').inc(),
      check: step => {
        sim.bury(one)
        sim.sweep()
        // Whoever takes over what the dead had begun finishes it, or gives its room back.
        sim.thread(3).counter('c', options).labels('b')
        theirs?.inc()
        t.ok((sim.scrape().get('c{x="b"}') ?? 0) >= 1, `step ${step}`)
        t.equal(sim.series(), 2)
      },
    }
  })
  t.ok(steps > 10, `${steps} steps`)
})

t.test('a reservation that was given back is room', async t => {
  const sim = new Sim()
  const one = sim.thread(1)
  const c = one.counter('c', options)
  c.inc({ x: 'a' })
  // Counted, and none: what a death between the two leaves.
  const series = familyOf(sim.arena, 'c').ref * 2 + L.F_SERIES
  Atomics.add(sim.arena.i32, series, 1)
  Atomics.add(sim.arena.i32, L.H_SERIES, 1)
  const refused = c.labels('b')
  refused.inc()
  t.equal(sim.scrape().get('c{x="b"}'), undefined)
  brokeOff(sim.arena)
  sim.sweep()
  refused.inc()
  t.equal(sim.scrape().get('c{x="b"}'), 1, 'once it was counted anew')
})

t.test('room that comes at any step of a refusal is not overlooked', async t => {
  const steps = interruptEach(() => {
    const sim = new Sim()
    const [one, two] = [sim.thread(1), sim.thread(2)]
    const [c, d] = [one, two].map(thread => thread.counter('c', { maxSeries: 2 }))
    c.inc({ x: 'a' })
    c.inc({ x: 'b' })
    c.remove('b')
    sim.sweep()
    // Freed by the next sweep.
    t.equal(sim.series(), 2)
    let refused: ReturnType<typeof d.labels> | undefined
    return {
      other: () => sim.sweep(),
      call: () => {
        refused = d.labels('c')
      },
      check: step => {
        sim.sweep()
        sim.sweep()
        refused?.inc()
        t.equal(sim.scrape().get('c{x="c"}'), 1, `step ${step}`)
      },
    }
  })
  t.ok(steps > 10, `${steps} steps`)
})

/** Two threads, of which the first died amid making a series in the last room; calls of Atomics.wait are counted. */
function amidMaking(t: Test) {
  const sim = new Sim()
  const [one, two] = [sim.thread(1), sim.thread(2)]
  const [c, d] = [one, two].map(thread => thread.counter('c', { ...options, maxSeries: 1 }))
  d.inc({ x: 'a' })
  for (let step = 0; sim.arena.i32[one.table.shard()!.at + L.SHARD_MAKING] === 0; step++)
    interrupt(
      step,
      () => {
        throw new Killed()
      },
      () => c.labels('b'),
    )
  const seen = { sim, one, d, waits: 0 }
  const real = Atomics.wait
  Atomics.wait = ((...args: Parameters<typeof real>) => {
    if (++seen.waits > 1_000) throw new Error('it waits for ever')
    return real(...args)
  }) as typeof real
  t.teardown(() => {
    Atomics.wait = real
  })
  return seen
}

t.test('a thread that died amid making one, and is not buried, holds nobody up for long', async t => {
  const seen = amidMaking(t)
  const { sim, one, d } = seen
  for (let n = 0; n < 50; n++) d.labels(`${n}`).inc()
  t.ok(seen.waits > 0 && seen.waits <= 20, `${seen.waits} ms`)
  sim.bury(one)
  sim.now += 10_000
  seen.waits = 0
  for (let n = 0; n < 50; n++) d.labels(`${n}`).inc()
  t.equal(seen.waits, 0)
})

t.test('nor does it where the beginning of the clock is damaged', async t => {
  for (const birth of [NaN, 1e300, -1e300, Infinity, -Infinity]) {
    const seen = amidMaking(t)
    seen.sim.arena.f64[L.H_BIRTH_WORD] = birth
    for (let n = 0; n < 5; n++) seen.d.labels(`${n}`).inc()
    t.ok(seen.waits <= 5 * 20, `${birth}: ${seen.waits} ms`)
  }
})

t.test('at a limit, a refused child is not tried again before there is room', async t => {
  for (const limit of ['family', 'registry'] as const) {
    const sim = new Sim({ maxSeries: limit === 'registry' ? 2 : 0 })
    const c = sim.thread(1).counter('c', limit === 'family' ? options : { expireAfter: 0 })
    c.inc({ x: 'a' })
    c.inc({ x: 'b' })
    const before = roomNumber(sim.arena)
    const refused = c.labels('c')
    for (let n = 0; n < 10; n++) {
      refused.inc()
      c.labels(`d${n}`).inc()
    }
    t.equal(roomNumber(sim.arena), before, limit)
    t.equal(sim.series(), 2)
  }
})

t.test("the library's own series take nothing of the program's limit, nor give it any", async t => {
  const sim = new Sim({ maxSeries: 2 })
  const one = sim.thread(1)
  const own = one.counter('postmeter_c_total', { self: true, expireAfter: EXPIRE })
  const c = one.counter('c', { expireAfter: 0 })
  for (let n = 0; n < 5; n++) own.inc({ x: `${n}` })
  t.equal(sim.series(), 0)
  for (let n = 0; n < 6; n++) {
    sim.sweep(EXPIRE)
    one.letGo()
  }
  t.equal(sim.states('postmeter_c_total')[L.STATE_LIVE], 0, 'they expire, as their own expireAfter says')
  t.equal(sim.series(), 0, 'and are taken off no count that they are not in')
  for (let n = 0; n < 5; n++) c.inc({ x: `${n}` })
  t.equal(sim.series(), 2)
})
