/**
 * Blocks replaced while they are read and by threads that die: the real code, interrupted at each of its steps on
 * shared memory in turn. Allowed: what is under way counted or not. Forbidden: anything else lost, counted twice, or in
 * a bucket that is not its own.
 */
import t from 'tap'
import type { Family } from '../../src/catalogue/families.js'
import { Plan } from '../../src/exposition/plan.js'
import { spanBytes } from '../../src/exposition/span.js'
import { foldNative } from '../../src/folds/native-fold.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { takeSlot } from '../../src/memory/slots.js'
import { places } from '../../src/series/walk.js'
import { interrupt, Killed, Sim, type SimThread } from '../lifecycle/sim.js'
import { hookedKernel } from '../support/hooked-kernel.js'
import { decoded, expectedAt, folded, inBuckets } from '../support/native.js'
import { messages } from '../support/protobuf.js'
import { familyOf } from '../support/registry.js'

const OPTIONS = { labelNames: [], native: { schema: 4, maxBuckets: 24 } }

/** Two threads have counted; the next value of the first takes a new block, for the reason given. */
const CHANGES = {
  'a first block': { before: [], value: 1 },
  'a larger window': { before: [1, 1.1, 1.2], value: 3 },
  'half the resolution': { before: [1, 1.1, 1.2, 2, 2.5], value: 4 },
  'the coarsest resolution': { before: [1, 1.1, -2, 2.5], value: 1e300 },
  'negative buckets': { before: [1, 1.1], value: -1 },
} as const

function world(before: readonly number[]) {
  const sim = new Sim()
  const [one, two] = [sim.thread(1), sim.thread(2)]
  const h = one.histogram('h', OPTIONS)
  const other = two.histogram('h', OPTIONS)
  const seen: number[] = []
  const observe = (values: readonly number[], where = h) => {
    for (const value of values) {
      where.observe(value)
      seen.push(value)
    }
  }
  observe(before)
  observe([1.05, 2], other)
  return { sim, one, two, h, other, seen, observe }
}

let others = 0

/** Blocks of all sizes in the thread's shard, full of counts far from those of `h`. */
function reuse(thread: SimThread): void {
  for (let n = 0; n < 6; n++) {
    const other = thread.histogram(`other${others++}`, OPTIONS)
    for (let m = 0; m < 20; m++) other.observe(1e6 * (1 + m / (n + 5)))
  }
}

function family(arena: Arena): Family {
  return familyOf(arena, 'h')
}

function only(arena: Arena): number {
  return places(arena, family(arena)).next().value ?? 0
}

/** Whether what was folded is exactly these values, at whatever schema. */
function is(value: ReturnType<typeof folded>, values: readonly number[]): boolean {
  const { count: _, sum: __, ...buckets } = value
  return JSON.stringify(buckets) === JSON.stringify(expectedAt(values, buckets.schema))
}

for (const [name, { before, value }] of Object.entries(CHANGES)) {
  t.test(`${name}: a reader between the writer's steps`, async t => {
    for (let step = 0; ; step++) {
      const { sim, h, seen } = world(before)
      let read: ReturnType<typeof folded> | undefined
      const look = () => {
        read = folded(sim.arena, 'h')
      }
      if (!interrupt(step, look, () => h.observe(value))) {
        t.ok(step >= 3, `${step} steps`)
        break
      }
      t.ok(read !== undefined && (is(read, seen) || is(read, [...seen, value])), `step ${step}`)
      t.ok(is(folded(sim.arena, 'h'), [...seen, value]))
    }
  })

  t.test(`${name}: a writer between the reader's steps`, async t => {
    for (let step = 0; ; step++) {
      const { sim, one, h, seen } = world(before)
      let read: ReturnType<typeof folded> | undefined
      // More than one change, and the blocks that became free are used again at once, with other counts.
      const write = () => {
        h.observe(value)
        reuse(one)
        h.observe(value * 1.5)
        h.observe(value * 100)
        reuse(one)
      }
      const look = () => {
        read = folded(sim.arena, 'h')
      }
      if (!interrupt(step, write, look)) {
        t.ok(step > 5, `${step} steps`)
        break
      }
      const after = [value, value * 1.5, value * 100]
      const some = [0, 1, 2, 3].map(n => [...seen, ...after.slice(0, n)])
      if (read === undefined || !some.some(values => is(read as never, values))) {
        t.fail(`step ${step}: ${JSON.stringify(read)}`)
      }
      t.ok(is(folded(sim.arena, 'h'), [...seen, ...after]))
    }
  })

  t.test(`${name}: a writer between any two counts that a reader takes`, async t => {
    for (let step = 0; ; step++) {
      const { sim, one, h, seen } = world(before)
      const { arena } = sim
      let reads = 0
      const f64 = new Proxy(arena.f64, {
        get(target, key) {
          if (reads++ === step) {
            h.observe(value)
            reuse(one)
            h.observe(value * 100)
            reuse(one)
          }
          return target[key as never]
        },
      })
      const native = family(arena)
      const counts = foldNative(
        Object.create(arena, { f64: { value: f64 } }),
        native,
        OPTIONS.native,
        only(arena),
      )
      if (reads <= step) break
      const all = [seen, [...seen, value], [...seen, value, value * 100]]
      const lists = all.map(values => expectedAt(values, counts.schema))
      const exposed = [counts.positive, counts.negative].map(({ low, counts }) =>
        [...counts].map((count, n) => [low + n, count]).filter(([, count]) => count !== 0),
      )
      t.ok(
        lists.some(one => JSON.stringify([one.positive, one.negative]) === JSON.stringify(exposed)),
        `step ${step}: ${JSON.stringify(exposed)}`,
      )
    }
  })

  t.test(`${name}: the writer is killed at each step, its shard adopted`, async t => {
    for (let step = 0; ; step++) {
      const { sim, one, h, seen } = world(before)
      const die = () => {
        throw new Killed()
      }
      if (!interrupt(step, die, () => h.observe(value))) break
      sim.bury(one)
      const after = folded(sim.arena, 'h')
      t.ok(is(after, seen) || is(after, [...seen, value]), `step ${step}: all else is there`)
      const known = is(after, seen) ? seen : [...seen, value]
      const heir = sim.thread(3).histogram('h', OPTIONS)
      const more = [value, 1, -7, value * 2, 1e-30, 1e30]
      for (const one of more) heir.observe(one)
      t.ok(is(folded(sim.arena, 'h'), [...known, ...more]), `step ${step}: the heir counts on`)
    }
  })

  t.test(`${name}: the kernel between whose looks it comes`, async t => {
    for (let call = 0; ; call++) {
      const { sim, one, h, seen } = world(before)
      const { arena } = sim
      let calls = 0
      const beforeCopy = (place: number) => {
        if (place !== 0 || calls++ !== call) return
        h.observe(value)
        reuse(one)
        h.observe(value * 1.5)
        h.observe(value * 100)
        reuse(one)
      }
      const kernel = hookedKernel(arena, beforeCopy)
      const slot = takeSlot(arena, 900)
      const options = { format: 'protobuf', prefix: '', selfMetrics: true, created: false } as const
      const family = h.family
      if (family === undefined) throw new Error('no family')
      new Plan(arena, kernel, [family], options).next(slot, arena.i32[L.P_SLOT_TEXT])
      kernel.encode(slot)
      const read = decoded(messages(spanBytes(arena, slot).slice())[0].metric[0])
      const after = calls > call ? [value, value * 1.5, value * 100] : []
      // It was folded in part before: all of it, or what of it fell into blocks that stood.
      const some = [0, 1, 2, 3].map(n => [...seen, ...after.slice(0, n)])
      t.ok(
        some.some(values => is(read, values)),
        `look ${call}: ${JSON.stringify(read)}`,
      )
      if (calls <= call) {
        t.ok(call >= 3, `${call} looks`)
        break
      }
      t.ok(is(folded(arena, 'h'), [...seen, ...after]))
    }
  })
}

t.test('a reset, with an observation at each of its steps', async t => {
  for (let step = 0; ; step++) {
    const { sim, one, two, h, other } = world([1, 1.1, 2, -3])
    // The second reset has a block of the first to replace.
    h.reset()
    other.observe(5)
    if (
      !interrupt(
        step,
        () => other.observe(1e6),
        () => h.reset(),
      )
    )
      break
    const after = folded(sim.arena, 'h')
    const left = inBuckets(after)
    t.ok(left === 0 || left === 1, `step ${step}: ${left} left in buckets`)
    t.ok(after.count === 0 || after.count === 1, `${after.count} counted`)
    other.reset()
    t.equal(inBuckets(folded(sim.arena, 'h')), 0)
    t.strictSame([one.refused, two.refused], [[], []])
  }
})

t.test('a reset, with another at each of its steps', async t => {
  for (let step = 0; ; step++) {
    const { sim, h, other } = world([1, 1.1, 2, -3])
    h.reset()
    h.observe(7)
    if (
      !interrupt(
        step,
        () => other.reset(),
        () => h.reset(),
      )
    )
      break
    t.equal(inBuckets(folded(sim.arena, 'h')), 0, `step ${step}`)
    t.equal(folded(sim.arena, 'h').count, 0)
    h.observe(1e9)
    other.observe(1e-9)
    t.equal(inBuckets(folded(sim.arena, 'h')), 2)
  }
})

t.test('a place is cleared, the sweeper killed at each step: the next life begins at nothing', async t => {
  for (let step = 0; ; step++) {
    const sim = new Sim()
    const options = { native: OPTIONS.native }
    const thread = sim.thread(1)
    const h = thread.histogram('f', options)
    h.observe({ x: 'old' }, 3)
    h.remove({ x: 'old' })
    sim.sweep()
    const die = () => {
      throw new Killed()
    }
    // The kernel's own steps are not JavaScript's; between its calls the sweep can end.
    const more = interrupt(step, die, () => {
      sim.sweep()
      sim.sweep()
    })
    for (let n = 0; n < 3; n++) sim.sweep()
    h.observe({ x: 'new' }, 1e10)
    const value = folded(sim.arena, 'f')
    t.strictSame([value.count, inBuckets(value), value.schema], [1, 1, 4], `step ${step}`)
    if (!more) break
  }
})
