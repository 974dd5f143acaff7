/** However many series there are, and however many go at once, one call of a thread does bounded work. */
import t from 'tap'
import type { Child } from '../../src/instruments/metric.js'
import * as L from '../../src/memory/layout.js'
import { andsIn, loadsIn } from '../support/count-steps.js'
import { fill, fresh } from '../support/registry.js'
import { until } from '../support/until.js'
import { EXPIRE, Sim, type SimThread } from './sim.js'

interface Counted extends Child {
  inc(): void
}

const heldOf = (children: readonly Child[]) => children.filter(child => child.at !== 0).length

/** How many of a thread's children each call lets go of, until none is held. */
function released(children: readonly Child[], call: () => void, calls: number): number[] {
  const counts: number[] = []
  for (let held = heldOf(children); held > 0 && counts.length < calls; ) {
    call()
    const now = heldOf(children)
    counts.push(held - now)
    held = now
  }
  return counts
}

function expired(sim: Sim, thread: SimThread, series: number): Child[] {
  const counter = thread.counter('c_total')
  const children = Array.from({ length: series }, (_, n) => counter.labels(String(n)))
  sim.sweep()
  sim.sweep(EXPIRE)
  return children
}

t.test('a look-up lets go of 64 series at most, in the midst of a page too', async t => {
  const sim = new Sim({ mib: 16 })
  const thread = sim.thread(1)
  const SERIES = 5_000
  const children = expired(sim, thread, SERIES)
  const other = thread.counter('other_total')
  let n = 0
  const counts = released(children, () => other.labels(String(n++)), SERIES)
  t.equal(Math.max(...counts), 64)
  t.equal(counts.length, Math.ceil(SERIES / 64), 'and of no fewer while there are more')
  t.equal(heldOf(children), 0)
  sim.sweep(1)
  sim.sweep(1)
  t.equal(sim.series(), n, 'all of them are free then')
})

t.test('a turn of the timer lets go of 1,024 series at most', async t => {
  const sim = new Sim({ mib: 16 })
  const thread = sim.thread(1)
  const children = expired(sim, thread, 5_000)
  let more = true
  const counts = released(
    children,
    () => {
      t.ok(more, 'it says that there is more to do')
      more = thread.table.answerRequests()
    },
    10,
  )
  t.strictSame(counts, [1_024, 1_024, 1_024, 1_024, 904])
  while (more) more = thread.table.answerRequests()
})

t.test('many handles of one series are let go of one by one', async t => {
  const sim = new Sim({ mib: 16 })
  const thread = sim.thread(1)
  const counter = thread.counter('c_total')
  const HANDLES = 300
  let count = 0
  const inc = (child: Counted) => {
    child.inc()
    count++
  }
  const children = [counter.labels('a')]
  // A handle that was let go of comes back beside the one that was looked up since.
  while (children.length < HANDLES) {
    sim.sweep()
    sim.sweep(EXPIRE)
    thread.letGo()
    children.push(counter.labels('a'))
    children.forEach(inc)
  }
  t.equal(heldOf(children), HANDLES)
  sim.sweep()
  sim.sweep(EXPIRE)
  const other = thread.counter('other_total')
  other.labels('first')
  t.equal(heldOf(children), HANDLES - 64)
  // In the midst of it, all of them are used again, and while some of them still hold what others let go of.
  children.forEach(inc)
  other.labels('second')
  children.forEach(inc)
  thread.letGo()
  children.forEach(inc)
  sim.sweep()
  t.equal(sim.scrape().get('c_total{x="a"}'), count, 'nothing is lost')
  sim.sweep(EXPIRE)
  thread.letGo()
  t.equal(heldOf(children), 0)
})

t.test('a look-up answers 64 requests at most, too, for series that have come back', async t => {
  const sim = new Sim({ mib: 16 })
  const [one, two] = [sim.thread(1), sim.thread(2)]
  const SERIES = 5_000
  const children = expired(sim, one, SERIES)
  const again = two.counter('c_total')
  for (let n = 0; n < SERIES; n++) again.labels(String(n))
  const other = one.counter('other_total')
  let n = 0
  const most = Math.max(...Array.from({ length: 100 }, () => andsIn(() => other.labels(String(n++)))))
  t.ok(most >= 64 && most < 64 + 16, `${most} bits are cleared at most`)
  one.letGo()
  t.equal(heldOf(children), SERIES, 'they stay')
})

/** Places that one look-up looks at, and the page that it is in the midst of, and what else it loads. */
const LOOKS = 512 + 128 + 64

/** More than a thousand pages. */
const SERIES = 130_000

/** At least so many series, all pages full; then those that `goes` names are free again. */
function partlyFreed(goes: (n: number) => boolean) {
  const sim = new Sim({ mib: 128 })
  const thread = sim.thread(1)
  const counter = thread.counter('c_total')
  const children = Array.from({ length: SERIES }, (_, n) => counter.labels(String(n)))
  while (sim.states('c_total')[L.STATE_FREE] !== 0) children.push(counter.labels(String(children.length)))
  const stay = children.filter((_, n) => !goes(n))
  sim.sweep()
  for (let n = 0; n < 3; n++) {
    for (const child of stay) child.inc()
    sim.sweep(n === 0 ? EXPIRE : 1)
    thread.letGo()
  }
  return { sim, thread, counter, freed: children.length - sim.series() }
}

for (const [where, goes] of [
  ['first', (n: number) => n < 10],
  ['last', (n: number) => n >= SERIES - 10 && n < SERIES],
  ['nowhere but in the middle', (n: number) => n >= 65_000 && n < 65_010],
] as const) {
  t.test(`a look-up for a place looks at a bounded number of them: free ones ${where}`, async t => {
    const { sim, counter, freed } = partlyFreed(goes)
    t.equal(freed, 10)
    const before = sim.arena.usedBytes()
    let most = 0
    for (let n = 0; n < 1_000; n++)
      most = Math.max(
        most,
        loadsIn(() => counter.labels(`new ${n}`)),
      )
    t.ok(most < LOOKS, `${most} loads at most`)
    t.ok(sim.arena.usedBytes() - before < 300 * 1_024, 'memory for a thousand series')
    const places = sim.states('c_total')[L.STATE_FREE]
    t.ok(places < 128, `${places} places are left: what was free is used`)
  })
}

t.test('who adopts a large shard looks at a bounded number of places, the newest first', async t => {
  const SERIES = 40_000
  const sim = new Sim({ mib: 64 })
  const counter = sim.thread(1).counter('c_total')
  for (let n = 0; n < SERIES; n++) counter.labels(String(n))
  sim.bury(sim.thread(1))
  const before = sim.arena.usedBytes()
  let most = 0
  for (let id = 2; id < 42; id++) {
    const thread = sim.thread(id)
    // What it does once, whatever it looks up first: it learns what it has.
    thread.counter('other_total').labels('a')
    const again = thread.counter('c_total')
    for (let n = 0; n < 10; n++) {
      most = Math.max(
        most,
        loadsIn(() => again.labels(`${id} ${n}`)),
      )
    }
    sim.bury(thread)
  }
  t.ok(most < LOOKS, `${most} loads at most`)
  t.ok(sim.arena.usedBytes() - before < 150 * 1_024, 'their memory is that of 400 series')
  t.equal(sim.series(), SERIES + 400 + 1)
})

t.test('when memory is full, what is free is found wherever it is', async t => {
  for (const goes of [(n: number) => n === 3, (n: number) => n === SERIES - 1, (n: number) => n === 65_000]) {
    const { sim, thread, counter } = partlyFreed(goes)
    fill(sim.arena)
    t.equal(sim.states('c_total')[L.STATE_FREE], 1)
    counter.labels('new').inc()
    t.equal(sim.states('c_total')[L.STATE_FREE], 0)
    t.strictSame(thread.refused, [])
  }
})

t.test('a thread holds series in few of many pages, here and there', async t => {
  const { sim, counter } = partlyFreed(() => false)
  const few = sim.thread(2)
  const again = few.counter('c_total')
  const children = Array.from({ length: 130 }, (_, n) => again.labels(String(129_999 - n * 1_000)))
  for (const child of children) child.inc()
  few.table.releaseAll()
  t.equal(heldOf(children), 0)
  for (const child of children) child.inc()
  t.equal(heldOf(children), 130)
  for (const label of ['129999', '70999', '999']) {
    t.ok(counter.remove(label))
    t.ok(again.remove(label) === false, 'it was there once')
  }
  few.letGo()
  t.equal(heldOf(children), 127, 'what others removed is let go of')
})

t.test('chores of a thread: between turns it does other work', async t => {
  const { registry } = fresh(t, { memory: '32MiB', expireAfter: 1_000, sweepEvery: 100 })
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  const SERIES = 20_000
  const children = Array.from({ length: SERIES }, (_, n) => counter.labels(String(n)))
  const counts: number[] = []
  let held = SERIES
  const look = () => {
    const now = heldOf(children)
    if (now < held) counts.push(held - now)
    held = now
    if (held > 0) setImmediate(look)
  }
  look()
  await until('all series are let go of', () => held === 0, 60_000)
  // The timer and an immediate of its own may both come between two looks.
  t.ok(Math.max(...counts) <= 2 * 1_024, `${Math.max(...counts)} at most between two turns`)
  t.ok(counts.length >= SERIES / 2_048)
})
