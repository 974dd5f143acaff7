/**
 * Attachments step by step: the members of a memory are several of this process, each with its own view of the file; one
 * "is killed" by a throw, after which its descriptions are closed, as the system closes them.
 */
import { closeSync, fstatSync, ftruncateSync, readFileSync, readSync, writeSync } from 'node:fs'
import { builtinModules } from 'node:module'
import t from 'tap'
import { beginSweep } from '../../src/lifecycle/sweep.js'
import type { Arena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { NOBODY, ownerOf, wordAt } from '../../src/memory/owner.js'
import { claimShard, orphanOwn } from '../../src/memory/shards.js'
import { readWide } from '../../src/memory/wide-counter.js'
import { attach, buryDead, detach } from '../../src/processes/attachments.js'
import { createSharedArena, joinSharedArena, readHeader } from '../../src/processes/shared-memory.js'
import { KEPT_FROM, systemCalls, systemCallsThrough } from '../../src/processes/system-calls.js'
import { interrupt, interruptEach, Killed } from '../lifecycle/sim.js'
import { shardsIn } from '../support/registry.js'

const calls = systemCalls()

/** A memory of up to `most` members, and one that is attached. */
function make(most = 4): Arena {
  const arena = createSharedArena(calls, {
    bytes: L.MIN_MEMORY_BYTES,
    maxThreads: most,
    maxLabelBytes: 100,
    maxSeries: 0,
    now: 0,
    started: 0,
    hashKey: [1, 2],
  })
  attach(calls, arena, 0)
  t.teardown(() => leave(arena))
  return arena
}

/** Another view of it, as another process has it; not attached yet. */
function view(arena: Arena): Arena {
  const other = joinSharedArena(calls, arena.i32[L.P_DESCRIPTOR], readHeader(arena.i32[L.P_DESCRIPTOR])!)
  t.teardown(() => leave(other))
  return other
}

function join(arena: Arena): Arena {
  const other = view(arena)
  attach(calls, other, 0)
  return other
}

/** What the system does when a process ends. */
function kill({ i32 }: Arena): void {
  if (i32[L.P_LOCK] !== 0) calls.close(i32[L.P_LOCK])
  i32[L.P_LOCK] = 0
}

function leave(arena: Arena): void {
  kill(arena)
  try {
    fstatSync(arena.i32[L.P_DESCRIPTOR])
    closeSync(arena.i32[L.P_DESCRIPTOR])
  } catch {}
}

/** Numbers of attachments that have a record. */
function numbers({ i32 }: Arena): number[] {
  const all = Array.from(
    { length: i32[L.H_SHARD_COUNT] - 1 },
    (_, n) => i32[(i32[L.H_ATTACHMENTS] + n * L.ATTACHMENT_WORDS) * 2 + L.ATTACHMENT_NUMBER],
  )
  return all.filter(number => number !== 0)
}

/** Numbers of attachments that own something. */
function owners({ i32, i64, shards }: Arena): number[] {
  const words = [i64[wordAt(L.H_SWEEPER)]]
  for (let n = 1; n < i32[L.H_SHARD_COUNT]; n++)
    words.push(i64[shards + n * L.SHARD_WORDS + wordAt(L.SHARD_OWNER)])
  for (let at = i32[L.H_LINEAGES]; at !== 0; at = i32[at * 2 + L.LINEAGE_NEXT])
    words.push(i64[wordAt(at * 2 + L.LINEAGE_OWNER)])
  return [...new Set(words.filter(word => word !== NOBODY).map(word => ownerOf(word).attachment))].filter(
    number => number !== 0,
  )
}

/** Takes one of each that can be owned, as thread 3 below thread 2. */
function takeAll(arena: Arena): void {
  claimShard(arena, 3, [2])
  arena.i32[L.H_DEATHS_INSIDE]++
  beginSweep(arena, 3, [2], 1_000_000 + arena.attachment * 10, 1)
}

t.test('what a dead member had is given back, and its number to nobody', async t => {
  const one = make()
  const two = join(one)
  t.strictSame([one.attachment, two.attachment], [1, 2])
  takeAll(two)
  t.strictSame(owners(one), [2])
  t.equal(buryDead(calls, one), 0, 'not while it lives')
  kill(two)
  t.equal(buryDead(calls, one), 1)
  t.strictSame([owners(one), numbers(one)], [[], [1]])
  t.equal(shardsIn(one, L.SHARD_ORPHAN), 1)
  t.equal(readWide(one, L.H_BURIED), 1)
  t.equal(buryDead(calls, one), 0, 'once')
  t.equal(join(one).attachment, 3)
})

t.test('the same thread of another member keeps what it has', async t => {
  const one = make()
  const [two, three] = [join(one), join(one)]
  for (const member of [one, two, three]) claimShard(member, 3, [2])
  kill(two)
  buryDead(calls, one)
  t.strictSame(owners(one).sort(), [1, 3])
  orphanOwn(three, 3)
  t.equal(shardsIn(one, L.SHARD_LIVE), 1)
})

t.test('a death at each step of a burial: the next one finishes it', async t => {
  let steps = 0
  for (let step = 0; ; step++) {
    const one = make()
    const [two, three] = [join(one), join(one)]
    takeAll(two)
    kill(two)
    const killed = interrupt(
      step,
      () => {
        throw new Killed()
      },
      () => buryDead(calls, three),
    )
    kill(three)
    const before = one.i32[L.H_DEATHS_INSIDE]
    buryDead(calls, one)
    if (owners(one).length > 0 || numbers(one).length !== 1)
      t.fail(`step ${step}: ${owners(one)} own something`)
    if (one.i32[L.H_DEATHS_INSIDE] < before) t.fail(`step ${step}: a death is not counted`)
    if (!killed) break
    steps++
  }
  t.ok(steps > 10, `${steps} steps`)
})

t.test('two burials at once, at each step: one of them does it', async t => {
  const steps = interruptEach(() => {
    const one = make()
    const [two, three] = [join(one), join(one)]
    takeAll(two)
    kill(two)
    let others = 0
    let mine = 0
    return {
      other: () => {
        others = buryDead(calls, one)
        // What was the dead one's can be somebody's at once.
        claimShard(one, 9, [])
      },
      call: () => {
        mine = buryDead(calls, three)
      },
      check: step => {
        if (mine + others !== 1 || readWide(one, L.H_BURIED) !== 1)
          t.fail(`step ${step}: ${mine} and ${others} burials`)
        if (shardsIn(one, L.SHARD_LIVE) !== 1) t.fail(`step ${step}: a living shard was buried`)
      },
    }
  })
  t.ok(steps > 10, `${steps} steps`)
})

t.test('a death at each step of attaching: the next one finds a place, and the gate', async t => {
  let steps = 0
  for (let step = 0; ; step++) {
    const one = make(2)
    const dead = join(one)
    takeAll(dead)
    kill(dead)
    const two = view(one)
    const killed = interrupt(
      step,
      () => {
        throw new Killed()
      },
      () => attach(calls, two, 0),
    )
    kill(two)
    const three = join(one)
    if (owners(one).length > 0) t.fail(`step ${step}: ${owners(one)} own something`)
    if (numbers(one).join() !== `1,${three.attachment}`) t.fail(`step ${step}: ${numbers(one)}`)
    if (!killed) break
    steps++
  }
  t.ok(steps > 5, `${steps} steps`)
})

const TAKES: Record<string, (arena: Arena) => void> = {
  'a shard': arena => claimShard(arena, 5, [2]),
  'the right to sweep': arena => beginSweep(arena, 5, [2], 1_000_000, 1),
}

for (const [what, take] of Object.entries(TAKES)) {
  t.test(`a thread takes ${what} at each step of giving the attachment up`, async t => {
    let [stayed, left] = [0, 0]
    const steps = interruptEach(() => {
      const { one, two, isNamed } = leaving()
      return {
        other: () => take(two),
        call: () => giveUp(two),
        check: step => {
          if (numbers(one).includes(two.attachment)) stayed++
          else left++
          if (isNamed() && !numbers(one).includes(two.attachment))
            t.fail(`step ${step}: it owns, and is not there`)
        },
      }
    })
    t.ok(steps > 3 && stayed > 0 && left > 0, `${steps} steps`)
  })

  t.test(`the attachment is given up at each step of taking ${what}`, async t => {
    const steps = interruptEach(() => {
      const { one, two, isNamed } = leaving()
      return {
        other: () => giveUp(two),
        call: () => take(two),
        check: step => {
          if (isNamed() && !numbers(one).includes(two.attachment))
            t.fail(`step ${step}: it owns, and is not there`)
          kill(two)
          buryDead(calls, one)
          if (isNamed()) t.fail(`step ${step}: what it owns is lost`)
        },
      }
    })
    t.ok(steps > 3, `${steps} steps`)
  })
}

/** One that stays, one that is about to close, and whether anything is owned in the name of that one. */
function leaving() {
  const one = make()
  const two = join(one)
  // There is something to sweep.
  one.i32[L.H_DEATHS_INSIDE]++
  return { one, two, isNamed: () => owners(one).includes(two.attachment) }
}

function giveUp(arena: Arena): void {
  Atomics.store(arena.i32, L.P_CLOSED, 1)
  detach(calls, arena)
}

t.test('there are as many places as threads can record', async t => {
  const one = make(2)
  const two = join(one)
  t.throws(() => join(one), {
    code: 'ERR_POSTMETER_SHARED',
    message: /2 processes use the registry, as many as threads \(option "maxThreads"\)/,
  })
  kill(two)
  t.equal(join(one).attachment, 3, 'a dead one makes room')
})

t.test('who holds the gate for too long is not waited for', async t => {
  const one = make()
  const lock = calls.open(`/proc/self/fd/${one.i32[L.P_DESCRIPTOR]}`)!
  t.ok(calls.lock(lock, 0, 1))
  const other = view(one)
  t.throws(() => attach(calls, other, 0, 20), {
    code: 'ERR_POSTMETER_SHARED',
    message: /another process has been attaching for too long/,
  })
  calls.close(lock)
  attach(calls, other, 0, 20)
  t.equal(other.attachment, 2)
})

t.test('nobody can change the size of the file', async t => {
  const one = make()
  for (const bytes of [0, 2 ** 30])
    t.throws(() => ftruncateSync(one.i32[L.P_DESCRIPTOR], bytes), { code: 'EPERM' }, `to ${bytes} bytes`)
})

for (const way of ['koffi', 'node:ffi'] as const) {
  // A Node that has it must be found to have it.
  const lacks = way === 'node:ffi' && !builtinModules.includes('node:ffi')
  t.test(`each call of the system, through ${way}`, async t => {
    const calls = systemCallsThrough(way)
    t.equal(calls?.through, lacks ? undefined : way)
    if (calls === undefined) return
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true })
    const bytes = new Uint8Array(memory.buffer)
    const at = calls.addressOf(bytes)
    t.equal(at % 4096n, 0n)
    t.equal(calls.addressOf(bytes.subarray(65_536)) - at, 65_536n)

    const file = calls.memoryFile('postmeter-test')!
    ftruncateSync(file, 65_536)
    t.ok(calls.sealSize(file))
    t.throws(() => ftruncateSync(file, 0), { code: 'EPERM' })
    t.ok(calls.layOver(at + 65_536n, 65_536, file, true))
    calls.keepFromDumps(at + 65_536n, 65_536)
    bytes[65_536 + 7] = 42
    const read = new Uint8Array(1)
    readSync(file, read, 0, 1, 7)
    t.equal(read[0], 42, 'what is stored is in the file')
    writeSync(file, read, 0, 1, 9)
    t.equal(bytes[65_536 + 9], 42, 'and the other way round')

    const [one, two] = [calls.open(`/proc/self/fd/${file}`)!, calls.open(`/proc/self/fd/${file}`)!]
    t.ok(calls.lock(one, 3, 1))
    t.notOk(calls.lock(two, 0, 8), 'a range of which another one has a byte')
    t.ok(calls.lock(two, 4, 1))
    calls.unlock(one, 3, 1)
    t.ok(calls.lock(two, 3, 1))
    const inherited = calls.inheritable(file, 300)!
    t.ok(inherited >= 300)
    const closesOnExec = (descriptor: number) => {
      const [, flags] = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))!
      return (Number.parseInt(flags!, 8) & 0o2000000) !== 0
    }
    t.strictSame([file, one, inherited].map(closesOnExec), [true, true, false])
    for (const descriptor of [one, two, inherited, file]) calls.close(descriptor)
    t.throws(() => fstatSync(inherited), { code: 'EBADF' })

    t.equal(calls.open('/nowhere/at/all'), undefined)
    t.notOk(calls.layOver(at, 4096, -1, true), 'what the system refuses is told')
    t.notOk(calls.lock(-1, 0, 1))
  })
}

t.test('a lock of another file proves no death', async t => {
  const [one, other] = [make(), make()]
  one.u8[L.H_ID * 4] = 1
  other.u8[L.H_ID * 4] = 2
  const living = join(one)
  claimShard(living, 1, [])
  // As if the program had closed the descriptor by mistake, and something else had been opened since.
  const { [L.P_DESCRIPTOR]: right } = one.i32
  one.i32[L.P_DESCRIPTOR] = other.i32[L.P_DESCRIPTOR]
  t.equal(buryDead(calls, one), 0)
  t.equal(shardsIn(one, L.SHARD_LIVE), 1)
  one.i32[L.P_DESCRIPTOR] = right
  kill(living)
  t.equal(buryDead(calls, one), 1)
})

t.test('what is kept open is numbered out of the way of what programs open', async t => {
  const arena = make()
  t.ok(arena.i32[L.P_DESCRIPTOR] >= KEPT_FROM && arena.i32[L.P_LOCK] >= KEPT_FROM)
})
