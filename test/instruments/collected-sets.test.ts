/**
 * A set of series that a `collect` callback reads from elsewhere, some of which go: the form that the README shows, in
 * which no scrape misses a series that is there before and after.
 */
import t from 'tap'
import { EXPIRE, Sim } from '../lifecycle/sim.js'
import { fresh, samples } from '../support/registry.js'
import { shared, Thread } from '../support/thread.js'

const lines = (names: readonly string[]) => names.map(name => `open{x="${name}"}`)

t.test(
  'set only what is there, with `untouched`: scraped at each step, none is missing, and what is gone goes',
  t => {
    const sim = new Sim()
    const one = sim.thread(1)
    const open = one.gauge('open', { expire: 'untouched', expireAfter: EXPIRE })
    const steady = ['a', 'b', 'c', 'd']
    let there = ['gone', ...steady]
    for (const name of there) open.set({ x: name }, 1)
    const missed: string[] = []
    for (let turn = 0; turn < 20; turn++) {
      if (turn === 5) there = [...steady, 'new']
      for (const name of there) {
        // What does not change stays as well as what does: that it is set is enough.
        open.set({ x: name }, name === 'a' ? turn : 1)
        const exposed = sim.scrape()
        missed.push(...lines(steady).filter(line => !exposed.has(line)))
      }
      sim.sweep(EXPIRE / 4)
    }
    t.same(missed, [])
    t.same([...sim.scrape().keys()].sort(), lines([...steady, 'new']))
    t.end()
  },
)

t.test('cleared and set again, a scrape in between misses what was not set yet', t => {
  const sim = new Sim()
  const open = sim.thread(1).gauge('open')
  for (const name of ['a', 'b']) open.set({ x: name }, 1)
  open.clear()
  open.set({ x: 'a' }, 1)
  t.same([...sim.scrape().keys()], lines(['a']), 'so that form is not shown')
  open.set({ x: 'b' }, 1)
  t.equal(sim.scrape().size, 2)
  t.end()
})

t.test('another thread scrapes while callbacks run: it never misses one', async t => {
  const { registry } = fresh(t)
  const names = Array.from({ length: 200 }, (_, n) => `queue-${n}`)
  const open = registry.gauge({
    name: 'open',
    help: '',
    labelNames: ['x'],
    expire: 'untouched',
    expireAfter: '1h',
    collect: gauge => {
      for (const x of names) gauge.set({ x }, Math.random())
    },
  })
  await registry.metrics()
  const reader = new Thread(t)
  await reader.call('get', registry.name)
  const stop = shared()
  const writer = new Thread(t)
  await writer.call('get', registry.name)
  await writer.call('register', 'gauge', {
    name: 'open',
    help: '',
    labelNames: ['x'],
    expire: 'untouched',
  })
  let scraped = 0
  const scrapes = (async () => {
    while (scraped < 100) {
      const exposed = samples(await reader.call<string>('metrics'))
      if (exposed.length !== names.length) t.fail(`${exposed.length} of ${names.length}`)
      scraped++
    }
    Atomics.store(stop, 0, 1)
  })()
  let turns = 0
  while (Atomics.load(stop, 0) === 0) {
    await registry.metrics()
    for (const x of names) await writer.call('set', 'open', { x }, turns)
    turns++
  }
  await scrapes
  t.ok(turns > 0)
  t.equal(open.remove({ x: 'queue-0' }), true)
})
