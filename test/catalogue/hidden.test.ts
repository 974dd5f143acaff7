/** Families that are hidden, and shown again: unregister(), scopes, and what two threads do to one name at once. */
import t from 'tap'
import { Families, type Identity } from '../../src/catalogue/families.js'
import * as L from '../../src/memory/layout.js'
import { interruptEach } from '../lifecycle/sim.js'
import { fresh, samples } from '../support/registry.js'
import { Thread } from '../support/thread.js'

const counterOf = (labelNames: string[], scope?: string): Identity => ({
  ...{ name: 'a_total', kind: 'counter', labelNames, bounds: [], aggregate: 'sum', expire: 'zero', unit: '' },
  ...{ self: false, scope },
})
const NO_LIMITS = { maxSeries: 0, expireAfter: 0 }

t.test('unregister() takes a metric out of the exposition, and frees its name', async t => {
  const { registry } = fresh(t)
  const old = registry.counter({ name: 'a_total', help: 'old', labelNames: ['x'] })
  old.inc({ x: '1' })
  t.equal(registry.unregister('a_total'), true)
  t.equal(await registry.metrics(), '')
  t.equal(registry.getSingleMetric('a_total'), undefined)
  t.equal(registry.value('a_total', { x: '1' }), undefined)
  t.equal(registry.unregister('a_total'), false, 'there is none any more')
  const other = registry.gauge({ name: 'a_total', help: 'new' })
  other.set(3)
  t.strictSame((await registry.metrics()).split('\n'), [
    '# HELP a_total new',
    '# TYPE a_total gauge',
    'a_total 3',
    '',
  ])
  t.doesNotThrow(() => old.inc({ x: '1' }), 'who holds the old one goes on')
  t.strictSame(samples(await registry.metrics()), ['a_total 3'], 'and is not exposed')
})

t.test('the same definition comes back, and begins at zero', async t => {
  const { registry, arena } = fresh(t)
  const options = { name: 'a_total', help: 'h' } as const
  const first = registry.counter(options)
  first.inc(5)
  const used = arena.usedBytes()
  for (let n = 0; n < 50; n++) {
    registry.unregister('a_total')
    registry.counter(options).inc()
  }
  t.equal(registry.value('a_total'), 1)
  t.ok(arena.usedBytes() - used < 1_024, 'and takes no more memory')
  const labelled = { name: 'b_total', help: 'h', labelNames: ['x'] } as const
  registry.counter(labelled).inc({ x: '1' }, 7)
  registry.unregister('b_total')
  t.strictSame(samples(await registry.metrics()), ['a_total 1'])
  registry.counter(labelled).inc({ x: '1' })
  t.equal(registry.value('b_total', { x: '1' }), 1)
})

t.test('a gauge is not collected any more', async t => {
  const { registry } = fresh(t)
  let calls = 0
  registry.gauge({ name: 'g', help: 'h', collect: () => void calls++ })
  await registry.metrics()
  const before = calls
  registry.unregister('g')
  await registry.metrics()
  t.equal(calls, before)
})

t.test('an info that comes back has no label set', async t => {
  const { registry } = fresh(t)
  const info = { name: 'build_info', help: 'h', labelNames: ['version'] } as const
  registry.info(info).set({ version: '1' })
  registry.unregister('build_info')
  registry.info(info)
  t.strictSame(samples(await registry.metrics()), [])
  registry.info(info).set({ version: '2' })
  t.strictSame(samples(await registry.metrics()), ['build_info{version="2"} 1'])
})

t.test(
  'what one thread has unregistered, another one records unseen until it is registered anew',
  async t => {
    const { registry } = fresh(t)
    const options = { name: 'c_total', help: 'h', labelNames: ['x'] } as const
    const thread = new Thread(t)
    await thread.call('get', registry.handle)
    registry.counter(options).inc({ x: 'a' })
    await thread.call('register', 'counter', options)
    await thread.call('inc', 'c_total', { x: 'a' }, 2)
    registry.unregister('c_total')
    await thread.call('inc', 'c_total', { x: 'a' }, 3)
    t.equal(registry.value('c_total', { x: 'a' }), undefined)
    t.strictSame(samples(await registry.metrics()), [])
    const again = registry.counter(options)
    await thread.call('inc', 'c_total', { x: 'b' }, 4)
    again.inc({ x: 'b' })
    t.equal(registry.value('c_total', { x: 'b' }), 5, 'one metric for both')
    registry.unregister('c_total')
    await thread.call('register', 'gauge', { ...options, labelNames: [] })
    await thread.call('set', 'c_total', {}, 7)
    t.strictSame(samples(await registry.metrics()), ['c_total 7'], 'any thread can take the name')
  },
)

t.test("the library's own metrics stay", async t => {
  const { registry } = fresh(t)
  t.throws(() => registry.unregister('postmeter_series'), { code: 'ERR_POSTMETER_OPTION' })
})

t.test('scopes: one name twice, and only what has none is in the exposition', async t => {
  const { arena, registry } = fresh(t)
  const families = new Families(arena)
  const mine = families.register(counterOf(['x'], 'mine'), 'h', NO_LIMITS, 0)!
  const open = families.register(counterOf([]), 'h', NO_LIMITS, 0)!
  t.not(mine.ref, open.ref)
  t.equal(families.get('a_total')?.ref, open.ref)
  t.equal(families.get('a_total', 'mine')?.ref, mine.ref)
  t.equal(families.register(counterOf(['x'], 'mine'), 'h', NO_LIMITS, 0)?.ref, mine.ref)
  t.strictSame(samples(await registry.metrics()), ['a_total 0'])
  // Another thread's view, which reads them all at once.
  t.equal(new Families(arena).get('a_total', 'mine')?.ref, mine.ref)
})

t.test('threads that register one name at once agree on it, wherever one meets the other', async t => {
  const one = counterOf(['x'])
  const other = counterOf(['y'])
  for (const second of ['the other definition', 'the same', 'none: it hides the first']) {
    const steps = interruptEach(() => {
      const { arena } = fresh(t)
      const mine = new Families(arena)
      const theirs = new Families(arena)
      mine.hide(mine.register(one, 'h', NO_LIMITS, 0)!)
      return {
        call: () => mine.register(one, 'h', NO_LIMITS, 0),
        other: () => {
          if (second === 'the other definition') theirs.register(other, 'h', NO_LIMITS, 0)
          if (second === 'the same') theirs.register(one, 'h', NO_LIMITS, 0)
          const shown = theirs.get('a_total')
          if (second.startsWith('none') && shown !== undefined) theirs.hide(shown)
        },
        check: step => {
          const all = [mine, theirs, new Families(arena)].map(families => families.get('a_total')?.ref)
          t.equal(new Set(all).size, 1, `${second}, step ${step}`)
          const named = [...refs(arena)].filter(ref => mine.byRef(ref)?.name === 'a_total')
          const shown = named.filter(ref => (arena.i32[ref * 2 + L.F_FLAGS] & L.FLAG_HIDDEN) === 0)
          t.equal(shown.length, all[0] === undefined ? 0 : 1, 'and one is shown')
        },
      }
    })
    t.ok(steps > 5, `${steps} steps`)
  }
})

function* refs({ i32 }: { readonly i32: Int32Array }): Generator<number> {
  for (let ref = i32[L.H_FAMILIES]; ref !== 0; ref = i32[ref * 2 + L.F_NEXT]) yield ref
}
