/** Memory of series that went is used again: an hour of a busy MTA's queues, at an accelerated clock. */
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { Sim } from './sim.js'

const MINUTE = 60_000
const SWEEP_EVERY = 5_000

/** Label sets that come in a simulated minute, and for how long each is in use; POSTMETER_CHURN_MINUTES says how long. */
const SETS_A_MINUTE = 100_000
const MINUTES = Number(process.env.POSTMETER_CHURN_MINUTES ?? 60)

t.setTimeout(600_000)

t.test(
  `${MINUTES} min of ${SETS_A_MINUTE} label sets a minute from two threads: flat`,
  { timeout: 600_000 },
  async t => {
    const sim = new Sim({ mib: 128 })
    const threads = [1, 2].map(id => sim.thread(id))
    const counters = threads.map(thread => thread.counter('c', { expireAfter: MINUTE / 2 }))
    const sets = (SETS_A_MINUTE * SWEEP_EVERY) / MINUTE
    const used: number[] = []
    const heap: number[] = []
    let queue = 0
    const begin = performance.now()
    for (let minute = 0; minute < MINUTES; minute++) {
      for (let at = 0; at < MINUTE; at += SWEEP_EVERY) {
        for (let n = 0; n < sets; n++) {
          queue++
          counters[queue & 1].inc({ x: `queue ${queue}` })
        }
        sim.sweep(SWEEP_EVERY)
        for (const thread of threads) thread.letGo()
      }
      used.push(sim.arena.usedBytes())
      heap.push(process.memoryUsage.rss())
    }
    t.comment(`${queue} label sets in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
    t.comment(`arena ${used.at(0)} … ${used.at(-1)} bytes; resident ${heap.at(0)} … ${heap.at(-1)} bytes`)
    const warm = Math.min(5, MINUTES - 1)
    t.equal(used.at(-1), used[warm], 'not a byte more than after the first minutes')
    t.ok((heap.at(-1) as number) < heap[warm] * 1.3 + 2 ** 25, 'resident memory neither')
    // In use: half a minute's, and what waits for its sweeps.
    t.ok(sim.series() < SETS_A_MINUTE, `${sim.series()} series exist`)
    t.strictSame(
      threads.map(thread => thread.refused),
      [[], []],
      'none was refused',
    )
  },
)

for (const [what, length] of [
  ['of the same length', () => 10],
  ['of lengths that vary', (n: number) => 1 + ((n * 7919) % 120)],
  ['of lengths up to several kilobytes', (n: number) => 1 + ((n * 7919) % 4_000)],
] as const) {
  t.test(`thousands of rounds with labels ${what}: flat`, async t => {
    const sim = new Sim({ mib: 32 })
    const one = sim.thread(1)
    const c = one.counter('c')
    const h = one.histogram('h')
    let made = 0
    const round = () => {
      for (let n = 0; n < 20; n++) {
        made++
        const x = `${made}`.padEnd(length(made), '.')
        c.inc({ x })
        if (n < 4) h.observe({ x }, 1)
      }
      sim.sweep(200)
      one.letGo()
    }
    for (let n = 0; n < 1_500; n++) round()
    const used = sim.arena.usedBytes()
    const places = sim.arena.i32[L.H_PLACES]
    for (let n = 0; n < 3_000; n++) round()
    t.equal(sim.arena.i32[L.H_PLACES], places, 'places')
    t.equal(sim.arena.usedBytes(), used, 'bytes')
  })
}
