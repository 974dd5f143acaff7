/**
 * Exemplars of several threads: the newest is exposed, whole or not at all, and never with another series, however writers,
 * deaths, sweeps and readers interleave.
 */
import fc from 'fast-check'
import t from 'tap'
import { Families } from '../../src/catalogue/families.js'
import { Plan } from '../../src/exposition/plan.js'
import { flagPiece, pieceCount, spanBytes } from '../../src/exposition/span.js'
import type { Kernel } from '../../src/kernel/loader.js'
import * as L from '../../src/memory/layout.js'
import { giveSlot, takeSlot } from '../../src/memory/slots.js'
import { interruptEach, Killed, Sim } from '../lifecycle/sim.js'
import { SEED } from '../support/arbitrary.js'
import { hookedKernel } from '../support/hooked-kernel.js'
import { messages } from '../support/protobuf.js'

const NAME = 'f_total'

/** The exemplars in a scrape, by label value: `trace value`. */
function exposedExemplars(
  sim: Sim,
  kernel: Kernel = sim.kernel,
  format: 'openmetrics' | 'protobuf' = 'openmetrics',
) {
  const { arena } = sim
  const slot = takeSlot(arena, 900)
  const family = new Families(arena).get(NAME)
  const all = new Map<string, string>()
  if (family === undefined) return all
  const plan = new Plan(arena, kernel, [family], { format, prefix: '', selfMetrics: true })
  plan.next(slot, arena.i32[L.P_SLOT_TEXT])
  flagPiece(arena, slot, pieceCount(arena, slot) - 1, L.PIECE_CLOSE)
  kernel.encode(slot)
  const bytes = spanBytes(arena, slot).slice()
  giveSlot(arena, slot)
  if (format === 'protobuf') {
    for (const { metric } of messages(bytes)) {
      for (const { label, counter } of metric) {
        const exemplar = counter?.exemplar
        if (exemplar !== undefined)
          all.set(label?.[0].value ?? '', `${exemplar.label?.[0].value} ${exemplar.value}`)
      }
    }
    return all
  }
  for (const line of Buffer.from(bytes).toString().split('\n')) {
    const parts = /^f_total\{x="([^"]*)"\} \S+ # \{t="([^"]*)"\} (\S+) \S+$/.exec(line)
    if (parts !== null) all.set(parts[1], `${parts[2]} ${parts[3]}`)
    else if (line.includes(' # {')) throw new Error(`malformed: ${line}`)
  }
  return all
}

t.test('the newest of all threads is exposed', async t => {
  const sim = new Sim()
  const [a, b] = [sim.thread(1), sim.thread(2)]
  a.counter(NAME).inc({ x: 'q' }, 1, { t: 'old' })
  sim.now += 5
  b.counter(NAME).inc({ x: 'q' }, 2, { t: 'new' })
  t.same([...exposedExemplars(sim)], [['q', 'new 2']])
  sim.now += 5
  a.counter(NAME).inc({ x: 'q' }, 3, { t: 'newer' })
  t.same([...exposedExemplars(sim)], [['q', 'newer 3']])
  sim.bury(a)
  t.same([...exposedExemplars(sim)], [['q', 'newer 3']], 'after its thread, too')
  sim.now += 5
  sim.thread(3).counter(NAME).inc({ x: 'q' }, 4, { t: 'heir' })
  t.same([...exposedExemplars(sim)], [['q', 'heir 4']])
})

t.test('a series that comes back after expiry has none of its earlier life', async t => {
  const sim = new Sim()
  const thread = sim.thread(1)
  const counter = thread.counter(NAME)
  // As many as a page has: who comes takes the place of one that went.
  for (let n = 0; n < L.FIRST_PAGE_PLACES; n++) counter.inc({ x: `gone${n}` }, 1, { t: 'gone' })
  for (let n = 0; n < 8; n++) {
    sim.sweep(1_001)
    thread.letGo()
  }
  t.equal(sim.series(), 0)
  const used = sim.arena.usedBytes()
  for (let n = 0; n < L.FIRST_PAGE_PLACES; n++) counter.inc({ x: `came${n}` }, 1)
  t.equal(sim.scrape().size, L.FIRST_PAGE_PLACES)
  t.same([...exposedExemplars(sim)], [])
  counter.inc({ x: 'came0' }, 1, { t: 'c' })
  t.same([...exposedExemplars(sim)], [['came0', 'c 1']])
  t.equal(sim.arena.usedBytes(), used, 'in the record that was there')
})

t.test('a thread killed at any step leaves the old one, the new one or none; its heir goes on', async t => {
  for (const [before, after] of [
    ['old', 'new'],
    ['old', 'longer'.repeat(10)],
    [undefined, 'first'],
  ] as const) {
    const steps = interruptEach(() => {
      const sim = new Sim()
      const thread = sim.thread(1)
      const child = thread.counter(NAME).labels('q')
      if (before !== undefined) child.inc(1, { t: before })
      sim.now++
      return {
        call: () => child.inc(2, { t: after }),
        other: () => {
          throw new Killed()
        },
        check: step => {
          sim.bury(thread)
          const seen = exposedExemplars(sim).get('q')
          const allowed = [undefined, `${before} 1`, `${after} 2`]
          t.ok(allowed.includes(seen), `killed before step ${step}: ${seen}`)
          sim.now++
          sim.thread(2).counter(NAME).inc({ x: 'q' }, 3, { t: 'heir' })
          t.equal(exposedExemplars(sim).get('q'), 'heir 3')
        },
      }
    })
    t.ok(steps > 2, `${steps} steps`)
  }
})

t.test('a record that changes, or goes, while it is read is not exposed in part', async t => {
  for (const format of ['openmetrics', 'protobuf'] as const) {
    for (const text of ['b', 'much longer'.repeat(10)]) {
      const sim = new Sim()
      const thread = sim.thread(1)
      const child = thread.counter(NAME).labels('q')
      const other = thread.counter(NAME).labels('p')
      child.inc(1, { t: 'a' })
      let done = false
      const beforeCopy = (place: number) => {
        if (place !== 0 || done) return
        done = true
        sim.now++
        child.inc(2, { t: text })
        // Takes what the one before left, if it left it.
        other.inc(3, { t: 'z' })
      }
      const kernel = hookedKernel(sim.arena, beforeCopy)
      const seen = exposedExemplars(sim, kernel, format)
      t.ok(done)
      t.equal(seen.get('q'), undefined, `${format}: neither old nor new can be vouched for`)
      t.equal(exposedExemplars(sim, undefined, format).get('q'), `${text} 2`)
    }
  }
})

t.test('random programs: what is exposed is the last that was given', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const step = fc.record({
    thread: fc.nat(2),
    x: fc.constantFrom('a', 'b', 'c', 'd'),
    length: fc.nat(120),
    kind: fc.constantFrom('give', 'give', 'give', 'inc', 'remove', 'die'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const sim = new Sim()
      let ids = 3
      const threads = [sim.thread(0), sim.thread(1), sim.thread(2)]
      const model = new Map<string, string>()
      let n = 0
      for (const { thread, x, length, kind } of steps) {
        sim.now++
        n++
        const counter = threads[thread].counter(NAME, { expireAfter: 0 })
        const value = `${n}`.padEnd(length, 'v')
        if (kind === 'inc') counter.inc({ x })
        else if (kind === 'give') {
          counter.inc({ x }, n, { t: value })
          model.set(x, `${value} ${n}`)
        } else if (kind === 'remove') {
          // All let go first: then it is gone, with what was given.
          counter.remove({ x })
          for (let round = 0; round < 3; round++) {
            for (const one of threads) one.letGo()
            sim.sweep()
          }
          model.delete(x)
        } else {
          sim.bury(threads[thread])
          threads[thread] = sim.thread(ids++)
        }
      }
      t.strictSame(Object.fromEntries(exposedExemplars(sim)), Object.fromEntries(model))
      t.strictSame(
        Object.fromEntries(exposedExemplars(sim, undefined, 'protobuf')),
        Object.fromEntries(model),
      )
    }),
    { seed: SEED, numRuns: 150 },
  )
})
