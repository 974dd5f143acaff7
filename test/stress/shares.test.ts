/**
 * Gauges of real threads that set their shares, remove series and are killed, while idle series of 20 ms go. One call at
 * a time, so that an oracle knows what each figure has to be; the sweeper comes in between as it likes.
 *
 * Allowed: a series exposed or not while all its shares are zero, and a `min` or `max` that has forgotten such shares.
 * Forbidden: any other figure than the living shares make (and, of `sum`, the dead's); a removed series exposed before
 * anybody sets it again, whoever dies. POSTMETER_STRESS_SECONDS says how long; 5 if left out.
 */
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import { SEED } from '../support/arbitrary.js'
import { fresh, shardsIn } from '../support/registry.js'
import { Thread } from '../support/thread.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 5)
const THREADS = 3
const LABELS = 4
const AGGREGATES = ['sum', 'livesum', 'min', 'max'] as const
type Aggregate = (typeof AGGREGATES)[number]

t.setTimeout((SECONDS + 120) * 1000)

interface Series {
  readonly aggregate: Aggregate
  readonly x: string
  readonly shares: Map<number, number>
  dead: number
  removed: boolean
}

/** Without shares of zero: who set one may have had it go with the series, idle for 20 ms. */
function expected({ aggregate, shares, dead }: Series, zeros = true): number {
  const living = [...shares.values()].filter(share => zeros || share !== 0)
  if (aggregate === 'sum' || aggregate === 'livesum') return living.reduce((sum, share) => sum + share, dead)
  return living.length === 0 ? 0 : Math[aggregate](...living)
}

const isIdle = (one: Series) => expected(one) === 0 && [...one.shares.values()].every(share => share === 0)

t.test(`shares of ${THREADS} threads for ${SECONDS} s`, { timeout: (SECONDS + 90) * 1000 }, async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  let random = SEED | 1
  const below = (n: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
    return (random >>> 8) % n
  }
  const { registry, arena } = fresh(t, { sweepEvery: 5 })
  const options = (aggregate: Aggregate) => ({
    name: aggregate,
    help: 'h',
    labelNames: ['x'],
    aggregate,
    expireAfter: 20,
  })
  const gauges = new Map(AGGREGATES.map(aggregate => [aggregate, registry.gauge(options(aggregate))]))
  const begin = async () => {
    const thread = new Thread(t)
    await thread.call('get', registry.name)
    for (const aggregate of AGGREGATES) await thread.call('register', 'gauge', options(aggregate))
    return thread
  }
  const threads = await Promise.all(Array.from({ length: THREADS }, begin))
  let made = 0
  const make = (aggregate: Aggregate): Series => ({
    ...{ aggregate, x: `${++made}`, shares: new Map(), dead: 0, removed: false },
  })
  const series = AGGREGATES.flatMap(aggregate => Array.from({ length: LABELS }, () => make(aggregate)))
  const wrong: string[] = []
  const did: Record<string, number> = { set: 0, remove: 0, kill: 0, wait: 0 }
  const isRight = (one: Series) => {
    const value = registry.value(one.aggregate, { x: one.x })
    if (one.removed) return value === undefined
    if (value === expected(one) || value === expected(one, false)) return true
    return value === undefined && (isIdle(one) || one.shares.size === 0)
  }
  /** A hidden one that has moved is back with the next sweep. */
  const check = async () => {
    for (const one of series) {
      const swept = () => Number(arena.i32[L.H_SWEEPS])
      const since = swept()
      while (!isRight(one) && swept() - since < 20) await new Promise(resolve => setTimeout(resolve, 1))
      if (isRight(one)) continue
      const { aggregate, x, shares, dead, removed } = one
      wrong.push(
        `${aggregate} ${x} is ${registry.value(aggregate, { x })}: ${JSON.stringify({ shares: [...shares], dead, removed })}`,
      )
    }
  }
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end && wrong.length === 0) {
    const at = below(series.length)
    const one = series[at]
    // The main thread is the last.
    const who = below(THREADS + 1)
    const what = below(20)
    if (what === 0) {
      const victim = below(THREADS)
      const thread = threads[victim].worker
      // Now and then with a program's listeners, and ours, taken away.
      if (below(2) === 0) thread.removeAllListeners()
      await thread.terminate()
      for (const some of series) {
        const share = some.shares.get(victim) ?? 0
        some.shares.delete(victim)
        if (some.aggregate === 'sum') some.dead += share
      }
      threads[victim] = await begin()
      did.kill++
    } else if (what === 1) {
      gauges.get(one.aggregate)?.remove(one.x)
      one.removed = true
      did.remove++
    } else if (what < 5) {
      await new Promise(resolve => setTimeout(resolve, below(60)))
      did.wait++
    } else {
      // Its life after a removal is another label set's, or what others hold of it would come back.
      if (one.removed) series[at] = make(one.aggregate)
      const { aggregate, x, shares } = series[at]
      const value = below(3) - 1
      if (who === THREADS) gauges.get(aggregate)?.set({ x }, value)
      else await threads[who].call('set', aggregate, { x }, value)
      shares.set(who, value)
      did.set++
    }
    await check()
  }
  t.strictSame(wrong, [])
  t.comment(JSON.stringify(did))
  t.ok(did.kill > 0 && did.remove > 0 && did.set > 0)
  t.ok(shardsIn(arena, L.SHARD_LIVE) <= THREADS + 1)
  t.equal(shardsIn(arena, L.SHARD_LIVE) + shardsIn(arena, L.SHARD_ORPHAN), THREADS + 1, 'no shard leaked')
})
