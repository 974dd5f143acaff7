/** Label values that a sender chooses: whatever they are, what is done for each of them is bounded. */
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { Sim } from '../lifecycle/sim.js'
import { countElements, largestMapIn, loadsIn } from '../support/count-steps.js'
import { familyOf, fresh } from '../support/registry.js'

/** FNV-1a, whose key can be no more than where it begins. */
function fnv(start: number, text: string): number {
  let h = start
  for (let n = 0; n < text.length; n++) h = Math.imul(h ^ text.charCodeAt(n), 0x0100_0193)
  return h
}

/** 2^bits values that all hash alike with FNV-1a from `start` on. */
function colliding(start: number, bits: number): string[] {
  const pairs: [string, string][] = []
  let state = start
  while (pairs.length < bits) {
    const seen = new Map<number, string>()
    for (let n = 0; ; n++) {
      const text = ((n * 48_271) % 36 ** 5).toString(36).padStart(5, '0')
      const hash = fnv(state, text)
      const other = seen.get(hash)
      if (other !== undefined) {
        pairs.push([other, text])
        state = hash
        break
      }
      seen.set(hash, text)
    }
  }
  return Array.from({ length: 2 ** bits }, (_, n) => pairs.map((pair, bit) => pair[(n >> bit) & 1]).join(''))
}

const BITS = 13
const ALIKE = colliding(0x811c_9dc5 | 0, BITS)

for (const labelNames of [['x'], ['x', 'y']]) {
  const what = labelNames.length === 1 ? 'one label' : 'two labels'
  t.test(`${what}: values that collide in a hash without a key are found as soon as others`, async t => {
    const { registry } = fresh(t, { memory: '32MiB' })
    const elements = countElements(t)
    const counter = registry.counter({ name: 'c_total', help: 'h', labelNames })
    const labels = (value: string) => Object.fromEntries(labelNames.map(name => [name, value]))
    for (const value of ALIKE) counter.inc(labels(value))
    let most = 0
    for (const value of ALIKE.slice(0, 500)) {
      most = Math.max(
        most,
        elements(() => counter.inc(labels(value))),
      )
    }
    t.ok(most > 0, 'it is counted')
    t.ok(most < 100, `${most} elements are read for one look-up`)
  })
}

t.test('what decides where small integers lie is no use either', async t => {
  // Pairs of ids, as the first values of a label were numbered, which FNV and its like bring together.
  const { registry } = fresh(t, { memory: '32MiB' })
  const elements = countElements(t)
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x', 'y'] })
  const mix = (h: number, id: number) => {
    const mixed = Math.imul(h ^ id, 0x9e37_79b1)
    return mixed ^ (mixed >>> 15)
  }
  const IDS = 1_500
  for (let n = 0; n < IDS; n++) counter.inc({ x: `x${n}`, y: `y${n}` })
  const buckets = new Map<number, [number, number][]>()
  for (let x = 0; x < IDS; x++) {
    for (let y = 0; y < IDS; y++) {
      const bucket = mix(mix(0, x), y) & 0x3ff
      if (bucket === 0) buckets.set(0, [...(buckets.get(0) ?? []), [x, y]])
    }
  }
  const pairs = (buckets.get(0) ?? []).slice(0, 1_500)
  t.equal(pairs.length, 1_500)
  let most = 0
  for (const [x, y] of pairs) counter.inc({ x: `x${x}`, y: `y${y}` })
  for (const [x, y] of pairs) {
    most = Math.max(
      most,
      elements(() => counter.inc({ x: `x${x}`, y: `y${y}` })),
    )
  }
  t.ok(most < 100, `${most} elements are read for one look-up`)
})

t.test('threads meet in chains that stay short', async t => {
  const sim = new Sim({ mib: 32 })
  const [one, other] = [sim.thread(1), sim.thread(2)]
  const counter = one.counter('c_total')
  const seed = familyOf(sim.arena, 'c_total').ref
  const values = colliding(fnv(0x811c_9dc5 ^ seed, 'x="'), BITS - 1)
  let most = 0
  for (const value of values) counter.inc({ x: value })
  const again = other.counter('c_total')
  for (const value of values.slice(0, 500)) {
    most = Math.max(
      most,
      loadsIn(() => again.inc({ x: value })),
    )
  }
  t.ok(most > 0, 'it is counted')
  t.ok(most < 200, `${most} loads for one look-up`)
})

t.test("V8's own hash is trusted with a few values at most", async t => {
  // Numbers hash to themselves in some releases, and long values to their length.
  const { registry } = fresh(t, { memory: '32MiB', maxLabelLength: 65_536 })
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
  const most = largestMapIn(() => {
    for (let n = 0; n < 3_000; n++) counter.inc({ x: String(n * 4_096) })
  })
  t.ok(most <= 256, `${most} in one Map`)
  t.equal(registry.value('c_total', { x: String(2_999 * 4_096) }), 1)
})

t.test("each registry's key is another, and all its threads read it from the memory", async t => {
  const keys = Array.from({ length: 8 }, () => {
    const { arena } = fresh(t, { memory: '4MiB' })
    return `${arena.i32[L.H_KEY]} ${arena.i32[L.H_KEY + 1]}`
  })
  t.equal(new Set(keys).size, keys.length)
  t.notOk(keys.includes('0 0'))
})
