/**
 * A model of how processes share one memory: attach, record, bury, close, and start a file anew. There is a step for
 * every access to shared memory and for every call to the system. A mutant leaves a step out, or swaps two, to show that
 * the exploration would find it. How a file comes to its path, and how one of another layout is replaced, is in
 * upgrade.ts.
 *
 * Locks are tried, never waited for (F_OFD_SETLK), and belong to an open description: a try through a description that
 * has the byte is granted. Byte 0 is the gate, byte 1+i is that of slot i.
 *
 * Assumes: A process can be killed at any step. Then all locks of its descriptions are released at once, after its last
 * store. A process can be stopped at any step, and keeps its locks. A thread can be terminated at any step, and its
 * parent sees that afterwards. The description that has the gate and the slot's byte lives as long as the process, and
 * no other process has it. So the main thread attaches, whose end is the end of the process. Thread ids are never used
 * twice in a process, but two processes have the same ones. No two living parents see the end of one thread.
 *
 * An attachment has a number that is never used twice. The record of its slot has this number, or 0. The words that say
 * who owns a shard, a record of descent or the right to sweep are (attachment's number, thread, state), changed by
 * compare-exchange. The slot's index instead of the number would not do: a parent that is late would take a thread of
 * the slot's next process for its own child.
 *
 * attach
 * 1. Take the gate, and compare the file with the path's (upgrade.ts). Give up after a while: a stopped process may have
 *    the gate.
 * 2. File only: try all slots' bytes at once. If they are granted, nobody lives: start anew. If they are refused while
 *    the flag is set, who started anew was killed, and a late burial has a byte: let the gate go and begin again, or
 *    give up after a while.
 * 3. Take the first slot whose byte is granted. If its record is not 0, do steps 4 to 7 of a burial under this byte.
 * 4. Raise the header's number, store it to the record, let the gate go. From now on threads may claim.
 *
 * bury, by any thread of an attachment, for each other slot
 * 1. Its record is not 0.
 * 2. Try its byte through a description of this burial alone, which is closed when the thread ends. If it is refused,
 *    the process lives, or somebody buries it: go on to the next slot.
 * 3. Read the record again, under the byte. If it is 0, go to 8.
 * 4. For each shard whose word has the number and is LIVE or MOVING: exchange to MOVING, count a death if the epoch is
 *    set, clear the epoch, clear the owner bits, exchange to ORPHAN.
 * 5. If the right to sweep has the number, count the sweep that broke off, then exchange to none.
 * 6. Records of descent that have the number, also those that are being written: exchange to none.
 * 7. Store 0 to the record.
 * 8. Close the description.
 *
 * A parent does 4 to 6 for the number of its attachment and the id of its child, without a byte. At last it says that
 * the child takes nothing any more (see close).
 *
 * close, in the main thread
 * 1. Say in the process' own memory that it closes.
 * 2. Each thread lets go of its shard by itself: it clears its owner bits, then stores ORPHAN.
 * 3. Wait until no thread of the process is taking something, then until no shard and no right to sweep has the number.
 *    What a parent is clearing is left to it.
 * 4. Records of descent: exchange to none. Store 0 to the record. Close the description. A burial under way may go on.
 * A thread that is about to claim or to sweep says so in the process' own memory, and then asks whether the process is
 * attached and does not close. It takes that back once the shard is LIVE, or the sweep has ended.
 *
 * start anew, with the gate and all bytes
 * 1. Set the flag. 2. Steps 4 to 6 of a burial for all numbers; all records to 0. 3. Raise the run; zero the gauges.
 * 4. Clear the flag. 5. Let all bytes go but the first. 6. Step 4 of attach, in the first slot.
 *
 * Guarantees: A shard has one thread that stores; nothing is stored to an orphan. No count that was stored is lost. A
 * living process, stopped or not, is never buried. There is one sweeper. No step waits for another process: a try that
 * is refused is left, or tried for a bounded time. A newcomer buries all the dead but those whose byte another burial
 * has. When that one is stopped, it holds up what the dead one held up (sweeps and the reuse of memory), and no
 * recording; when it is killed, the next burial begins from the start. After a death inside a look-up and after a sweep
 * that broke off, series are counted anew. Who starts when all are dead finds every count. Nobody records in a memory
 * that has begun anew by half.
 */
import { type Process, type State, Violation } from './explore.js'

export type Mutant =
  | 'a burial asks for the byte instead of taking it'
  | 'two threads bury through one description'
  | 'a burial tries its own byte through the description that has it'
  | 'a burial reads the record before it has the byte'
  | 'a burial gives the byte back before it clears the record'
  | 'a burial clears the record before the shards'
  | 'a burial leaves the owner bits'
  | 'a burial forgets what is MOVING'
  | 'the description of a burial outlives its thread'
  | 'a death is counted after the epoch is cleared'
  | 'a broken-off sweep is counted after the right is given back'
  | 'a slot is used again while words remain'
  | 'the record is stored before the byte is had'
  | 'attach holds no gate'
  | 'attach waits for the gate without a bound'
  | 'a thread attaches that ends before its process'
  | 'start anew asks for all bytes instead of taking them'
  | 'start anew sets no flag'
  | 'attach does not look at the flag'
  | 'an owner is named by its thread alone'
  | 'an owner is named by its slot'
  | 'close() does not wait for its threads'
  | 'close() does not wait for claims under way'
  | 'close() gives the byte back before it clears the record'
  | 'close() clears what a parent is clearing'
  | 'a claim does not ask whether the process closes'
  | 'a record of descent names nobody while it is written'
  | 'a parent frees a record of descent by a plain store'

/** `inc` claims a shard if need be and counts; `orphan 2` waits for the end of thread 2 and buries it. */
export type Op = 'attach' | 'inc' | 'bury' | 'sweep' | 'close' | `orphan ${number}`

export interface Member {
  /** The first is the main thread; ids begin with 1. */
  readonly threads: readonly (readonly Op[])[]
  /** Begins attached. */
  readonly attached?: boolean
  readonly killed?: boolean
  /** Ids of threads that are terminated. */
  readonly terminated?: readonly number[]
}

export interface Setup {
  readonly members: readonly Member[]
  readonly slots: number
  readonly shards: number
  /** Without, it is a memory that is gone when nobody has it: it does not start anew. */
  readonly file?: boolean
  /** Begins with slot 1 of a process that died amid a look-up in shard 1. */
  readonly left?: boolean
  /** The one that died had the right to sweep, too. */
  readonly swept?: boolean
  /** Whether threads write records of descent before they claim. There is room for one. */
  readonly descent?: boolean
  /** Checks in every state what a newcomer finds when all others are stopped there, and when all are killed there. */
  readonly alone?: boolean
  readonly mutant?: Mutant
}

const [FREE, LIVE, ORPHAN, MOVING] = [0, 1, 2, 3]
/** Threads that one number has in words. */
const IDS = 4
/** Instead of an attachment's number: the owners of all words. */
const ALL = 0
const ENDED = 99
/** The thread of the attachment that is dead from the beginning. */
const LEFT = 50

let fields = 0
const field = () => fields++
const each = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

/** The gate and the bytes hold the number of the description that has them; 0 is none. */
const GATE = field()
const SLOT = each(3, () => ({ byte: field(), record: field() }))
const SHARD = each(2, () => ({
  word: field(),
  epoch: field(),
  bit: field(),
  cell: field(),
  gauge: field(),
  /** Not in memory: the thread that claimed it. */
  holder: field(),
}))
const FLAG = field()
const RUN = field()
/** The last number that was given to an attachment. */
const NUMBER = field()
/** The right to sweep. */
const SWEEPER = field()
/** A record of descent. */
const DESCENT = field()
const DEATHS = field()
const RECOUNTED = field()
/** Series as they are counted, and as they are. */
const COUNTED = field()
const MADE = field()
/** Not in memory: what was stored to cells. */
const TOTAL = field()
/** What is here is the process' own memory. The last one is a newcomer, who comes in `alone` and at the end. */
const PROCESS = each(5, () => ({
  dead: field(),
  /** Its slot's index + 1 while it is attached. */
  slot: field(),
  number: field(),
  closing: field(),
}))
const THREAD = each(7, () => ({
  pc: field(),
  op: field(),
  dead: field(),
  /** Index of its shard + 1. */
  shard: field(),
  /** Whether it may be taking something in the name of the attachment. */
  taking: field(),
  described: field(),
  // Registers.
  slot: field(),
  n: field(),
  seen: field(),
  number: field(),
}))
const NEWCOMER = { process: PROCESS.length - 1, thread: THREAD.length - 1 }

const stateOf = (word: number) => word % 4
const threadOf = (word: number) => Math.floor(word / 4) % IDS
const numberOf = (word: number) => Math.floor(word / 4 / IDS)
const wordOf = (number: number, thread: number, state: number) => (number * IDS + thread) * 4 + state

/** Of a process, for its attachment; the gate is taken through it too. */
const ownDescription = (p: number) => 1 + p
/** Of a thread, for its burial under way. */
const burialDescription = (k: number) => 1 + PROCESS.length + k

/** Steps of a thread. */
const [
  IDLE,
  ATTACH_ALL,
  ATTACH_FLAG,
  ATTACH_SLOT,
  ATTACH_RECORD,
  ATTACH_NUMBER,
  ATTACH_STORE,
  ATTACH_LATE,
  ATTACH_OPEN,
  ANEW_FLAG,
  ANEW_RECORDS,
  ANEW_RUN,
  ANEW_GAUGES,
  ANEW_CLEAR,
  ANEW_BYTES,
  BURY_SLOT,
  BURY_BYTE,
  BURY_AGAIN,
  WORDS_READ,
  WORDS_MOVE,
  WORDS_DEATH,
  WORDS_EPOCH,
  WORDS_LATE,
  WORDS_BITS,
  WORDS_ORPHAN,
  WORDS_SWEEPER,
  WORDS_BROKE,
  WORDS_RIGHT,
  WORDS_DESCENT,
  WORDS_FORGET,
  BURY_RECORD,
  BURY_END,
  CLAIM_ASK,
  CLAIM_DESCENT,
  CLAIM_DESCRIBED,
  CLAIM_READ,
  CLAIM_TAKE,
  CLAIM_LIVE,
  LOOK_ENTER,
  LOOK_BIT,
  LOOK_COUNT,
  LOOK_MAKE,
  LOOK_LEAVE,
  STORE,
  GO_BIT,
  GO_WORD,
  CLOSE_TAKING,
  CLOSE_WORDS,
  CLOSE_DESCENT,
  CLOSE_RECORD,
  CLOSE_BYTE,
  SWEEP_ASK,
  SWEEP_TAKE,
  SWEEP_FREE,
  SWEEP_COUNT,
  SWEEP_WANTS,
  SWEEP_INSIDE,
  SWEEP_RECOUNT,
  SWEEP_END,
] = each(59, n => n)

interface Who {
  /** Index in PROCESS. */
  readonly p: number
  /** Within its process. */
  readonly id: number
  /** Index in THREAD. */
  readonly k: number
  readonly program: readonly Op[]
}

function everybody(setup: Setup): Who[] {
  let k = 0
  return setup.members.flatMap((member, p) =>
    member.threads.map((program, n) => ({ p, id: n + 1, k: k++, program })),
  )
}

/** What is not read any more is no difference between two states. */
function forget(s: State, ...fields: number[]): void {
  for (const one of fields) s[one] = 0
}

/** Whether the description has the byte now. */
function tryLock(s: State, byte: number, description: number): boolean {
  if (s[byte] !== 0 && s[byte] !== description) return false
  s[byte] = description
  return true
}

function unlock(s: State, byte: number, description: number): void {
  if (s[byte] === description) s[byte] = 0
}

/** All locks of a description go at once. */
function closeDescription(s: State, description: number): void {
  unlock(s, GATE, description)
  for (const slot of SLOT) unlock(s, slot.byte, description)
}

function endThread(s: State, k: number): void {
  const T = THREAD[k]
  s[T.dead] = 1
  forget(s, T.pc, T.op, T.shard, T.slot, T.n, T.seen, T.number, T.described)
}

function kill(s: State, p: number, threads: readonly Who[]): void {
  const P = PROCESS[p]
  s[P.dead] = 1
  forget(s, P.slot, P.number, P.closing)
  closeDescription(s, ownDescription(p))
  for (const { k } of threads.filter(one => one.p === p)) {
    endThread(s, k)
    s[THREAD[k].taking] = 0
    closeDescription(s, burialDescription(k))
  }
}

export function begin(setup: Setup): State {
  const s = new Array<number>(fields).fill(0)
  s[RUN] = 1
  let slot = 0
  if (setup.left) {
    s[NUMBER] = 1
    s[SLOT[slot++].record] = 1
    const shard = SHARD[0]
    s[shard.word] = wordOf(1, 1, LIVE)
    for (const one of [shard.epoch, shard.bit, shard.cell, shard.gauge, TOTAL, COUNTED]) s[one] = 1
    s[shard.holder] = LEFT
    if (setup.swept) s[SWEEPER] = wordOf(1, 1, LIVE)
  }
  for (const [p, member] of setup.members.entries()) {
    if (!member.attached) continue
    const P = PROCESS[p]
    s[P.number] = setup.mutant === 'an owner is named by its slot' ? slot + 1 : ++s[NUMBER]
    s[SLOT[slot].record] = s[P.number]
    s[SLOT[slot].byte] = ownDescription(p)
    s[P.slot] = ++slot
  }
  return s
}

export function check(setup: Setup): (s: State) => void {
  const newcomer = newcomerOf(setup)
  const mains = everybody(setup).filter(({ id }) => id === 1)
  return s => {
    for (const { p, k } of mains) {
      if (s[GATE] === ownDescription(p) && s[THREAD[k].dead] !== 0)
        throw new Violation('the gate is never given back')
    }
    for (const P of PROCESS) {
      if (s[P.slot] === 0) continue
      const { byte, record } = SLOT[s[P.slot] - 1]
      if (s[record] !== s[P.number]) throw new Violation('the record of a living process is another one')
      if (s[byte] === 0) throw new Violation('a living process has lost its byte')
    }
    if (setup.alone) newcomer(s)
  }
}

/** When nothing goes on, a newcomer finds every count, beside the living and after their death. */
export function end(setup: Setup): (s: State) => void {
  return newcomerOf(setup)
}

function newcomerOf(setup: Setup): (s: State) => void {
  const threads = everybody(setup)
  const newcomer = stepsOf(setup, {
    p: NEWCOMER.process,
    id: 1,
    k: NEWCOMER.thread,
    program: ['attach', 'bury', 'sweep'],
  })
  return state => {
    const stopped = alone(newcomer, state)
    const tight = SLOT.slice(0, setup.slots).every(({ byte }) => state[byte] !== 0)
    const gateHeld = state[GATE] !== 0
    const late = state[FLAG] !== 0 && SLOT.some(({ byte }) => state[byte] !== 0)
    const attached = stopped[PROCESS[NEWCOMER.process].slot] !== 0
    if (!attached && !gateHeld && !tight && !late) throw new Violation('a newcomer does not get in')
    if (attached) checkWords(setup, stopped, threads)
    const s = [...state]
    for (const p of setup.members.keys()) kill(s, p, threads)
    const last = alone(newcomer, s)
    if (last[PROCESS[NEWCOMER.process].slot] === 0) throw new Violation('a newcomer does not get in')
    checkWords(setup, last, threads)
    if (last[COUNTED] !== last[MADE]) throw new Violation('a series is counted that does not exist')
  }
}

/** What a newcomer leaves, when nobody else takes a step. */
function alone(newcomer: Process, state: State): State {
  const T = THREAD[NEWCOMER.thread]
  let s = state
  for (let n = 0; n < 300; n++) {
    const next = newcomer.step(s)
    if (next.length === 0) break
    // Where there are two ways, the last is to give up.
    s = next[next.length - 1]
    if (s[T.op] === ENDED) return s
  }
  if (s[T.op] < 3) throw new Violation('a newcomer waits without a bound')
  return s
}

/** Words of the dead are gone, unless a living thread has their byte; every count is there. */
function checkWords(setup: Setup, s: State, threads: readonly Who[]): void {
  const { process: p } = NEWCOMER
  const isBuried = (number: number) => {
    const slot = SLOT.find(({ record }) => s[record] === number)
    if (slot === undefined) return false
    return threads.some(
      one =>
        s[PROCESS[one.p].dead] + s[THREAD[one.k].dead] === 0 && s[slot.byte] === burialDescription(one.k),
    )
  }
  const isOf = (number: number) => {
    if (number === 0)
      return threads.some(({ k }) => s[THREAD[k].dead] === 0 && s[THREAD[k].pc] === CLAIM_DESCRIBED)
    for (const [n, P] of PROCESS.entries())
      if (s[P.number] === number && (n === p || s[P.dead] === 0)) return true
    return isBuried(number)
  }
  if (setup.mutant === 'an owner is named by its thread alone') return
  for (const { word } of SHARD) {
    const owned = stateOf(s[word]) === LIVE || stateOf(s[word]) === MOVING
    if (owned && !isOf(numberOf(s[word]))) throw new Violation('a shard stays with the dead')
  }
  if (s[SWEEPER] !== 0 && !isOf(numberOf(s[SWEEPER])))
    throw new Violation('the right to sweep stays with the dead')
  if (s[DESCENT] !== 0 && !isOf(numberOf(s[DESCENT])))
    throw new Violation('a record of descent stays with the dead')
  if (SHARD.reduce((sum, { cell }) => sum + s[cell], 0) !== s[TOTAL]) throw new Violation('a count is lost')
}

export function processes(setup: Setup): Process[] {
  const all: Process[] = everybody(setup).map(who => stepsOf(setup, who))
  for (const [p, member] of setup.members.entries()) {
    if (member.killed) all.push(killOf(setup, p))
    const worker = setup.mutant === 'a thread attaches that ends before its process'
    for (const id of worker ? [1] : (member.terminated ?? [])) all.push(terminationOf(setup, p, id))
  }
  return all
}

/** The end of a process, between any two steps of its threads. */
function killOf(setup: Setup, p: number): Process {
  const threads = everybody(setup)
  return {
    name: `kill ${p + 1}`,
    step(state) {
      if (state[PROCESS[p].dead] !== 0) return []
      const s = [...state]
      kill(s, p, threads)
      return [s]
    },
  }
}

/** The end of a thread, between any two of its steps. */
function terminationOf(setup: Setup, p: number, id: number): Process {
  const { k } = everybody(setup).find(who => who.p === p && who.id === id) as Who
  return {
    name: `terminate ${p + 1}.${id}`,
    step(state) {
      if (state[PROCESS[p].dead] !== 0 || state[THREAD[k].dead] !== 0) return []
      const s = [...state]
      endThread(s, k)
      if (setup.mutant !== 'the description of a burial outlives its thread')
        closeDescription(s, burialDescription(k))
      return [s]
    },
  }
}

function stepsOf(setup: Setup, who: Who): Process {
  const { mutant, slots, shards } = setup
  const { p, id, k, program } = who
  const threads = everybody(setup)
  const T = THREAD[k]
  const P = PROCESS[p]
  const own = ownDescription(p)
  const first = threads.find(one => one.p === p)?.k ?? k
  const through =
    mutant === 'a burial tries its own byte through the description that has it'
      ? own
      : burialDescription(mutant === 'two threads bury through one description' ? first : k)
  const gateless = mutant === 'attach holds no gate'
  const asks = mutant === 'a burial asks for the byte instead of taking it'
  const recordFirst = mutant === 'a burial clears the record before the shards'
  const recordLast = mutant === 'a burial gives the byte back before it clears the record'
  const readEarly = mutant === 'a burial reads the record before it has the byte'
  const byThread = mutant === 'an owner is named by its thread alone'
  const bySlot = mutant === 'an owner is named by its slot'
  const epochFirst = mutant === 'a death is counted after the epoch is cleared'
  const rightFirst = mutant === 'a broken-off sweep is counted after the right is given back'
  const storesFirst = mutant === 'the record is stored before the byte is had'

  const nameIn = (s: State, state: number) => wordOf(byThread ? 0 : s[P.number], id, state)
  const isAlive = (s: State, holder: number) => {
    const one = threads.find(({ k }) => k === holder - 1)
    return one !== undefined && s[PROCESS[one.p].dead] + s[THREAD[one.k].dead] === 0
  }
  // Also after it has closed: 'closes' alone is no answer to one who asks late.
  const mayNotTake = (s: State) => s[P.closing] !== 0 || s[P.slot] === 0
  const next = (s: State, pc: number) => {
    s[T.pc] = pc
    return [s]
  }
  const done = (s: State) => {
    s[T.op]++
    forget(s, T.slot, T.n, T.seen, T.number)
    return next(s, IDLE)
  }
  const fail = (s: State) => {
    unlock(s, GATE, own)
    done(s)
    s[T.op] = ENDED
    return s
  }
  const onward = (s: State, count: number, again: number, then: number) => {
    if (++s[T.n] < count) return next(s, again)
    s[T.n] = 0
    return next(s, then)
  }

  return {
    name: `${p + 1}.${id}`,
    step(state) {
      if (state[P.dead] !== 0 || state[T.dead] !== 0) return []
      const s = [...state]
      const op = program[s[T.op]]
      if (s[T.pc] !== IDLE) return [...run(s, s[T.pc], op)]
      // A thread whose process closes lets go, sooner or later.
      const goes = s[P.closing] !== 0 && s[T.shard] !== 0 && op !== 'close' ? next([...s], GO_BIT) : []
      if (op === undefined) return goes
      if (op === 'attach') return s[P.slot] === 0 ? run(s, IDLE, op) : []
      if (op.startsWith('orphan')) {
        const child = threads.find(one => one.p === p && one.id === Number(op.at(-1))) as Who
        if (s[THREAD[child.k].dead] === 0) return []
        s[T.number] = s[P.number]
        if (s[P.number] === 0) {
          s[THREAD[child.k].taking] = 0
          return done(s)
        }
        return next(s, WORDS_READ)
      }
      if (s[P.slot] === 0) return []
      return [...run(s, IDLE, op), ...goes]
    },
  }

  function names(s: State, word: number, op: Op): boolean {
    const kind = stateOf(word)
    if (kind !== LIVE && kind !== MOVING) return false
    if (op.startsWith('orphan') && threadOf(word) !== Number(op.at(-1))) return false
    return byThread || (op === 'attach' && s[T.number] === ALL) || numberOf(word) === s[T.number]
  }

  function run(s: State, pc: number, op: Op | undefined): State[] {
    const shard = SHARD[op === 'inc' || pc === GO_BIT || pc === GO_WORD ? s[T.shard] - 1 : s[T.n]]
    const slot = SLOT[s[T.slot]]
    if (pc === IDLE) {
      switch (op) {
        case 'attach':
          if (!gateless && !tryLock(s, GATE, own))
            return mutant === 'attach waits for the gate without a bound' ? [] : [fail(s)]
          return next(s, setup.file ? ATTACH_ALL : ATTACH_SLOT)
        case 'bury':
          pc = BURY_SLOT
          break
        case 'close':
          s[P.closing] = 1
          if (mutant === 'close() does not wait for its threads') return next(s, CLOSE_DESCENT)
          return next(s, s[T.shard] === 0 ? CLOSE_TAKING : GO_BIT)
        case 'inc':
          if (s[T.shard] !== 0) {
            pc = STORE
            break
          }
          s[T.taking] = 1
          return next(s, CLAIM_ASK)
        case 'sweep':
          s[T.taking] = 1
          return next(s, SWEEP_ASK)
      }
    }
    switch (pc) {
      case ATTACH_ALL: {
        const bytes = SLOT.slice(0, slots).map(({ byte }) => byte)
        if (bytes.some(byte => s[byte] !== 0)) return next(s, ATTACH_FLAG)
        const none = mutant === 'start anew asks for all bytes instead of taking them'
        for (const byte of none ? bytes.slice(0, 1) : bytes) s[byte] = own
        return next(s, ANEW_FLAG)
      }
      case ATTACH_FLAG: {
        if (s[FLAG] === 0 || mutant === 'attach does not look at the flag') return next(s, ATTACH_SLOT)
        const again = [...s]
        unlock(again, GATE, own)
        return [...next(again, IDLE), fail(s)]
      }
      case ATTACH_SLOT: {
        if (s[T.slot] === slots) return [fail(s)]
        if (storesFirst && s[slot.byte] === 0 && s[slot.record] === 0) return next(s, ATTACH_NUMBER)
        if (tryLock(s, slot.byte, own)) return next(s, ATTACH_RECORD)
        s[T.slot]++
        return [s]
      }
      case ATTACH_RECORD:
        s[T.number] = s[slot.record]
        if (s[T.number] === 0 || mutant === 'a slot is used again while words remain')
          return next(s, ATTACH_NUMBER)
        return next(s, WORDS_READ)
      case ATTACH_NUMBER:
        s[T.number] = bySlot ? s[T.slot] + 1 : ++s[NUMBER]
        return next(s, ATTACH_STORE)
      case ATTACH_STORE:
        s[slot.record] = s[T.number]
        s[P.number] = s[T.number]
        return next(s, storesFirst ? ATTACH_LATE : ATTACH_OPEN)
      case ATTACH_LATE:
        return tryLock(s, slot.byte, own) ? next(s, ATTACH_OPEN) : [fail(s)]
      case ATTACH_OPEN:
        unlock(s, GATE, own)
        s[P.slot] = s[T.slot] + 1
        return done(s)

      case ANEW_FLAG:
        if (mutant !== 'start anew sets no flag') s[FLAG] = 1
        s[T.number] = ALL
        return next(s, WORDS_READ)
      case ANEW_RECORDS:
        s[SLOT[s[T.n]].record] = 0
        return onward(s, slots, ANEW_RECORDS, ANEW_RUN)
      case ANEW_RUN:
        s[RUN]++
        return next(s, ANEW_GAUGES)
      case ANEW_GAUGES:
        s[shard.gauge] = 0
        return onward(s, shards, ANEW_GAUGES, ANEW_CLEAR)
      case ANEW_CLEAR:
        s[FLAG] = 0
        return next(s, ANEW_BYTES)
      case ANEW_BYTES:
        for (const { byte } of SLOT.slice(1)) unlock(s, byte, own)
        return next(s, ATTACH_NUMBER)

      case BURY_SLOT: {
        while (s[T.slot] < slots) {
          const { record } = SLOT[s[T.slot]]
          const isOwn = s[T.slot] === s[P.slot] - 1 && through !== own
          if (s[record] !== 0 && !isOwn) {
            if (readEarly) s[T.number] = s[record]
            return next(s, BURY_BYTE)
          }
          s[T.slot]++
          if (s[T.slot] < slots) return next(s, BURY_SLOT)
        }
        return done(s)
      }
      case BURY_BYTE: {
        const granted = asks ? s[slot.byte] === 0 : tryLock(s, slot.byte, through)
        if (granted) return next(s, readEarly ? WORDS_READ : BURY_AGAIN)
        forget(s, T.number)
        s[T.slot]++
        return next(s, BURY_SLOT)
      }
      case BURY_AGAIN:
        s[T.number] = s[slot.record]
        if (s[T.number] === 0) return next(s, BURY_END)
        return next(s, recordFirst ? BURY_RECORD : WORDS_READ)
      case BURY_RECORD:
        s[slot.record] = 0
        if (op === 'attach') return next(s, ATTACH_NUMBER)
        if (recordFirst) return next(s, WORDS_READ)
        if (!recordLast) return next(s, BURY_END)
        s[T.slot]++
        return next(s, BURY_SLOT)
      case BURY_END:
        if (!asks) unlock(s, slot.byte, through)
        s[T.number] = 0
        if (recordLast) return next(s, BURY_RECORD)
        s[T.slot]++
        return next(s, BURY_SLOT)

      // The words of whoever is buried, or of one thread, or of all.
      case WORDS_READ: {
        const seen = s[shard.word]
        const left = stateOf(seen) === MOVING && mutant === 'a burial forgets what is MOVING'
        if (!names(s, seen, op as Op) || left) return onward(s, shards, WORDS_READ, WORDS_SWEEPER)
        s[T.seen] = seen
        return next(s, WORDS_MOVE)
      }
      case WORDS_MOVE:
        if (s[shard.word] !== s[T.seen]) {
          s[T.seen] = 0
          return onward(s, shards, WORDS_READ, WORDS_SWEEPER)
        }
        if (isAlive(s, s[shard.holder])) throw new Violation('a living thread is buried')
        s[T.seen] = s[T.seen] - stateOf(s[T.seen]) + MOVING
        s[shard.word] = s[T.seen]
        return next(s, epochFirst ? WORDS_EPOCH : WORDS_DEATH)
      case WORDS_DEATH:
        if (s[shard.epoch] !== 0) s[DEATHS]++
        return next(s, WORDS_EPOCH)
      case WORDS_EPOCH: {
        const inside = s[shard.epoch] !== 0
        s[shard.epoch] = 0
        return next(s, inside && epochFirst ? WORDS_LATE : WORDS_BITS)
      }
      case WORDS_LATE:
        s[DEATHS]++
        return next(s, WORDS_BITS)
      case WORDS_BITS:
        if (mutant !== 'a burial leaves the owner bits') s[shard.bit] = 0
        return next(s, WORDS_ORPHAN)
      case WORDS_ORPHAN:
        if (s[shard.word] === s[T.seen]) {
          if (s[shard.bit] !== 0) throw new Violation('an orphan holds a series')
          s[shard.word] = ORPHAN
          s[shard.holder] = 0
        }
        s[T.seen] = 0
        return onward(s, shards, WORDS_READ, WORDS_SWEEPER)
      case WORDS_SWEEPER:
        s[T.seen] = s[SWEEPER]
        if (names(s, s[T.seen], op as Op)) return next(s, rightFirst ? WORDS_RIGHT : WORDS_BROKE)
        return next(s, WORDS_DESCENT)
      case WORDS_BROKE:
        s[DEATHS]++
        return next(s, rightFirst ? WORDS_DESCENT : WORDS_RIGHT)
      case WORDS_RIGHT:
        if (s[SWEEPER] === s[T.seen]) s[SWEEPER] = 0
        return next(s, rightFirst ? WORDS_BROKE : WORDS_DESCENT)
      case WORDS_DESCENT:
        s[T.seen] = s[DESCENT]
        if (names(s, s[T.seen], op as Op)) return next(s, WORDS_FORGET)
        return buried(s, op as Op)
      case WORDS_FORGET: {
        const plain =
          op?.startsWith('orphan') && mutant === 'a parent frees a record of descent by a plain store'
        if (s[DESCENT] === s[T.seen] || plain) s[DESCENT] = 0
        return buried(s, op as Op)
      }

      // A shard is claimed, a series is looked up, made and held.
      case CLAIM_ASK:
        if (mayNotTake(s) && mutant !== 'a claim does not ask whether the process closes') {
          s[T.taking] = 0
          return done(s)
        }
        return next(s, setup.descent ? CLAIM_DESCENT : CLAIM_READ)
      case CLAIM_DESCENT:
        if (s[DESCENT] !== 0 || s[T.described] !== 0) return next(s, CLAIM_READ)
        s[DESCENT] = nameIn(s, MOVING)
        if (mutant === 'a record of descent names nobody while it is written')
          s[DESCENT] = wordOf(0, 0, MOVING)
        return next(s, CLAIM_DESCRIBED)
      case CLAIM_DESCRIBED:
        s[DESCENT] = nameIn(s, LIVE)
        s[T.described] = 1
        return next(s, CLAIM_READ)
      case CLAIM_READ: {
        const seen = s[SHARD[s[T.n]].word]
        if (stateOf(seen) === ORPHAN || stateOf(seen) === FREE) {
          s[T.seen] = seen
          return next(s, CLAIM_TAKE)
        }
        if (++s[T.n] < shards) return [s]
        s[T.taking] = 0
        return done(s)
      }
      case CLAIM_TAKE: {
        const one = SHARD[s[T.n]]
        if (s[one.word] !== s[T.seen]) return next(s, CLAIM_READ)
        s[one.word] = nameIn(s, MOVING)
        s[one.holder] = k + 1
        s[T.shard] = s[T.n] + 1
        forget(s, T.seen, T.n)
        return next(s, CLAIM_LIVE)
      }
      case CLAIM_LIVE:
        s[shard.word] = nameIn(s, LIVE)
        s[T.taking] = 0
        return next(s, LOOK_ENTER)
      case LOOK_ENTER:
        s[shard.epoch] = 1
        return next(s, LOOK_COUNT)
      case LOOK_COUNT:
        s[COUNTED]++
        return next(s, LOOK_MAKE)
      case LOOK_MAKE:
        s[MADE]++
        return next(s, LOOK_BIT)
      case LOOK_BIT:
        s[shard.bit] = 1
        return next(s, LOOK_LEAVE)
      case LOOK_LEAVE:
        if (s[shard.epoch] === 0) throw new Violation('the epoch of a living thread is cleared')
        s[shard.epoch] = 0
        return next(s, STORE)
      case STORE:
        if (s[shard.word] !== nameIn(s, LIVE) || s[shard.holder] !== k + 1)
          throw new Violation("a count stored in a shard that is not the thread's")
        if (s[shard.bit] === 0) throw new Violation('a count stored in a series that is not held')
        if (s[FLAG] !== 0 || SHARD.some(({ gauge }) => s[gauge] !== 0 && s[gauge] !== s[RUN]))
          throw new Violation('a count stored in a memory that has begun anew by half')
        if (s[T.described] !== 0 && s[DESCENT] !== nameIn(s, LIVE))
          throw new Violation('the record of descent of a living thread is gone')
        s[shard.cell]++
        s[shard.gauge] = s[RUN]
        s[TOTAL]++
        return done(s)

      case GO_BIT:
        s[shard.bit] = 0
        return next(s, GO_WORD)
      case GO_WORD:
        if (s[shard.holder] !== k + 1) throw new Violation("a shard let go that is not the thread's")
        s[shard.word] = ORPHAN
        s[shard.holder] = 0
        s[T.shard] = 0
        return next(s, op === 'close' ? CLOSE_TAKING : IDLE)

      case CLOSE_TAKING: {
        const taking = threads.some(one => one.p === p && s[THREAD[one.k].taking] !== 0)
        if (taking && mutant !== 'close() does not wait for claims under way') return []
        return next(s, CLOSE_WORDS)
      }
      case CLOSE_WORDS: {
        // It asks again until the word is another one.
        const seen = s[shard.word]
        const named = numberOf(seen) === s[P.number] && !byThread
        if (named && stateOf(seen) === MOVING && mutant === 'close() clears what a parent is clearing') {
          s[shard.bit] = 0
          s[shard.epoch] = 0
          s[shard.word] = ORPHAN
          s[shard.holder] = 0
        } else if (named) return []
        if (s[T.n] === shards - 1 && numberOf(s[SWEEPER]) === s[P.number]) return []
        return onward(s, shards, CLOSE_WORDS, CLOSE_DESCENT)
      }
      case CLOSE_DESCENT:
        if (numberOf(s[DESCENT]) === s[P.number]) s[DESCENT] = 0
        for (const one of threads) if (one.p === p) s[THREAD[one.k].described] = 0
        s[T.slot] = s[P.slot] - 1
        forget(s, P.slot, P.number, P.closing)
        return next(
          s,
          mutant === 'close() gives the byte back before it clears the record' ? CLOSE_BYTE : CLOSE_RECORD,
        )
      case CLOSE_RECORD:
        s[slot.record] = 0
        return mutant === 'close() gives the byte back before it clears the record'
          ? done(s)
          : next(s, CLOSE_BYTE)
      case CLOSE_BYTE:
        unlock(s, slot.byte, own)
        return mutant === 'close() gives the byte back before it clears the record'
          ? next(s, CLOSE_RECORD)
          : done(s)

      case SWEEP_ASK:
        if (!mayNotTake(s)) return next(s, SWEEP_TAKE)
        s[T.taking] = 0
        return done(s)
      case SWEEP_TAKE:
        if (s[SWEEPER] === 0) {
          s[SWEEPER] = nameIn(s, LIVE)
          return next(s, SWEEP_FREE)
        }
        s[T.taking] = 0
        return done(s)
      case SWEEP_FREE:
        if (s[MADE] === 0) return next(s, SWEEP_WANTS)
        s[MADE]--
        return next(s, SWEEP_COUNT)
      case SWEEP_COUNT:
        s[COUNTED]--
        return next(s, SWEEP_WANTS)
      case SWEEP_WANTS:
        if (s[SWEEPER] !== nameIn(s, LIVE)) throw new Violation('a living thread has lost the right to sweep')
        if (s[DEATHS] === s[RECOUNTED]) return next(s, SWEEP_END)
        s[T.seen] = s[DEATHS]
        s[T.number] = s[COUNTED]
        return next(s, SWEEP_INSIDE)
      case SWEEP_INSIDE:
        if (s[shard.epoch] === 0) return onward(s, shards, SWEEP_INSIDE, SWEEP_RECOUNT)
        s[T.n] = 0
        return next(s, SWEEP_END)
      case SWEEP_RECOUNT:
        if (s[COUNTED] === s[T.number]) {
          s[COUNTED] = s[MADE]
          s[RECOUNTED] = s[T.seen]
        }
        return next(s, SWEEP_END)
      case SWEEP_END:
        if (s[SWEEPER] === nameIn(s, LIVE)) s[SWEEPER] = 0
        s[T.taking] = 0
        return done(s)
    }
    throw new Error(`thread at ${pc}`)
  }

  function buried(s: State, op: Op): State[] {
    s[T.seen] = 0
    if (op === 'attach') return next(s, s[T.number] === ALL ? ANEW_RECORDS : BURY_RECORD)
    if (op === 'bury') return next(s, recordFirst || recordLast ? BURY_END : BURY_RECORD)
    const child = threads.find(one => one.p === p && one.id === Number(op.at(-1))) as Who
    s[THREAD[child.k].taking] = 0
    return done(s)
  }
}
