/**
 * Threads' shares of a gauge: what a death leaves and takes, what keeps a gauge from expiring, and what brings a removed
 * one back.
 */
import t from 'tap'
import type { Aggregate } from '../../src/catalogue/families.js'
import { EXPIRE, interrupt, interruptEach, Killed, Sim, type SimThread } from './sim.js'

const A = 'g{x="a"}'

function world(aggregate: Aggregate) {
  const sim = new Sim()
  const [one, two, three] = [sim.thread(1), sim.thread(2), sim.thread(3)]
  const gauge = (thread: SimThread) => thread.gauge('g', { aggregate })
  return { sim, one, two, three, gauge, value: () => sim.scrape().get(A) }
}

/** Sweeps as often as it takes for what is idle and held by nobody to be gone. */
function expire(sim: Sim, threads: SimThread[] = []): void {
  for (let n = 0; n < 6; n++) {
    sim.sweep(EXPIRE)
    for (const thread of threads) thread.letGo()
  }
}

t.test('sum: the next thread that has the cell sets a share of its own beside the dead one', async t => {
  const { sim, one, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 100)
  sim.bury(one)
  const heir = sim.thread(4)
  const held = gauge(heir).labels('a')
  t.equal(value(), 100, 'to look it up changes nothing')
  held.set(5)
  t.equal(value(), 105, 'as when both live at once')
  held.set(7)
  held.inc(2)
  t.equal(value(), 109)
  held.set(1)
  t.equal(value(), 101)
  sim.bury(heir)
  gauge(sim.thread(5)).set({ x: 'a' }, 1)
  t.equal(value(), 102, 'both are dead now')
})

t.test('sum: also where the heir let go of the series in between', async t => {
  const { sim, one, two, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 100)
  gauge(two).labels('a')
  sim.bury(one)
  const heir = sim.thread(4)
  const held = gauge(heir).labels('a')
  held.set(5)
  gauge(two).remove('a')
  heir.letGo()
  t.equal(held.at, 0)
  held.set(6)
  t.equal(value(), 106, 'it comes back with its whole count')
})

t.test('sum: in its next life a series has nothing of it', async t => {
  const { sim, one, two, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 3)
  sim.bury(one)
  const heir = sim.thread(4)
  gauge(heir).set({ x: 'a' }, 5)
  gauge(two).dec({ x: 'a' }, 3)
  gauge(heir).set({ x: 'a' }, 0)
  t.equal(value(), 0)
  gauge(heir).remove('a')
  expire(sim, [heir, two])
  t.equal(value(), undefined)
  gauge(heir).set({ x: 'a' }, 4)
  t.equal(value(), 4)
})

t.test('sum: reset() takes what the dead left, too', async t => {
  const { sim, one, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 100)
  sim.bury(one)
  const held = gauge(sim.thread(4)).labels('a')
  held.set(5)
  gauge(sim.thread(5)).reset()
  t.equal(value(), 0)
  held.set(5)
  t.equal(value(), 5)
  held.set(6)
  t.equal(value(), 6)
})

for (const aggregate of ['livesum', 'min', 'max'] as const) {
  t.test(`${aggregate}: the dead's share is gone before the next thread's begins`, async t => {
    const { sim, one, gauge, value } = world(aggregate)
    gauge(one).set({ x: 'a' }, 100)
    sim.bury(one)
    t.equal(value(), 0)
    const heir = sim.thread(4)
    const held = gauge(heir).labels('a')
    t.equal(value(), 0, 'to look it up brings nothing back')
    held.inc(2)
    t.equal(value(), 2)
  })
}

t.test('a gauge that folds to zero over shares that threads have set does not expire', async t => {
  for (const [aggregate, theirs, expected] of [
    ['sum', -5, 2],
    ['livesum', -5, 2],
    ['min', 5, 5],
    ['max', -10, -5],
  ] as const) {
    const { sim, one, two, gauge, value } = world(aggregate)
    const mine = aggregate === 'sum' || aggregate === 'livesum' ? -theirs : 0
    gauge(two).set({ x: 'a' }, aggregate === 'max' ? -5 : theirs)
    gauge(one).set({ x: 'a' }, mine)
    t.equal(value(), 0)
    expire(sim, [one, two])
    t.equal(value(), 0, `${aggregate}: still there`)
    gauge(one).set({ x: 'a' }, aggregate === 'max' ? -10 : aggregate === 'min' ? 10 : 7)
    t.equal(value(), expected, aggregate)
    gauge(one).set({ x: 'a' }, 0)
    gauge(two).set({ x: 'a' }, 0)
    expire(sim, [one, two])
    t.equal(value(), undefined, `${aggregate}: gone once both have set zero`)
  }
})

t.test('sum: nor one that folds to zero beside what a dead thread left', async t => {
  const { sim, one, two, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 1)
  sim.bury(one)
  const heir = sim.thread(4)
  gauge(heir).set({ x: 'a' }, -1)
  t.equal(value(), 0)
  expire(sim, [heir, two])
  gauge(heir).set({ x: 'a' }, 7)
  t.equal(value(), 8)
  gauge(two).dec({ x: 'a' }, 1)
  gauge(heir).set({ x: 'a' }, 0)
  expire(sim, [heir, two])
  t.equal(value(), undefined, 'gone once it has set zero')
})

t.test('sum: what is added here and taken off there expires at zero', async t => {
  const { sim, one, two, gauge, value } = world('sum')
  gauge(one).inc({ x: 'a' }, 1_000)
  gauge(two).dec({ x: 'a' }, 1_000)
  expire(sim, [one, two])
  t.equal(value(), undefined)
  gauge(one).inc({ x: 'a' }, 3)
  gauge(two).dec({ x: 'a' }, 1)
  t.equal(value(), 2)
})

t.test('sum: a share that a dead thread set keeps nothing', async t => {
  const { sim, one, two, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 5)
  gauge(two).dec({ x: 'a' }, 5)
  sim.bury(one)
  expire(sim, [two])
  t.equal(value(), undefined)
})

t.test('shares that are set to zero together after it was hidden bring it back', async t => {
  const { sim, one, two, gauge, value } = world('sum')
  const [a, b] = [gauge(one).labels('a'), gauge(two).labels('a')]
  sim.sweep(EXPIRE)
  t.equal(value(), undefined, 'hidden, and held')
  a.set(5)
  b.set(-5)
  sim.sweep()
  t.equal(value(), 0)
  expire(sim, [one, two])
  a.set(7)
  t.equal(value(), 2)
})

for (const aggregate of ['sum', 'livesum', 'min', 'max'] as const) {
  t.test(`${aggregate}: a removed gauge stays away when a thread that held it dies`, async t => {
    const { sim, one, two, gauge, value } = world(aggregate)
    gauge(two).labels('a').set(5)
    gauge(one).labels('a').set(3)
    gauge(one).remove('a')
    sim.sweep()
    sim.bury(two)
    expire(sim, [one])
    t.equal(value(), undefined)
    gauge(one).labels('a')
    t.equal(value(), 0, 'and begins at nothing')
  })

  t.test(
    `${aggregate}: it comes back when another that holds it moves it, whoever died meanwhile`,
    async t => {
      const { sim, one, two, three, gauge, value } = world(aggregate)
      gauge(two).labels('a').set(5)
      const held = gauge(three).labels('a')
      held.set(4)
      gauge(one).remove('a')
      sim.bury(two)
      held.set(6)
      sim.sweep()
      t.equal(value(), aggregate === 'sum' ? 11 : 6)
    },
  )

  t.test(`${aggregate}: also where an heir has the dead one's shard by then`, async t => {
    const { sim, one, two, three, gauge, value } = world(aggregate)
    gauge(two).labels('a').set(5)
    gauge(three).labels('a')
    gauge(one).remove('a')
    sim.bury(two)
    const heir = sim.thread(4)
    gauge(heir).labels('b').set(1)
    sim.sweep()
    t.equal(value(), undefined, 'it has not moved')
    gauge(heir).labels('a')
    t.equal(value(), aggregate === 'sum' ? 5 : 0)
  })

  t.test(`${aggregate}: a burial stopped or broken off at any step changes no figure`, async t => {
    for (const killed of [false, true]) {
      const steps = interruptEach(() => {
        const { sim, one, two, gauge, value } = world(aggregate)
        gauge(two).labels('a').set(5)
        gauge(one).labels('a').set(3)
        const living = { sum: 8, livesum: 3, min: 3, max: 3 }[aggregate]
        const seen: (number | undefined)[] = []
        return {
          other: () => {
            seen.push(value())
            if (killed) throw new Killed()
          },
          call: () => sim.bury(two),
          check: step => {
            t.ok([living, 8, 5, 3].includes(seen[0] as number), `step ${step}: ${seen[0]}`)
            sim.bury(two)
            t.equal(value(), living)
            gauge(sim.thread(4)).labels('a').set(1)
            t.equal(value(), { sum: 9, livesum: 4, min: 1, max: 3 }[aggregate])
          },
        }
      })
      t.ok(steps > 5, `${steps} steps`)
    }
  })

  t.test(`${aggregate}: an heir that is stopped or killed at any step of taking the cell over`, async t => {
    for (const killed of [false, true]) {
      const steps = interruptEach(() => {
        const { sim, one, two, gauge, value } = world(aggregate)
        gauge(two).labels('a').set(5)
        gauge(one).labels('a').set(3)
        sim.bury(two)
        const heir = sim.thread(4)
        const heirs = gauge(heir)
        const living = { sum: 8, livesum: 3, min: 3, max: 3 }[aggregate]
        const seen: (number | undefined)[] = []
        return {
          other: () => {
            seen.push(value())
            if (killed) throw new Killed()
          },
          call: () => heirs.labels('a').set(1),
          check: step => {
            t.equal(seen[0], living, `step ${step}`)
            if (killed) sim.bury(heir)
            const next = killed ? gauge(sim.thread(5)) : heirs
            next.labels('a').set(1)
            t.equal(value(), { sum: 9, livesum: 4, min: 1, max: 3 }[aggregate])
          },
        }
      })
      t.ok(steps > 5, `${steps} steps`)
    }
  })
}

t.test('a figure in the midst of a set() beside a dead share is the one before or the one after', async t => {
  const { sim, one, gauge, value } = world('sum')
  gauge(one).set({ x: 'a' }, 100)
  sim.bury(one)
  const held = gauge(sim.thread(4)).labels('a')
  held.set(5)
  for (
    let step = 0;
    interrupt(
      step,
      () => t.equal(value(), 105),
      () => held.set(5),
    );
    step++
  );
  t.equal(value(), 105)
})
