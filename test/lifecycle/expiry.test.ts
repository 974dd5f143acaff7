/** Series come and go, step by step: the clock and each sweep are the test's. */
import t from 'tap'
import { beginSweep, endSweep } from '../../src/lifecycle/sweep.js'
import * as L from '../../src/memory/layout.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'
import { EXPIRE, Sim } from './sim.js'

const X = 'c{x="a"}'
const DUE = EXPIRE

/** A counter's child held by one thread, at 5 and hidden. */
function retired() {
  const sim = new Sim()
  const one = sim.thread(1)
  const c = one.counter('c')
  const child = c.labels('a')
  child.inc(5)
  sim.sweep()
  sim.sweep(DUE)
  return { sim, one, c, child }
}

t.test('a gauge that is no number goes when it is removed: it has not moved', async t => {
  const sim = new Sim()
  const [one, two] = [sim.thread(1), sim.thread(2)]
  const g = one.gauge('g')
  g.set({ x: 'a' }, Number.NaN)
  sim.sweep()
  t.ok(two.gauge('g').remove('a'))
  for (let n = 0; n < 3; n++) {
    one.letGo()
    sim.sweep()
  }
  t.notOk(sim.scrape().has('g{x="a"}'))
  t.equal(sim.states('g')[L.STATE_FREE], L.FIRST_PAGE_PLACES)
})

t.test('a series disappears with the first sweep after it is due, and not before', async t => {
  for (const kind of ['counter', 'histogram'] as const) {
    const sim = new Sim()
    const one = sim.thread(1)
    const key = kind === 'counter' ? 'm{x="a"}' : 'm_count{x="a"}'
    const record =
      kind === 'counter'
        ? (
            c => () =>
              c.inc()
          )(one.counter('m').labels('a'))
        : (
            h => () =>
              h.observe(1.5)
          )(one.histogram('m').labels('a'))
    record()
    sim.sweep()
    sim.sweep(DUE - 1)
    t.equal(sim.scrape().get(key), 1, `${kind}: not yet due`)
    record()
    sim.sweep(1)
    t.equal(sim.scrape().get(key), 2, 'it moved')
    sim.sweep(DUE - 1)
    t.equal(sim.scrape().get(key), 2)
    sim.sweep(1)
    t.notOk(sim.scrape().has(key), 'due')
    one.letGo()
    sim.sweep()
    sim.sweep()
    t.equal(sim.states('m')[L.STATE_FREE], L.FIRST_PAGE_PLACES, 'and free two sweeps after it was let go')
    t.equal(sim.series(), 0)
    t.equal(sim.arena.i32[L.H_RETIRED], 0)
  }
})

t.test(
  'what was made and never counted in goes too; unlabelled series, and families without expiry, do not',
  async t => {
    const sim = new Sim()
    const one = sim.thread(1)
    one.counter('made').labels('a')
    one.counter('plain', { labelNames: [] })
    one.counter('kept', { expireAfter: 0 }).labels('a')
    for (let n = 0; n < 5; n++) sim.sweep(DUE)
    t.strictSame([...sim.scrape().keys()], ['kept{x="a"}', 'plain'])
  },
)

t.test('a gauge goes only when it has been zero for so long; untouched ones whatever they are', async t => {
  for (const aggregate of ['sum', 'livesum', 'min', 'max', 'last'] as const) {
    const sim = new Sim()
    const one = sim.thread(1)
    const zero = one.gauge('zero', { aggregate }).labels('a')
    const touch = one.gauge('touch', { aggregate, expire: 'untouched' }).labels('a')
    zero.set(7)
    touch.set(7)
    sim.sweep()
    sim.sweep(DUE)
    t.strictSame(
      [...sim.scrape()],
      [['zero{x="a"}', 7]],
      `${aggregate}: 7 is news for ever, unless touches count`,
    )
    // Hidden but held: any call brings it back, also one that changes nothing.
    touch.set(7)
    sim.sweep()
    t.equal(sim.scrape().get('touch{x="a"}'), 7, 'a touch that changes nothing counts')
    zero.set(0)
    sim.sweep(10)
    sim.sweep(DUE - 1)
    t.ok(sim.scrape().has('zero{x="a"}'))
    sim.sweep(DUE)
    t.notOk(sim.scrape().has('zero{x="a"}'), 'zero for long enough')
    one.letGo()
    for (let n = 0; n < 3; n++) sim.sweep(DUE)
    t.equal(sim.series(), 0)
    zero.set(Number.NaN)
    touch.set(3)
    t.strictSame(
      [...sim.scrape()],
      [
        ['touch{x="a"}', 3],
        ['zero{x="a"}', Number.NaN],
      ],
      'old handles look again',
    )
  }
})

t.test('a held child counts on, at every stage', async t => {
  const stages: Record<string, (at: ReturnType<typeof retired>) => void> = {
    retired: () => {},
    'retired, seen once more by the sweeper': ({ sim }) => sim.sweep(),
    'let go': ({ one }) => one.letGo(),
    'let go and being freed': ({ sim, one }) => {
      one.letGo()
      sim.sweep()
    },
    'let go and freed': ({ sim, one }) => {
      one.letGo()
      sim.sweep()
      sim.sweep()
    },
    'in use for another label set': ({ sim, one, c }) => {
      one.letGo()
      sim.sweep()
      sim.sweep()
      for (let n = 0; n < L.FIRST_PAGE_PLACES; n++) c.labels(`other ${n}`).inc(100)
    },
  }
  for (const [stage, reach] of Object.entries(stages)) {
    const world = retired()
    const { sim, child } = world
    t.notOk(sim.scrape().has(X), `${stage}: hidden`)
    reach(world)
    child.inc(2)
    sim.sweep()
    const freed = stage.includes('free') || stage.includes('use')
    t.equal(sim.scrape().get(X), freed ? 2 : 7, stage)
    child.inc()
    t.equal(sim.scrape().get(X), freed ? 3 : 8)
    for (const [key, value] of sim.scrape()) if (key !== X) t.equal(value, 100, key)
    sim.sweep(DUE - 1)
    t.ok(sim.scrape().has(X), 'and its time begins anew')
  }
})

t.test('what was counted while hidden, and let go, is not lost with it', async t => {
  const { sim, one, child } = retired()
  child.inc(2)
  one.letGo()
  sim.sweep()
  t.equal(sim.scrape().get(X), 7, 'the fold moved')
})

t.test('a thread that sleeps keeps what it holds, through any number of sweeps', async t => {
  const { sim, child } = retired()
  for (let n = 0; n < 20; n++) sim.sweep(DUE)
  t.notOk(sim.scrape().has(X))
  child.inc()
  sim.sweep()
  t.equal(sim.scrape().get(X), 6)
})

t.test('remove: the caller alone', async t => {
  const sim = new Sim()
  const c = sim.thread(1).counter('c')
  const child = c.labels('a')
  child.inc(5)
  t.equal(c.remove('a'), true)
  t.notOk(sim.scrape().has(X), 'at once')
  t.equal(c.remove('a'), false)
  t.equal(c.remove('never'), false)
  child.inc(1)
  t.equal(sim.scrape().get(X), 1, 'from zero')
  t.equal(c.labels('a').at, child.at)
  c.remove({ x: 'a' })
  t.equal(c.labels('a').at !== 0, true)
  t.equal(sim.scrape().get(X), 0, 'labels() makes it anew')
  for (let n = 0; n < 3; n++) sim.sweep()
  t.equal(sim.states('c')[L.STATE_FREE], L.FIRST_PAGE_PLACES - 1)
  t.equal(sim.series(), 1)
})

t.test('remove: another thread holds it and touches it', async t => {
  for (const expireAfter of [0, EXPIRE]) {
    const sim = new Sim()
    const [c, d] = [1, 2].map(id => sim.thread(id).counter('c', { expireAfter }))
    c.inc({ x: 'a' }, 5)
    const held = d.labels('a')
    held.inc(7)
    sim.sweep()
    held.inc(0.5)
    t.equal(c.remove('a'), true)
    t.notOk(sim.scrape().has(X))
    sim.sweep()
    t.notOk(sim.scrape().has(X), 'what it counted before does not bring it back')
    held.inc()
    sim.sweep()
    t.equal(sim.scrape().get(X), 13.5, 'what it counts now does, with the whole count')
  }
})

t.test('remove: another thread counts before the next sweep, and lets go', async t => {
  for (const expireAfter of [0, EXPIRE]) {
    const sim = new Sim()
    const [one, two] = [1, 2].map(id => sim.thread(id))
    const [c, d] = [one, two].map(thread => thread.counter('c', { expireAfter }))
    c.inc({ x: 'a' }, 5)
    const held = d.labels('a')
    held.inc(7)
    c.remove('a')
    held.inc(1)
    sim.sweep()
    two.letGo()
    for (let n = 0; n < 3; n++) sim.sweep()
    t.equal(sim.scrape().get(X), 13, 'nothing is lost')
  }
})

t.test('remove: another thread holds it and sleeps, then lets go', async t => {
  const sim = new Sim()
  const [one, two] = [1, 2].map(id => sim.thread(id))
  const [c, d] = [one, two].map(thread => thread.counter('c', { expireAfter: 0 }))
  c.inc({ x: 'a' }, 5)
  const held = d.labels('a')
  held.inc(7)
  c.remove('a')
  for (let n = 0; n < 5; n++) sim.sweep()
  t.equal(sim.states('c')[L.STATE_RETIRED] + sim.states('c')[L.STATE_REMOVED], 1)
  two.letGo()
  for (let n = 0; n < 3; n++) sim.sweep()
  t.equal(sim.states('c')[L.STATE_FREE], L.FIRST_PAGE_PLACES)
  held.inc()
  t.equal(sim.scrape().get(X), 1)
})

t.test('remove: what a look-up found may be another series by now', async t => {
  const sim = new Sim()
  const [one, two] = [1, 2].map(id => sim.thread(id))
  const [c, d] = [one, two].map(thread => thread.counter('c'))
  c.inc({ x: 'a' }, 5)
  d.inc({ x: 'z' })
  const find = two.table.find.bind(two.table)
  two.table.find = (family, labels) => {
    const place = find(family, labels)
    // Between the look-up and what follows: it goes, and its place is another's.
    for (let n = 0; n < 5; n++) {
      sim.sweep(DUE)
      one.letGo()
    }
    for (let n = 0; n < L.FIRST_PAGE_PLACES; n++) c.labels(`other ${n}`).inc(n)
    return place
  }
  d.remove('a')
  const exposed = sim.scrape()
  for (let n = 0; n < L.FIRST_PAGE_PLACES; n++) t.equal(exposed.get(`c{x="other ${n}"}`), n)
})

t.test('clear takes all, and only labelled', async t => {
  const sim = new Sim()
  const [one, two] = [1, 2].map(id => sim.thread(id))
  const [c, d] = [one, two].map(thread => thread.counter('c'))
  for (let n = 0; n < 20; n++) c.labels(`${n}`).inc()
  d.inc({ x: '3' })
  c.clear()
  t.equal(sim.scrape().size, 0)
  d.inc({ x: '3' })
  sim.sweep()
  t.strictSame([...sim.scrape()], [['c{x="3"}', 3]])
  c.labels('5').inc()
  t.equal(sim.scrape().get('c{x="5"}'), 1)
  const plain = one.counter('plain', { labelNames: [] })
  plain.inc(4)
  plain.clear()
  t.equal(sim.scrape().get('plain'), 4)
  t.throws(() => (plain as unknown as { remove(): void }).remove(), /"plain": remove/)
})

t.test('an old handle and a new one of the same labels are one series, for both rules', async t => {
  const { sim, one, c, child } = retired()
  one.letGo()
  for (let n = 0; n < 3; n++) sim.sweep()
  const next = c.labels('a')
  t.not(next, child)
  next.inc(1)
  child.inc(2)
  t.equal(next.at, child.at)
  t.equal(sim.scrape().get(X), 3)
  for (let round = 0; round < 3; round++) {
    sim.sweep(DUE)
    sim.sweep(DUE)
    one.letGo()
    t.strictSame([next.at, child.at], [0, 0], 'both let go')
    for (let n = 0; n < 3; n++) sim.sweep()
    t.equal(sim.series(), 0)
    child.inc(1)
    next.inc(1)
    t.equal(c.labels('a'), child, 'the first to come back is the known one')
    t.equal(sim.scrape().get(X), 2)
  }
})

t.test('an old handle touches the series that it counts in', async t => {
  const sim = new Sim()
  const one = sim.thread(1)
  const g = one.gauge('g', { expire: 'untouched' })
  const old = g.labels('a')
  old.set(1)
  for (let n = 0; n < 4; n++) {
    sim.sweep(DUE)
    one.letGo()
  }
  t.equal(sim.series(), 0)
  // Its old place is taken by another; the next handle has another place.
  g.labels('b').set(1)
  const next = g.labels('a')
  next.set(2)
  for (let n = 0; n < 6; n++) {
    old.set(3)
    sim.sweep(DUE / 2)
  }
  t.equal(sim.scrape().get('g{x="a"}'), 3, 'touched all the time')
  t.notOk(sim.scrape().has('g{x="b"}'), 'and the other was not')
})

t.test("a thread's maps forget what it let go of", async t => {
  for (const labelNames of [['x'], ['x', 'y']]) {
    const sim = new Sim({ mib: 16 })
    const one = sim.thread(1)
    const c = one.counter('c', { labelNames })
    const values = (n: number) => labelNames.map(name => `${name}${n}`)
    const first = c.labels(...values(1))
    for (let n = 0; n < 3_000; n++) c.labels(...values(n))
    const before = Array.from({ length: 3_000 }, (_, n) => new WeakRef(c.labels(...values(n))))
    t.ok(before.every(ref => ref.deref() !== undefined))
    for (let n = 0; n < 3; n++) {
      sim.sweep(DUE)
      one.letGo()
    }
    t.equal(sim.series(), 0)
    t.equal(first.at, 0)
    const again = c.labels(...values(1))
    t.not(again, first, 'a new child, as nobody knew it')
    again.inc()
    first.inc()
    t.equal(sim.scrape().get(`c{${labelNames.map(name => `${name}="${name}1"`).join(',')}}`), 2)
  }
})

t.test('room comes back: at a limit series drop until others have gone', async t => {
  const sim = new Sim()
  const one = sim.thread(1)
  const c = one.counter('c', { maxSeries: 3 })
  for (const x of ['a', 'b', 'c']) c.labels(x).inc()
  const late = c.labels('d')
  late.inc()
  t.strictSame(one.refused, [`c ${L.DROP_SERIES}`])
  t.notOk(sim.scrape().has('c{x="d"}'))
  c.labels('a').inc()
  sim.sweep()
  for (let n = 0; n < 4; n++) {
    c.labels('a').inc()
    sim.sweep(DUE / 2)
  }
  one.letGo()
  sim.sweep()
  sim.sweep()
  late.inc(4)
  t.equal(sim.scrape().get('c{x="d"}'), 4)
  t.equal(sim.scrape().get('c{x="a"}'), 6)
})

t.test(
  'a registry that lives for longer than an Int32 of milliseconds goes on expiring, and not too early',
  async t => {
    const sim = new Sim()
    const one = sim.thread(1)
    const c = one.counter('c')
    const { i32 } = sim.arena
    for (const day of [1, 24, 25, 51, 52, 110]) {
      sim.now = 1_000_000 + day * 86_400_000
      c.inc({ x: `${day}` })
      t.ok(beginSweep(sim.arena, 1, [], sim.uptime(), 10), `day ${day}: a sweep is due`)
      sim.sweep()
      t.notOk(beginSweep(sim.arena, 1, [], sim.uptime(), 10), 'and one at a time')
      endSweep(sim.arena, 1)
      t.notOk(beginSweep(sim.arena, 1, [], sim.uptime() + 9, 10), 'and not again at once')
      sim.sweep(DUE - 1)
      t.equal(sim.scrape().get(`c{x="${day}"}`), 1)
      sim.sweep(1)
      t.notOk(sim.scrape().has(`c{x="${day}"}`))
      one.letGo()
      sim.sweep()
      sim.sweep()
      t.equal(i32[L.H_SERIES], 0)
    }
  },
)

t.test('idle time is not reckoned by the wall clock, which somebody may set', async t => {
  const { registry, arena } = fresh(t, { expireAfter: '1h', sweepEvery: 1 })
  registry.counter({ name: 'c', help: '', labelNames: ['x'] }).inc({ x: 'a' })
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  Date.now = () => now() + 86_400_000
  const swept = arena.i32[L.H_SWEEPS]
  await until('it is swept', () => arena.i32[L.H_SWEEPS] > swept + 3)
  t.equal(registry.value('c', { x: 'a' }), 1)
})
