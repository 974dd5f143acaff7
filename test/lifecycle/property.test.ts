/**
 * Random programs of several threads, against an oracle that knows nothing of places and states.
 *
 * The oracle is serial: what a label set counts is one number, gone when the series is. When it goes is the sweeper's
 * affair, but within bounds: not before it was idle for EXPIRE, and hidden with the first sweep after that; with a
 * thread that holds it, it comes back whole.
 */
import fc from 'fast-check'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { SEED } from '../support/arbitrary.js'
import { FAILED } from './failed-seeds.js'
import { EXPIRE, Sim } from './sim.js'

const THREADS = 3
const RUNS = Number(process.env.POSTMETER_RUNS ?? 400)

/** `gauge` is of aggregate `sum`. */
type Kind = 'counter' | 'gauge' | 'livesum' | 'min' | 'max' | 'histogram'
const KINDS: readonly Kind[] = ['counter', 'gauge', 'livesum', 'min', 'max', 'histogram']
interface Call {
  do: 'record' | 'add' | 'hold' | 'remove' | 'look'
  thread: number
  kind: Kind
  label: number
  value: number
}
type Step =
  | Call
  | { do: 'clear'; thread: number; kind: Kind }
  | { do: 'let go' | 'die'; thread: number }
  | { do: 'wait'; ms: number }
  | { do: 'sweep' | 'scrape' }

const kind = fc.constantFrom<Kind>(...KINDS, 'counter', 'gauge', 'histogram')
const thread = fc.nat(THREADS - 1)
const label = fc.nat(11)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record<Call>({
      do: fc.constantFrom(
        'record' as const,
        'record' as const,
        'add' as const,
        'hold' as const,
        'remove' as const,
        'look' as const,
      ),
      thread,
      kind,
      label,
      value: fc.integer({ min: -3, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), thread, kind }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('let go' as const), thread }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), thread }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, EXPIRE / 2, EXPIRE) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'sweep' as const, 'scrape' as const) }),
  },
)

/** What stands in a gauge's cell. */
interface Share {
  /** Whose it is; the dead's until the next thread that has the shard attaches. */
  thread: number
  /** Undefined where nothing was ever stored. */
  value: number | undefined
  /** Of it, what the dead left: a `sum` keeps it, whatever is set. */
  inherited: number
  /** Beside what the dead left: what was set last. */
  beside?: number
  /** Whether a living thread has set it. */
  set: boolean
}

interface Series {
  value: number
  /** A gauge's, by shard. */
  shares: Map<number, Share>
  /** When a sweep first saw it as it is now. */
  since: number
  /** As the sweep saw it, or who removed it: hidden, a movement from there brings it back. */
  seen: number | string
  /** Idle, and not removed: to be busy brings it back, too. */
  expired: boolean
  hidden: boolean
  owners: Set<number>
  asked: Set<number>
}

const isGauge = (kind: Kind) => kind !== 'counter' && kind !== 'histogram'

/** The documented meaning, as naively as can be. */
class Oracle {
  readonly all = new Map<string, Series>()
  readonly dead = new Set<number>()

  /** What is exposed. */
  value(kind: Kind, one: Series): number {
    if (!isGauge(kind)) return one.value
    const shares = [...one.shares.values()].filter(({ value }) => value !== undefined)
    if (kind === 'gauge') return shares.reduce((sum, { value = 0 }) => sum + value, 0)
    const living = shares.filter(({ thread }) => !this.dead.has(thread)).map(({ value = 0 }) => value)
    if (kind === 'livesum') return living.reduce((sum, value) => sum + value, 0)
    return living.length === 0 ? 0 : Math[kind](...living)
  }

  /** What shows whether it moved: values, counts of observations, or what stands in cells, the dead's too. */
  activity(kind: Kind, one: Series): number | string {
    if (!isGauge(kind) || kind === 'gauge') return this.value(kind, one)
    const stored = [...one.shares].filter(
      ([, { value }]) => value !== undefined && (value !== 0 || kind !== 'livesum'),
    )
    return stored.length === 0 ? 0 : JSON.stringify(stored.map(([shard, { value }]) => [shard, value]).sort())
  }

  /** Whether a gauge is anything but zero, for one thread that lives or for all together. */
  busy(kind: Kind, one: Series): boolean {
    if (!isGauge(kind)) return false
    if (this.value(kind, one) !== 0) return true
    return [...one.shares.values()].some(({ thread, value = 0, beside, set }) => {
      if (this.dead.has(thread)) return false
      return kind !== 'gauge' ? value !== 0 : set && (beside ?? value) !== 0
    })
  }

  touch(key: string, thread: number, now: number, shard: number): Series {
    let one = this.all.get(key)
    if (one === undefined) {
      one = {
        value: 0,
        shares: new Map(),
        since: now,
        seen: 0,
        expired: false,
        hidden: false,
        owners: new Set(),
        asked: new Set(),
      }
      this.all.set(key, one)
    }
    if (!one.owners.has(thread)) {
      one.owners.add(thread)
      if (one.hidden) {
        one.hidden = false
        one.since = now
      }
      const share = one.shares.get(shard)
      if (share?.thread !== thread) {
        const left = key.startsWith('gauge ') ? share?.value : undefined
        one.shares.set(shard, { thread, value: left, inherited: left ?? 0, set: false })
      }
    }
    return one
  }

  record(kind: Kind, one: Series, shard: number, how: 'set' | 'add', value: number): void {
    if (kind === 'counter') one.value += value
    else if (kind === 'histogram') one.value += 1
    else {
      const share = one.shares.get(shard) as Share
      share.value = how === 'set' ? share.inherited + value : (share.value ?? 0) + value
      if (how === 'set') share.set = true
      if (how === 'set' && share.inherited !== 0) share.beside = value
    }
  }

  die(thread: number): void {
    this.dead.add(thread)
    for (const one of this.all.values()) {
      one.owners.delete(thread)
      one.asked.delete(thread)
    }
  }

  letGo(thread: number): void {
    for (const one of this.all.values()) {
      if (!one.asked.delete(thread)) continue
      if (one.hidden) one.owners.delete(thread)
    }
  }

  remove(key: string, thread: number, kind: Kind): boolean {
    const one = this.all.get(key)
    if (one === undefined || one.hidden) return false
    one.owners.delete(thread)
    one.asked.delete(thread)
    if (one.owners.size === 0) this.all.delete(key)
    else {
      one.hidden = true
      one.expired = false
      one.seen = this.activity(kind, one)
      one.asked = new Set(one.owners)
    }
    return true
  }

  sweep(now: number): void {
    for (const [key, one] of this.all) {
      const kind = key.slice(0, key.indexOf(' ')) as Kind
      const activity = this.activity(kind, one)
      if (one.hidden) {
        if (activity !== one.seen || (one.expired && this.busy(kind, one))) {
          one.hidden = false
          one.seen = activity
          one.since = now
        } else if (one.owners.size === 0) this.all.delete(key)
        else one.asked = new Set(one.owners)
      } else if (activity !== one.seen || this.busy(kind, one)) {
        one.seen = activity
        one.since = now
      } else if (now - one.since >= EXPIRE) {
        one.hidden = true
        one.expired = true
        one.asked = new Set(one.owners)
      }
    }
  }
}

function run(program: readonly Step[]): void {
  const sim = new Sim({ maxThreads: THREADS })
  const oracle = new Oracle()
  const make = (id: number) => {
    const thread = sim.thread(id)
    const metrics = {
      counter: thread.counter('counter'),
      gauge: thread.gauge('gauge'),
      livesum: thread.gauge('livesum', { aggregate: 'livesum' }),
      min: thread.gauge('min', { aggregate: 'min' }),
      max: thread.gauge('max', { aggregate: 'max' }),
      histogram: thread.histogram('histogram'),
    }
    return {
      id,
      thread,
      metrics,
      held: new Map<string, { inc?(n: number): void; set?(n: number): void; observe?(n: number): void }>(),
    }
  }
  let ids = 0
  const threads = Array.from({ length: THREADS }, () => make(++ids))
  // A dead thread's share of a gauge stands in its shard, which the next thread takes over.
  const shard = (one: (typeof threads)[number]) => one.thread.table.shard()?.index as number
  for (const step of program) {
    if ('ms' in step) sim.now += step.ms
    else if (!('thread' in step)) {
      if (step.do === 'scrape') compare(sim, oracle)
      else {
        sim.sweep()
        oracle.sweep(sim.now)
        checkRetired(sim)
      }
    } else {
      const me = threads[step.thread]
      if ('label' in step) {
        const x = 'x'.repeat(step.label)
        const key = `${step.kind} ${x}`
        const metric = me.metrics[step.kind]
        if (step.do === 'remove') {
          const was = oracle.remove(key, me.id, step.kind)
          const did = metric.remove(x)
          if (was !== did) throw new Error(`remove(${key}) returned ${did}`)
          continue
        }
        // A look-up that is no new one attaches nothing; letting go comes first in one that is.
        const children = step.do === 'hold' ? me.held : undefined
        const known = children?.get(key)
        const child = (known ?? metric.labels(x)) as NonNullable<typeof known>
        children?.set(key, child)
        const attached = oracle.all.get(key)?.owners.has(me.id) ?? false
        const records = step.do !== 'look'
        if (!attached) oracle.letGo(me.id)
        const one = oracle.touch(key, me.id, sim.now, shard(me))
        if (!records) continue
        const how = step.do === 'add' ? 'add' : 'set'
        const value = step.kind === 'counter' ? Math.abs(step.value) : step.value
        if (step.kind === 'histogram') child.observe?.(value)
        else if (step.kind === 'counter' || how === 'add') child.inc?.(value)
        else child.set?.(value)
        oracle.record(step.kind, one, shard(me), how, value)
      } else if ('kind' in step) {
        me.metrics[step.kind].clear()
        for (const key of [...oracle.all.keys()])
          if (key.startsWith(`${step.kind} `)) oracle.remove(key, me.id, step.kind)
      } else if (step.do === 'let go') {
        me.thread.letGo()
        oracle.letGo(me.id)
      } else {
        sim.bury(me.thread)
        oracle.die(me.id)
        threads[step.thread] = make(++ids)
      }
    }
  }
  compare(sim, oracle)
}

function checkRetired(sim: Sim): void {
  const states = KINDS.map(name => sim.states(name).slice(L.STATE_RETIRED))
  const hidden = states.flat().reduce((sum, count) => sum + count, 0)
  const counted = sim.arena.i32[L.H_RETIRED]
  if (counted !== hidden) throw new Error(`${counted} series counted as retired, not ${hidden}`)
}

function compare(sim: Sim, oracle: Oracle): void {
  const exposed = new Map<string, number>()
  for (const [line, value] of sim.scrape()) {
    const match = /^(counter|gauge|livesum|min|max|histogram_count)\{x="(x*)"\}$/.exec(line)
    if (match !== null) exposed.set(`${match[1].replace('_count', '')} ${match[2]}`, value)
  }
  for (const [key, one] of oracle.all) {
    if (one.hidden) continue
    const expected = oracle.value(key.slice(0, key.indexOf(' ')) as Kind, one)
    if (exposed.get(key) !== expected)
      throw new Error(`${key} is exposed as ${exposed.get(key)}, not ${expected}`)
    exposed.delete(key)
  }
  if (exposed.size > 0) throw new Error(`exposed, but hidden or gone: ${[...exposed.keys()].join(', ')}`)
}

const property = fc.property(fc.array(step, { maxLength: 120, size: 'max' }), run)

t.setTimeout(600_000)

t.test('what failed once', async t => {
  for (const one of FAILED)
    t.doesNotThrow(() => fc.assert(property, { ...one, endOnFailure: true }), JSON.stringify(one))
  t.pass(`${FAILED.length} programs`)
})

t.test(`${RUNS} random programs of ${THREADS} threads`, { timeout: 600_000 }, async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  fc.assert(property, { seed: SEED, numRuns: RUNS })
  t.pass(`${RUNS} programs`)
})

t.test('the oracle would notice', async t => {
  const record = { do: 'record', thread: 0, kind: 'counter', label: 1, value: 2 } as const
  const oracle = new Oracle()
  const sim = new Sim()
  sim.thread(1).counter('counter').inc({ x: 'x' }, 2)
  t.throws(() => compare(sim, oracle), /exposed, but hidden or gone: counter x/)
  oracle.touch('counter x', 1, 0, 1).value = 3
  t.throws(() => compare(sim, oracle), /exposed as 2, not 3/)
  t.doesNotThrow(() => run([record, { do: 'scrape' }]))
})
