/**
 * Summaries over threads and time. Allowed: quantiles of what was observed in the ages that are exposed, all of it, by
 * whatever thread, dead or alive. Forbidden: a value that is too old, one of another series or of an earlier life, a
 * count of another shape's block.
 */
import t from 'tap'
import { Families } from '../../src/catalogue/families.js'
import * as L from '../../src/memory/layout.js'
import { interrupt, interruptEach, Killed, Sim } from '../lifecycle/sim.js'
import { quantilesOf } from '../support/summaries.js'

const AGE = 1_000
/** Never expires: time is for the window. */
const OPTIONS = { quantiles: [0, 1], expireAfter: 0 }

/** The quantiles, each as the whole number below 100 that it is within 1% of. */
function exposedQuantiles(sim: Sim): number[] {
  return quantilesOf(sim).map(value => Math.ceil(value * 0.99))
}

t.test('values of all threads, and of dead ones, until they are too old', t => {
  const sim = new Sim()
  const [a, b] = [sim.thread(1), sim.thread(2)]
  a.summary('s', OPTIONS).observe({ x: 'q' }, 10)
  sim.now += AGE
  b.summary('s', OPTIONS).observe({ x: 'q' }, 50)
  t.same(exposedQuantiles(sim), [10, 50])
  sim.bury(a)
  t.same(exposedQuantiles(sim), [10, 50])
  sim.now += 3 * AGE
  t.same(exposedQuantiles(sim), [10, 50], 'five ages are exposed')
  sim.now += AGE
  t.same(exposedQuantiles(sim), [50, 50], 'the first is too old')
  sim.now += AGE
  t.same(exposedQuantiles(sim), [Number.NaN, Number.NaN])
  t.same(
    [...sim.scrape()].filter(([key]) => key.startsWith('s_')),
    [
      ['s_sum{x="q"}', 60],
      ['s_count{x="q"}', 2],
    ],
  )
  sim.thread(3).summary('s', OPTIONS).observe({ x: 'q' }, 7)
  t.same(exposedQuantiles(sim), [7, 7], 'the heir begins anew where the dead had counted')
  t.end()
})

t.test('an age is begun anew where one five ages older was', t => {
  const sim = new Sim()
  const child = sim.thread(1).summary('s', OPTIONS).labels('q')
  for (let n = 1; n <= 40; n++) {
    child.observe(n * 2)
    t.same(exposedQuantiles(sim), [Math.max(1, n - 4) * 2, n * 2], `age ${n}`)
    sim.now += AGE
  }
  const used = sim.arena.usedBytes()
  for (let n = 0; n < 1_000; n++) {
    child.observe(8)
    sim.now += AGE
  }
  t.equal(sim.arena.usedBytes(), used, 'in the memory that was there')
  t.end()
})

t.test('reset: nothing from before, all from the next age on', t => {
  const sim = new Sim()
  const [a, b] = [sim.thread(1), sim.thread(2)]
  const summary = a.summary('s', OPTIONS)
  summary.observe({ x: 'q' }, 3)
  b.summary('s', OPTIONS).observe({ x: 'q' }, 4)
  summary.reset()
  t.same(exposedQuantiles(sim), [Number.NaN, Number.NaN])
  t.equal(sim.scrape().get('s_count{x="q"}'), 0)
  sim.now += AGE
  b.summary('s', OPTIONS).observe({ x: 'q' }, 5)
  t.same(exposedQuantiles(sim), [5, 5])
  t.equal(sim.scrape().get('s_count{x="q"}'), 1)
  t.equal(sim.scrape().get('s_sum{x="q"}'), 5)
  t.end()
})

t.test('a series that comes back, and others in its place, have nothing of its earlier life', t => {
  const sim = new Sim()
  const thread = sim.thread(1)
  const options = {
    ...OPTIONS,
    window: { maxAge: 1e9, ageBuckets: 5, significantDigits: 2 },
    expireAfter: AGE,
  }
  const summary = thread.summary('s', options)
  const round = (name: string, value: number) => {
    for (let n = 0; n < 16; n++) summary.observe({ x: `${name}${n}` }, value)
    t.same(exposedQuantiles(sim), [value, value])
    for (let n = 0; n < 8; n++) {
      sim.sweep(AGE + 1)
      thread.letGo()
    }
    t.equal(sim.series(), 0)
  }
  round('a', 1)
  round('b', 8)
  const used = sim.arena.usedBytes()
  for (let n = 0; n < 20; n++) round(`c${n}`, 16)
  t.equal(sim.arena.usedBytes(), used, 'and the memory is used again')
  t.end()
})

t.test('a thread killed at any step of an observation loses at most that one', t => {
  for (const prepare of [
    () => {},
    (child: { observe(value: number): void }) => child.observe(90),
    (child: { observe(value: number): void }, sim: Sim) => {
      child.observe(90)
      sim.now += 5 * AGE
    },
  ]) {
    const steps = interruptEach(() => {
      const sim = new Sim()
      const thread = sim.thread(1)
      const child = thread.summary('s', OPTIONS).labels('q')
      prepare(child, sim)
      return {
        call: () => child.observe(8),
        other: () => {
          throw new Killed()
        },
        check: step => {
          sim.bury(thread)
          for (const value of exposedQuantiles(sim))
            t.ok([8, 90].includes(value ?? 0) || Number.isNaN(value), `${step}: ${value}`)
          sim.thread(2).summary('s', OPTIONS).observe({ x: 'q' }, 8)
          t.equal(exposedQuantiles(sim)[0], 8, `killed before step ${step}: the heir goes on`)
        },
      }
    })
    t.ok(steps > 1, `${steps} steps`)
  }
  t.end()
})

t.test('a block that is begun anew, or replaced, while it is read is not exposed in part', t => {
  for (const change of ['age', 'shape'] as const) {
    for (let step = 0; ; step++) {
      const sim = new Sim()
      const child = sim.thread(1).summary('s', OPTIONS).labels('q')
      for (const value of [8, 16, 32, 64]) child.observe(value)
      if (change === 'age') sim.now += 4 * AGE
      let seen: (number | undefined)[] = []
      const there = interrupt(
        step,
        () => {
          if (change === 'age') {
            sim.now += AGE
            child.observe(4)
          } else for (let n = 0; n < 7; n++) child.observe(2 ** n)
        },
        () => {
          seen = exposedQuantiles(sim)
        },
      )
      const whole = change === 'age' ? ['8 64', '4 4'] : ['8 64', '1 64']
      t.ok(whole.includes(seen.join(' ')), `${change} at step ${step}: ${seen}`)
      if (!there) break
    }
  }
  t.end()
})

t.test('the layout is what the writer and the kernel take it to be', t => {
  const sim = new Sim()
  sim.thread(1).summary('s', OPTIONS).observe({ x: 'q' }, 8)
  const family = new Families(sim.arena).get('s')
  t.equal(sim.arena.i32[(family?.ref ?? 0) * 2 + L.F_BLOCKS], 5)
  t.end()
})
