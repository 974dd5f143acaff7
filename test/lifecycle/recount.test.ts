/** Series counted anew after a death: to what there is, and only when nobody is between a count and its series. */
import t from 'tap'
import { brokeOff, hasSweepWork } from '../../src/lifecycle/sweep.js'
import * as L from '../../src/memory/layout.js'
import { familyOf } from '../support/registry.js'
import { interrupt, Killed, Sim } from './sim.js'

/** Five series that never expire, counted as eight: what a sweep leaves that was killed before its last step. */
function tooMany() {
  const sim = new Sim()
  const one = sim.thread(1)
  const c = one.counter('c', { expireAfter: 0 })
  for (let n = 0; n < 5; n++) c.inc({ x: `${n}` })
  const { i32 } = sim.arena
  const series = familyOf(sim.arena, 'c').ref * 2 + L.F_SERIES
  Atomics.add(i32, series, 3)
  Atomics.add(i32, L.H_SERIES, 3)
  return { sim, one, c, counts: () => [i32[series], i32[L.H_SERIES]] }
}

t.test('after a sweep that was broken off', async t => {
  const { sim, counts } = tooMany()
  sim.sweep()
  t.strictSame(counts(), [8, 8], 'nobody said that one was')
  t.notOk(hasSweepWork(sim.arena))
  brokeOff(sim.arena)
  t.ok(hasSweepWork(sim.arena), 'though nothing can expire')
  sim.sweep()
  t.strictSame(counts(), [5, 5])
  t.notOk(hasSweepWork(sim.arena))
})

t.test('not while a thread is in the midst of making one', async t => {
  const { sim, one, counts } = tooMany()
  brokeOff(sim.arena)
  one.table.inEpoch(() => sim.sweep())
  t.strictSame(counts(), [8, 8])
  t.ok(hasSweepWork(sim.arena), 'it is tried again')
  sim.sweep()
  t.strictSame(counts(), [5, 5])
})

t.test('a thread that died inside a look-up asks for it, one that died elsewhere does not', async t => {
  for (const inside of [false, true]) {
    const { sim, one } = tooMany()
    if (inside) one.table.inEpoch(() => sim.bury(one))
    else sim.bury(one)
    t.equal(hasSweepWork(sim.arena), inside)
  }
})

t.test('whatever step of a registration a thread died at', async t => {
  for (const labelNames of [['x'], []]) {
    let steps = 0
    for (let step = 0; ; step++) {
      const { sim, counts } = tooMany()
      const killed = interrupt(
        step,
        () => {
          throw new Killed()
        },
        () => sim.thread(2).counter('d', { labelNames, expireAfter: 0 }),
      )
      if (!killed) break
      steps++
      brokeOff(sim.arena)
      sim.thread(3).counter('d', { labelNames, expireAfter: 0 })
      sim.sweep()
      t.strictSame(counts(), [5, 5], `${labelNames.length} labels, step ${step}`)
      t.notOk(hasSweepWork(sim.arena), 'and once is enough')
    }
    t.ok(steps > 1, `${steps} steps`)
  }
})
