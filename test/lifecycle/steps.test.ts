/**
 * Calls of the real code, interrupted at each of their steps on shared memory in turn: by another thread's call or by
 * sweeps, whole, after which they go on; or by their thread's death. Steps within a sweep are for test/model.
 *
 * Allowed: what is counted is exposed or, where it was counted before a remove() or an expiry, gone with its series.
 * Forbidden: a count that is lost, exposed twice, or exposed under another label set; a place that nobody can use again.
 */
import t from 'tap'
import { countDrop } from '../../src/catalogue/drops.js'
import { Families, type Family } from '../../src/catalogue/families.js'
import { placeAt } from '../../src/catalogue/pages.js'
import { reserveDrops, SelfMetrics } from '../../src/catalogue/self-metrics.js'
import { beginSweep, endSweepOf, hasSweepWork } from '../../src/lifecycle/sweep.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { ownWord, wordAt } from '../../src/memory/owner.js'
import { claimShard, orphanThread } from '../../src/memory/shards.js'
import { freeSlots, slotsTaken, takeSlot } from '../../src/memory/slots.js'
import { EXPIRE, interrupt, Killed, Sim, type SimThread } from './sim.js'

const A = 'c{x="a"}'

function world(options: { expireAfter?: number; maxSeries?: number } = {}) {
  const sim = new Sim()
  const [one, two] = [sim.thread(1), sim.thread(2)]
  const [c, d] = [one, two].map(thread => thread.counter('c', options))
  return { sim, one, two, c, d }
}

type World = ReturnType<typeof world>

/** What the world was like when the interrupted call began. */
const BEFORE: Record<string, (at: World) => void> = {
  'no series': () => {},
  'held by the other': ({ d }) => d.inc({ x: 'a' }, 100),
  'retired, held by the other': ({ sim, d }) => {
    d.inc({ x: 'a' }, 100)
    sim.sweep()
    sim.sweep(EXPIRE)
  },
  'retired, held by nobody': at => {
    BEFORE['retired, held by the other'](at)
    at.two.letGo()
  },
  'held by the caller': ({ c }) => c.inc({ x: 'a' }, 100),
  'being freed': at => {
    BEFORE['retired, held by nobody'](at)
    at.sim.sweep()
  },
  freed: at => {
    BEFORE['being freed'](at)
    at.sim.sweep()
  },
  'held by the caller, retired, and asked for': ({ sim, c }) => {
    c.inc({ x: 'a' }, 100)
    sim.sweep()
    sim.sweep(EXPIRE)
  },
  'another in its bucket': ({ c }) => {
    for (let n = 0; n < 5; n++) c.inc({ x: `b${n}` })
  },
}

/** What the other thread, or the sweeper, does meanwhile; returns what it counted of `a`. */
const MEANWHILE: Record<string, (at: World) => number> = {
  'the other counts': ({ d }) => {
    d.inc({ x: 'a' }, 10)
    return 10
  },
  'the other counts and sweeps follow': ({ sim, d }) => {
    d.inc({ x: 'a' }, 10)
    sim.sweep()
    return 10
  },
  'the other counts, and a third removes': ({ sim, d }) => {
    d.inc({ x: 'a' }, 10)
    sim.thread(3).counter('c').remove('a')
    return 10
  },
  'the other counts, and it is retired again': ({ sim, d }) => {
    d.inc({ x: 'a' }, 10)
    sim.sweep()
    sim.sweep()
    sim.sweep(EXPIRE)
    return 10
  },
  'one sweep, due': ({ sim }) => {
    sim.sweep(EXPIRE)
    return 0
  },
  'many sweeps, the other letting go': ({ sim, two }) => {
    for (let n = 0; n < 6; n++) {
      sim.sweep(EXPIRE)
      two.letGo()
    }
    return 0
  },
  'the other lets go, and its place is taken by others': ({ sim, two, d }) => {
    for (let n = 0; n < 6; n++) {
      sim.sweep(EXPIRE)
      two.letGo()
    }
    for (let n = 0; n < 9; n++) d.inc({ x: `other ${n}` }, 1000 + n)
    return 0
  },
}

function checkOthers(sim: Sim): string[] {
  const wrong: string[] = []
  for (const [key, value] of sim.scrape()) {
    const other = /^c\{x="other (\d)"\}$/.exec(key)
    if (other !== null && value !== 1000 + Number(other[1])) wrong.push(`${key} ${value}`)
    if (/^c\{x="b\d"\}$/.test(key) && value !== 1) wrong.push(`${key} ${value}`)
  }
  return wrong
}

/** Once all have let go, every place is free. */
function checkFree(sim: Sim, threads: readonly SimThread[]): string[] {
  for (let n = 0; n < 8; n++) {
    sim.sweep(EXPIRE)
    for (const thread of threads) thread.letGo()
  }
  const states = sim.states('c')
  const wrong: string[] = []
  states.forEach((count, state) => {
    if (state !== L.STATE_FREE && count !== 0) wrong.push(`${count} places in state ${state}`)
  })
  if (sim.series() !== 0) wrong.push(`${sim.series()} series counted`)
  if (sim.arena.i32[L.H_RETIRED] !== 0) wrong.push(`${sim.arena.i32[L.H_RETIRED]} retired counted`)
  return wrong
}

t.setTimeout(600_000)

t.test('to count, interrupted at each step', async t => {
  let steps = 0
  for (const [before, prepare] of Object.entries(BEFORE)) {
    for (const [meanwhile, other] of Object.entries(MEANWHILE)) {
      for (let step = 0; ; step++) {
        const at = world()
        prepare(at)
        const old =
          at.sim.states('c')[L.STATE_LIVE] + at.sim.states('c')[L.STATE_RETIRED] > 0 &&
          before !== 'another in its bucket'
            ? 100
            : 0
        let theirs = 0
        if (
          !interrupt(
            step,
            () => {
              theirs = other(at)
            },
            () => at.c.inc({ x: 'a' }, 1),
          )
        )
          break
        steps++
        at.sim.sweep()
        const exposed = at.sim.scrape().get(A)
        // What stood before may have expired with its series, as a whole.
        const allowed = [old + theirs + 1, ...(theirs === 0 || old > 0 ? [theirs + 1] : [])]
        const wrong = [...checkOthers(at.sim), ...checkFree(at.sim, [at.one, at.two])]
        if (exposed === undefined || !allowed.includes(exposed))
          wrong.push(`a is ${exposed}, not one of ${allowed}`)
        if (wrong.length > 0) t.fail(`${before}; at step ${step} ${meanwhile}: ${wrong.join(', ')}`)
      }
    }
  }
  t.ok(steps > 400, `${steps} steps`)
})

t.test('to let go and to remove, interrupted at each step', async t => {
  const CALLS: Record<string, (at: World) => void> = {
    'let go': ({ one }) => one.letGo(),
    remove: ({ c }) => c.remove('a'),
    clear: ({ c }) => c.clear(),
  }
  let steps = 0
  for (const [name, call] of Object.entries(CALLS)) {
    for (const [before, prepare] of Object.entries(BEFORE)) {
      for (const [meanwhile, other] of Object.entries(MEANWHILE)) {
        for (let step = 0; ; step++) {
          const at = world()
          prepare(at)
          let theirs = 0
          if (
            !interrupt(
              step,
              () => {
                theirs = other(at)
              },
              () => call(at),
            )
          )
            break
          steps++
          const wrong = []
          // Then the other counts on; only what it counted before the removal's end may be gone.
          at.d.inc({ x: 'a' }, 0.5)
          at.sim.sweep()
          const exposed = at.sim.scrape().get(A) ?? 0
          if (exposed % 1 !== 0.5) wrong.push(`a is ${exposed}: what came after is lost`)
          if (name === 'let go' && exposed % 100 !== theirs + 0.5)
            wrong.push(`a is ${exposed}, without ${theirs}`)
          if (name !== 'clear') wrong.push(...checkOthers(at.sim))
          wrong.push(...checkFree(at.sim, [at.one, at.two]))
          if (wrong.length > 0)
            t.fail(`${name}; ${before}; at step ${step} ${meanwhile}: ${wrong.join(', ')}`)
        }
      }
    }
  }
  t.ok(steps > 400, `${steps} steps`)
})

t.test(
  'death at each step: counts stay, what it left is used by the next, and nothing is blocked',
  async t => {
    const CALLS: Record<string, (at: World) => void> = {
      count: ({ c }) => c.inc({ x: 'a' }, 1),
      'let go': ({ one }) => one.letGo(),
      remove: ({ c }) => c.remove('a'),
      'make pages': ({ c }) => {
        for (let n = 0; n < 10; n++) c.inc({ x: `n${n}` })
      },
    }
    let steps = 0
    for (const [name, call] of Object.entries(CALLS)) {
      for (const [before, prepare] of Object.entries(BEFORE)) {
        for (let step = 0; ; step++) {
          const at = world()
          prepare(at)
          const { sim } = at
          if (
            !interrupt(
              step,
              () => {
                throw new Killed()
              },
              () => call(at),
            )
          )
            break
          steps++
          sim.bury(at.one)
          const heir = sim.thread(3)
          const e = heir.counter('c')
          e.inc({ x: 'a' }, 0.5)
          for (let n = 0; n < 20; n++) e.inc({ x: `other ${n % 10}` }, (1000 + (n % 10)) / 2)
          sim.sweep()
          const wrong = checkOthers(sim)
          const exposed = sim.scrape().get(A) ?? Number.NaN
          if (![0.5, 1.5, 100.5, 101.5].includes(exposed)) wrong.push(`a is ${exposed}`)
          wrong.push(...checkFree(sim, [at.two, heir]))
          if (wrong.length > 0) t.fail(`${name}; ${before}; death at step ${step}: ${wrong.join(', ')}`)
        }
      }
    }
    t.ok(steps > 300, `${steps} deaths`)
  },
)

t.test('who is refused at a limit leaves room for others meanwhile', async t => {
  let steps = 0
  for (let step = 0; ; step++) {
    const at = world({ maxSeries: 1 })
    const { sim, one, two, c, d } = at
    BEFORE['being freed'](at)
    const there = interrupt(
      step,
      () => {
        // The series that is there goes, and the other thread is first to make one.
        sim.sweep()
        sim.sweep()
        d.inc({ x: 'b' })
      },
      () => c.inc({ x: 'c' }),
    )
    if (!there) break
    steps++
    const [mine, theirs] = [one, two].map(thread => thread.refused.length)
    if (theirs !== 0 && mine !== 0) t.fail(`step ${step}: both are refused, and there is room for one`)
  }
  t.ok(steps > 10, `${steps} steps`)
})

t.test('a series removed from a family that never expires is freed, whatever comes in between', async t => {
  const MEANWHILE: Record<string, (at: World) => void> = {
    'a sweep': ({ sim }) => sim.sweep(),
    'two sweeps, the other letting go between': ({ sim, two }) => {
      sim.sweep()
      two.letGo()
      sim.sweep()
    },
    'another removal': ({ sim }) => {
      sim.thread(3).counter('c').remove('b')
      sim.sweep()
    },
    death: () => {
      throw new Killed()
    },
    'a sweep, then death': ({ sim }) => {
      sim.sweep()
      throw new Killed()
    },
  }
  let steps = 0
  for (const [meanwhile, other] of Object.entries(MEANWHILE)) {
    for (let step = 0; ; step++) {
      const at = world({ expireAfter: 0 })
      const { sim, one, two, c, d } = at
      d.inc({ x: 'a' })
      c.inc({ x: 'b' })
      c.inc({ x: 'kept' })
      const there = interrupt(
        step,
        () => other(at),
        () => c.remove('a'),
      )
      if (!there) break
      steps++
      const wrong: string[] = []
      if (meanwhile.endsWith('death')) {
        sim.bury(one)
        // Where it was hidden it goes; else it is there to be removed by another.
        sim.thread(4).counter('c').remove('a')
      }
      for (let n = 0; n < 4; n++) {
        sim.sweep()
        two.letGo()
        one.letGo()
      }
      const states = sim.states('c')
      const hidden = states.reduce((sum, count, state) => (state >= L.STATE_RETIRED ? sum + count : sum), 0)
      if (hidden !== 0) wrong.push(`${hidden} hidden for good`)
      if (sim.scrape().has(A)) wrong.push('a is still there')
      if (sim.arena.i32[L.H_RETIRED] !== 0) wrong.push(`${sim.arena.i32[L.H_RETIRED]} retired counted`)
      if (!meanwhile.endsWith('death') && hasSweepWork(sim.arena)) wrong.push('there is still work')
      if (wrong.length > 0) t.fail(`at step ${step} ${meanwhile}: ${wrong.join(', ')}`)
    }
  }
  t.ok(steps > 40, `${steps} steps`)
})

t.test('burying an ancestor of the last owner leaves the next owner alone, whenever', async t => {
  // 3 was started by 2, and 2 by 1; 4 by 1 alone. 3 dies, 4 takes its shard over, and meanwhile 2 dies.
  let steps = 0
  for (let step = 0; ; step++) {
    const { arena } = new Sim({ maxThreads: 3 })
    claimShard(arena, 3, [1, 2])
    orphanThread(arena, 3)
    let index: number | undefined
    const there = interrupt(
      step,
      () => orphanThread(arena, 2),
      () => {
        index = claimShard(arena, 4, [1])?.index
      },
    )
    if (!there) break
    steps++
    const owner = arena.i64[arena.shards + (index as number) * L.SHARD_WORDS + wordAt(L.SHARD_OWNER)]
    if (owner !== ownWord(arena, 4, L.SHARD_LIVE)) t.fail(`step ${step}: owner ${owner.toString(16)}`)
    if (claimShard(arena, 5, [1])?.index === index) t.fail(`step ${step}: two owners`)
    // And its own ancestor's death is still its death.
    orphanThread(arena, 1)
    if (claimShard(arena, 6, [])?.index !== 1) t.fail(`step ${step}: not buried with its ancestor`)
  }
  t.ok(steps > 4, `${steps} steps`)
})

t.test('a death at each step of taking a shard over, and of burying', async t => {
  let steps = 0
  for (let step = 0; ; step++) {
    const { arena } = new Sim({ maxThreads: 1 })
    claimShard(arena, 3, [1, 2])
    const there = interrupt(
      step,
      () => {
        throw new Killed()
      },
      () => {
        // 2 watches 3 and dies while it buries it, or 4 dies while it takes over.
        orphanThread(arena, 3)
        claimShard(arena, 4, [1])
      },
    )
    if (!there) break
    steps++
    orphanThread(arena, 4)
    orphanThread(arena, 2)
    if (claimShard(arena, 5, []) === undefined) t.fail(`step ${step}: the shard is lost`)
  }
  t.ok(steps > 8, `${steps} steps`)
})

t.test('a thread that dies together with those above it, at each step of what it takes', async t => {
  // 3 was started by 2, and 2 by 1, whose end alone is seen.
  const TAKES: Record<string, { take(arena: Arena): void; isFree(arena: Arena): boolean }> = {
    'a shard': {
      take: arena => claimShard(arena, 3, [1, 2]),
      isFree: arena => claimShard(arena, 4, []) !== undefined,
    },
    "another's shard": {
      take: arena => {
        claimShard(arena, 5, [])
        orphanThread(arena, 5)
        claimShard(arena, 3, [1, 2])
      },
      isFree: arena => {
        orphanThread(arena, 5)
        return claimShard(arena, 4, []) !== undefined
      },
    },
    'a slot': {
      take: arena => takeSlot(arena, 3, [1, 2]),
      isFree: arena => slotsTaken(arena) === 0,
    },
    'the right to sweep': {
      take: arena => beginSweep(arena, 3, [1, 2], 1_000_000, 1),
      isFree: arena => beginSweep(arena, 4, [], 2_000_000, 1),
    },
  }
  for (const [what, { take, isFree }] of Object.entries(TAKES)) {
    let steps = 0
    for (let step = 0; ; step++) {
      const sim = new Sim({ maxThreads: 1 })
      const { arena } = sim
      sim.thread(9).counter('c')
      const killed = interrupt(
        step,
        () => {
          throw new Killed()
        },
        () => take(arena),
      )
      orphanThread(arena, 1)
      freeSlots(arena, 1)
      endSweepOf(arena, 1)
      if (!isFree(arena)) t.fail(`${what}: lost by a death at step ${step}`)
      if (!killed) break
      steps++
    }
    t.ok(steps > 1, `${what}: ${steps} steps`)
  }
})

t.test('a dead share goes, touches stay: they show whether others were there', async t => {
  const sim = new Sim()
  const [one, two] = [1, 2].map(id => sim.thread(id))
  const [g, h] = [one, two].map(thread => thread.gauge('g', { aggregate: 'livesum', expire: 'untouched' }))
  const mine = g.labels('a')
  for (let n = 0; n < 10; n++) mine.set(1)
  const theirs = h.labels('a')
  for (let n = 0; n < 5; n++) theirs.set(2)
  sim.sweep()
  sim.bury(one)
  sim.thread(3).gauge('g', { aggregate: 'livesum', expire: 'untouched' }).labels('other')
  for (let n = 0; n < 10; n++) theirs.set(3)
  sim.sweep(EXPIRE)
  t.equal(sim.scrape().get('g{x="a"}'), 3, 'touched ten times, as often as the dead had')
})

t.test('nor the first drop of a family, which makes a series of its own visible', async t => {
  let exposed = 0
  for (let step = 0; ; step++) {
    const { sim, c } = world()
    c.inc({ x: 'b' })
    const families = new Families(sim.arena)
    reserveDrops(sim.arena, families, (families.get('c') as Family).ref, 'c')
    const { i32 } = sim.arena
    const family = families.get('c')?.ref as number
    const place = placeAt(i32[family * 2 + L.F_DROP_PAGE], L.DROP_SERIES)
    countDrop(sim.arena, family, L.DROP_SERIES)
    let seq = 0
    let planned = false
    const there = interrupt(
      step,
      () => {
        seq = i32[L.H_BIRTHS]
        planned = i32[place * 2 + L.PLACE_STATE] !== L.STATE_FREE
      },
      () => new SelfMetrics(sim.arena, families, () => sim.uptime()).refresh(),
    )
    t.equal(i32[place * 2 + L.PLACE_STATE], L.STATE_LIVE)
    if (!there) break
    const isExposed = i32[place * 2 + L.PLACE_BORN] - seq <= 0
    if (isExposed) exposed++
    if (isExposed && !planned) t.fail(`step ${step}: exposed, but not planned`)
  }
  t.ok(exposed > 0, `${exposed} exposed`)
})

t.test('a scrape that begins while a series is being written exposes only what it planned', async t => {
  let exposed = 0
  for (let step = 0; ; step++) {
    const { sim, c } = world()
    c.inc({ x: 'b' })
    let seq = 0
    let planned = false
    const there = interrupt(
      step,
      () => {
        seq = sim.arena.i32[L.H_BIRTHS]
        planned = sim.states('c')[L.STATE_FREE] === L.FIRST_PAGE_PLACES - 2
      },
      () => c.inc({ x: 'a' }),
    )
    if (!there) break
    const { i32 } = sim.arena
    const family = i32[L.H_FAMILIES]
    const place = i32[family * 2 + L.F_FIRST_PAGE] + L.PAGE_HEADER_WORDS + L.PLACE_WORDS
    const isExposed = i32[place * 2 + L.PLACE_BORN] - seq <= 0
    if (isExposed) exposed++
    if (isExposed && !planned) t.fail(`step ${step}: exposed, but not planned`)
  }
  t.ok(exposed > 0, `${exposed} exposed`)
})
