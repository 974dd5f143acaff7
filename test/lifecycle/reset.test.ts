/** reset() by several threads at once: what one takes away, no other takes away again. */
import t from 'tap'
import { interruptEach, Sim } from './sim.js'

t.test('two threads reset at once, at each step of one: nothing is below zero, nothing is lost', async t => {
  for (const counted of [[0], [1], [0, 1]]) {
    const steps = interruptEach(() => {
      const sim = new Sim()
      const counters = [sim.thread(1), sim.thread(2)].map(thread => thread.counter('c', { expireAfter: 0 }))
      for (const counter of counters) counter.labels('a')
      for (const n of counted) counters[n]!.inc({ x: 'a' }, 5)
      return {
        other: () => counters[1]!.reset(),
        call: () => counters[0]!.reset(),
        check: step => {
          t.equal(sim.scrape().get('c{x="a"}'), 0, `counted by ${counted}, step ${step}`)
          counters[0]!.inc({ x: 'a' }, 2)
          t.equal(sim.scrape().get('c{x="a"}'), 2)
        },
      }
    })
    t.ok(steps > 2, `${steps} steps`)
  }
})
