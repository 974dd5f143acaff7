/**
 * A model of the life of series: two threads with a place each, one bucket, a sweeper, one that removes, and deaths,
 * with a step for every access to shared memory. What the steps are is described in src/lifecycle/states.ts and
 * series.ts; a mutant leaves one of them out, or swaps two, to show that the exploration would find it.
 */
import { type Process, type State, Violation } from './explore.js'

export type Mutant =
  | 'the sweeper folds before it looks for owners'
  | 'a thread reads the state before it sets its bit'
  | 'remove() does not compare the generation'
  | 'a place is freed without waiting for look-ups'
  | 'remove() leaves the noting of the fold to the sweeper'
  | 'remove() does not look for owners'
  | 'what hides a series does not raise its generation'
  | 'remove() reads the state before it folds'
  | 'the sweeper frees what has moved'
  | 'an insert does not search what came before it'
  | 'a burial leaves the owner bits'

/** What a thread does: `inc 1` counts in label set 1, `go` lets go of what it holds. */
export type Program = readonly ('inc 1' | 'inc 2' | 'go')[]

export interface Setup {
  readonly programs: readonly [Program, Program]
  readonly sweeps: number
  /** Begins with label set 1 in the first thread's place, counted once, held by that thread, and seen by a sweep. */
  readonly begun?: boolean
  /** Label set that is removed while all this goes on; 0 for none. */
  readonly removes: number
  /** Whether the first thread can die at any step; another then takes its shard over and counts once in label set 1. */
  readonly deaths?: boolean
  readonly mutant?: Mutant
}

const [FREE, MADE, LIVE, RETIRED, REMOVED, FREEING, UNLINKED] = [0, 1, 2, 3, 4, 5, 6]
const holdable = (state: number) => state === LIVE || state === RETIRED || state === REMOVED

let fields = 0
const field = () => fields++
const each = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

const HEAD = field()
const EPOCH = field()
/** Places 1 and 2; 0 is none. */
const PLACE = each(3, () => ({
  state: field(),
  generation: field(),
  label: field(),
  next: field(),
  fold: field(),
  unlinked: field(),
  bit: each(2, field),
  cell: each(2, field),
  /** Not in memory: what it counted when it was hidden last, and when it was given up. */
  hidden: field(),
  given: field(),
}))
const THREAD = each(2, () => ({
  pc: field(),
  op: field(),
  epoch: field(),
  inside: field(),
  head: field(),
  end: field(),
  at: field(),
  generation: field(),
  handle: field(),
  dead: field(),
}))
const SWEEPER = {
  pc: field(),
  left: field(),
  place: field(),
  state: field(),
  generation: field(),
  owned: field(),
  fold: field(),
  oldest: field(),
  n: field(),
}
const REMOVER = {
  pc: field(),
  epoch: field(),
  at: field(),
  generation: field(),
  state: field(),
  fold: field(),
  n: field(),
}
const BURIAL = { pc: field() }
const PLACES = [1, 2]

const sum = (s: State, p: number) => s[PLACE[p].cell[0]] + s[PLACE[p].cell[1]]

function exchange(
  s: State,
  p: number,
  state: number,
  generation: number,
  to: number,
  raises = true,
): boolean {
  if (s[PLACE[p].state] !== state || s[PLACE[p].generation] !== generation) return false
  if (state === LIVE && (to === RETIRED || to === REMOVED)) s[PLACE[p].hidden] = sum(s, p)
  if (to === FREEING) s[PLACE[p].given] = sum(s, p)
  s[PLACE[p].state] = to
  if (state === LIVE && to !== LIVE && raises) s[PLACE[p].generation]++
  return true
}

/** What is not read any more is no difference between two states. */
function forget(s: State, ...fields: number[]): void {
  for (const one of fields) s[one] = 0
}

export function begin(setup: Setup): State {
  const s = new Array<number>(fields).fill(0)
  s[EPOCH] = 1
  s[SWEEPER.left] = setup.sweeps
  if (setup.removes === 0) s[REMOVER.pc] = 99
  if (setup.begun) {
    const p = PLACE[1]
    for (const one of [HEAD, p.label, p.fold, p.bit[0], p.cell[0], THREAD[0].handle]) s[one] = 1
    s[p.state] = LIVE
  }
  return s
}

/** No label set has two places that can be held. */
export function check(s: State): void {
  const held = PLACES.filter(p => holdable(s[PLACE[p].state]))
  if (held.length === 2 && s[PLACE[1].label] === s[PLACE[2].label])
    throw new Violation('a label set has two places')
  let p = s[HEAD]
  for (let n = 0; p !== 0; n++) {
    if (n > 2) throw new Violation('a chain goes in circles')
    if (s[PLACE[p].state] === FREE) throw new Violation('a free place is in the chain')
    p = s[PLACE[p].next]
  }
}

/** When all have let go, sweeps free every place. */
export function end(setup: Setup): (s: State) => void {
  return state => {
    let s = [...state]
    const sweeper = sweeperOf({ ...setup, mutant: undefined }, true)
    for (const t of [0, 1])
      for (const p of PLACES) {
        const holds = s[THREAD[t].handle] === p
        if (holds) {
          s[THREAD[t].handle] = 0
          s[PLACE[p].bit[t]] = 0
        }
      }
    s[SWEEPER.left] = 7
    for (let next = sweeper.step(s); next.length > 0; next = sweeper.step(s)) s = next[next.length - 1]
    for (const p of PLACES) {
      const kind = s[PLACE[p].state]
      if (kind !== FREE && kind !== MADE) throw new Violation(`place ${p} stays in state ${kind}`)
    }
  }
}

export function processes(setup: Setup): Process[] {
  const all = [threadOf(setup, 0), threadOf(setup, 1), sweeperOf(setup, false)]
  if (setup.removes !== 0) all.push(removerOf(setup))
  if (setup.deaths) all.push(deathOf(), burialOf(setup))
  return all
}

function threadOf(setup: Setup, t: number): Process {
  const T = THREAD[t]
  const own = t + 1
  const next = (s: State, pc: number) => {
    s[T.pc] = pc
    return [s]
  }
  const program = (s: State): Program => (s[T.dead] === 2 ? ['inc 1'] : setup.programs[t])
  const earlyState = setup.mutant === 'a thread reads the state before it sets its bit'
  return {
    name: `thread ${t + 1}`,
    step(state) {
      if (state[T.dead] === 1 || state[T.op] >= program(state).length) return []
      const s = [...state]
      const op = program(s)[s[T.op]]
      const label = Number(op.at(-1))
      switch (s[T.pc]) {
        case 0: {
          if (op === 'go') {
            if (s[T.handle] !== 0) s[PLACE[s[T.handle]].bit[t]] = 0
            s[T.handle] = 0
            s[T.op]++
            return [s]
          }
          const p = s[T.handle]
          if (p !== 0 && s[PLACE[p].label] === label) return next(s, 20)
          s[T.epoch] = s[EPOCH]
          return next(s, 1)
        }
        case 1:
          s[T.inside] = s[T.epoch]
          return next(s, 2)
        case 2:
          s[T.head] = s[HEAD]
          s[T.at] = s[HEAD]
          s[T.end] = 0
          return next(s, 3)
        // The walk.
        case 3: {
          const p = s[T.at]
          if (p === s[T.end] || p === 0)
            return next(s, s[T.end] === 0 && s[PLACE[own].state] !== MADE ? 5 : 8)
          if (s[PLACE[p].state] === FREE) throw new Violation('a look-up came upon a free place')
          if (s[PLACE[p].label] === label) {
            if (s[PLACE[p].state] === MADE) {
              s[PLACE[p].state] = LIVE
              return [s]
            }
            s[T.generation] = s[PLACE[p].generation]
            if (holdable(s[PLACE[p].state])) {
              // A place of one's own that lost the race is free again.
              if (p !== own && s[PLACE[own].state] === MADE) {
                s[PLACE[own].state] = FREE
                s[PLACE[own].generation]++
              }
              return next(s, earlyState ? 11 : 10)
            }
          }
          s[T.at] = s[PLACE[p].next]
          return [s]
        }
        // Inserting.
        case 5: {
          const mine = PLACE[own]
          if (s[mine.state] !== FREE) {
            s[T.inside] = 0
            s[T.op]++
            forget(s, T.epoch, T.head, T.end, T.at, T.generation)
            return next(s, 0)
          }
          s[mine.label] = label
          s[mine.fold] = 0
          return next(s, 6)
        }
        case 6:
          s[PLACE[own].state] = MADE
          return next(s, 8)
        case 8:
          s[PLACE[own].next] = s[T.head]
          return next(s, 9)
        case 9: {
          const seen = s[HEAD]
          s[T.at] = own
          if (seen === s[T.head]) {
            s[HEAD] = own
            return next(s, 7)
          }
          s[T.end] = s[T.head]
          s[T.head] = seen
          s[T.at] = seen
          if (setup.mutant === 'an insert does not search what came before it') return next(s, 8)
          // Where the old head was the end of the chain, all of it is searched.
          return next(s, 3)
        }
        case 7:
          if (s[PLACE[own].state] === MADE) s[PLACE[own].state] = LIVE
          s[T.generation] = s[PLACE[own].generation]
          return next(s, earlyState ? 11 : 10)
        // Holding: the bit, then the state.
        case 10:
          s[PLACE[s[T.at]].bit[t]] = 1
          return next(s, earlyState ? 13 : 11)
        case 11: {
          const p = PLACE[s[T.at]]
          const kind = s[p.state]
          if (s[p.generation] !== s[T.generation] || !holdable(kind)) return next(s, 12)
          if (kind !== LIVE) {
            s[p.state] = LIVE
            return [s]
          }
          return next(s, earlyState ? 10 : 13)
        }
        case 12:
          s[PLACE[s[T.at]].bit[t]] = 0
          return next(s, 2)
        case 13:
          s[T.handle] = s[T.at]
          s[T.inside] = 0
          return next(s, 20)
        case 20: {
          const p = PLACE[s[T.handle]]
          if (!holdable(s[p.state])) throw new Violation(`a count stored in a place of state ${s[p.state]}`)
          if (s[p.label] !== label) throw new Violation('a count stored in another label set')
          s[p.cell[t]]++
          s[T.op]++
          forget(s, T.epoch, T.head, T.end, T.at, T.generation)
          return next(s, 0)
        }
      }
      throw new Error(`thread at ${s[T.pc]}`)
    },
  }
}

/** `due` is for the end: everything is, then. */
function sweeperOf(setup: Setup, due: boolean): Process {
  const W = SWEEPER
  const raises = setup.mutant !== 'what hides a series does not raise its generation'
  const foldFirst = setup.mutant === 'the sweeper folds before it looks for owners'
  const next = (s: State, pc: number) => {
    s[W.pc] = pc
    return [s]
  }
  const done = (s: State) => {
    forget(s, W.fold, W.state, W.generation, W.owned, W.n)
    if (s[W.place] < PLACES.length) {
      s[W.place]++
      return next(s, 1)
    }
    s[EPOCH]++
    s[W.left]--
    return next(s, 0)
  }
  return {
    name: 'sweeper',
    step(state) {
      if (state[W.left] === 0) return []
      const s = [...state]
      const p = PLACE[s[W.place]]
      switch (s[W.pc]) {
        case 0: {
          const inside = [0, 1].map(t => s[THREAD[t].inside]).filter(epoch => epoch !== 0)
          s[W.oldest] = Math.min(s[EPOCH], ...inside)
          s[W.place] = 1
          return next(s, 1)
        }
        case 1:
          s[W.fold] = sum(s, s[W.place])
          return next(s, 2)
        case 2: {
          const kind = s[p.state]
          s[W.state] = kind
          s[W.generation] = s[p.generation]
          s[W.n] = 0
          s[W.owned] = 0
          if (kind === LIVE) return next(s, 3)
          if (kind === RETIRED) return next(s, foldFirst ? 6 : 5)
          if (kind === REMOVED) {
            if (setup.mutant === 'remove() leaves the noting of the fold to the sweeper') return next(s, 4)
            return next(s, foldFirst ? 6 : 5)
          }
          if (kind === FREEING) return next(s, 9)
          const early = setup.mutant === 'a place is freed without waiting for look-ups'
          if (kind === UNLINKED && (early || s[p.unlinked] < s[W.oldest])) return next(s, 11)
          return done(s)
        }
        case 3: {
          if (s[W.fold] !== s[p.fold]) {
            s[p.fold] = s[W.fold]
            return done(s)
          }
          const not = done([...s])
          exchange(s, s[W.place], LIVE, s[W.generation], RETIRED, raises)
          const retired = done(s)
          return due ? retired : [...not, ...retired]
        }
        case 4:
          s[p.fold] = s[W.fold]
          exchange(s, s[W.place], REMOVED, s[W.generation], RETIRED)
          return done(s)
        case 5:
          if (s[p.bit[s[W.n]]] === 1) s[W.owned] = 1
          if (++s[W.n] < 2) return [s]
          s[W.n] = 0
          return next(s, foldFirst ? 7 : 6)
        case 6:
          s[W.fold] = (s[W.n] === 0 ? 0 : s[W.fold]) + s[p.cell[s[W.n]]]
          if (++s[W.n] < 2) return [s]
          s[W.n] = 0
          return next(s, foldFirst ? 5 : 7)
        case 7: {
          const moved = s[W.fold] !== s[p.fold] && setup.mutant !== 'the sweeper frees what has moved'
          if (moved) {
            if (!exchange(s, s[W.place], s[W.state], s[W.generation], LIVE)) return done(s)
            return next(s, 8)
          }
          if (s[W.owned] === 1) return done(s)
          if (!exchange(s, s[W.place], s[W.state], s[W.generation], FREEING)) return done(s)
          if (sum(s, s[W.place]) !== s[p.hidden]) throw new Violation('what was counted while hidden is lost')
          return next(s, 9)
        }
        case 8:
          s[p.fold] = s[W.fold]
          return done(s)
        case 9: {
          // Inserts only ever change the head; to find the one before takes no step of theirs into account.
          if (s[HEAD] === s[W.place]) s[HEAD] = s[p.next]
          else
            for (const q of PLACES) {
              const linked = s[HEAD] === q || s[PLACE[s[HEAD]].next] === q
              if (linked && s[PLACE[q].next] === s[W.place]) s[PLACE[q].next] = s[p.next]
            }
          return next(s, 10)
        }
        case 10:
          s[p.unlinked] = s[EPOCH]
          s[p.state] = UNLINKED
          return done(s)
        case 11:
          if (sum(s, s[W.place]) !== s[p.given]) throw new Violation('a count was stored in a place given up')
          for (const cell of p.cell) s[cell] = 0
          return next(s, 12)
        case 12:
          s[p.state] = FREE
          s[p.generation]++
          forget(s, p.label, p.next, p.fold, p.unlinked, p.hidden, p.given)
          return done(s)
      }
      throw new Error(`sweeper at ${s[W.pc]}`)
    },
  }
}

function removerOf(setup: Setup): Process {
  const R = REMOVER
  const label = setup.removes
  const late = setup.mutant === 'remove() leaves the noting of the fold to the sweeper'
  const raises = setup.mutant !== 'what hides a series does not raise its generation'
  const stateFirst = setup.mutant === 'remove() reads the state before it folds'
  /** Fold, then state. */
  const again = late || stateFirst ? 4 : 5
  const next = (s: State, pc: number) => {
    s[R.pc] = pc
    if (pc === 99) forget(s, R.epoch, R.at, R.generation, R.state, R.fold, R.n)
    return [s]
  }
  return {
    name: 'remover',
    step(state) {
      if (state[R.pc] === 99) return []
      const s = [...state]
      const p = PLACE[s[R.at]]
      switch (s[R.pc]) {
        case 0:
          s[R.epoch] = s[EPOCH]
          return next(s, 1)
        case 1:
          s[R.at] = s[HEAD]
          return next(s, 2)
        case 2: {
          if (s[R.at] === 0) return next(s, 99)
          if (s[p.label] === label && holdable(s[p.state])) {
            s[R.generation] = s[p.generation]
            return next(s, 3)
          }
          s[R.at] = s[p.next]
          return [s]
        }
        case 3:
          s[R.n] = 0
          return next(s, s[EPOCH] === s[R.epoch] ? again : 0)
        case 4: {
          const kind = s[p.state]
          const other = s[p.generation] !== s[R.generation]
          if (other && setup.mutant !== 'remove() does not compare the generation') return next(s, 99)
          if (kind !== LIVE && kind !== RETIRED) return next(s, 99)
          s[R.state] = kind
          s[R.generation] = s[p.generation]
          if (kind !== LIVE || late) return next(s, 7)
          return next(s, stateFirst && s[R.n] === 0 ? 5 : 6)
        }
        case 5:
          s[R.fold] = (s[R.n] === 0 ? 0 : s[R.fold]) + s[p.cell[s[R.n]]]
          if (++s[R.n] < 2) return [s]
          return next(s, stateFirst ? 6 : 4)
        case 6:
          s[p.fold] = s[R.fold]
          return next(s, 7)
        case 7:
          if (!exchange(s, s[R.at], s[R.state], s[R.generation], REMOVED, raises)) {
            s[R.n] = 0
            return next(s, again)
          }
          if (s[p.label] !== label) throw new Violation('another label set was removed')
          s[R.generation] = s[p.generation]
          return next(s, 8)
        case 8: {
          const kind = s[p.state]
          if (s[p.generation] !== s[R.generation] || (kind !== REMOVED && kind !== RETIRED))
            return next(s, 99)
          s[R.state] = kind
          s[R.n] = 0
          return next(s, setup.mutant === 'remove() does not look for owners' ? 10 : 9)
        }
        case 9:
          if (s[p.bit[s[R.n]]] === 1) return next(s, 99)
          if (++s[R.n] < 2) return [s]
          return next(s, 10)
        case 10:
          return next(s, exchange(s, s[R.at], s[R.state], s[R.generation], FREEING) ? 99 : 8)
      }
      throw new Error(`remover at ${s[R.pc]}`)
    },
  }
}

/** The first thread's end, between any two of its steps. */
function deathOf(): Process {
  const T = THREAD[0]
  return {
    name: 'death of thread 1',
    step(state) {
      if (state[T.dead] !== 0) return []
      const s = [...state]
      s[T.dead] = 1
      return [s]
    },
  }
}

/** Who saw its end clears what it held, step by step; then another takes its shard over. */
function burialOf(setup: Setup): Process {
  const T = THREAD[0]
  const leaves = setup.mutant === 'a burial leaves the owner bits'
  return {
    name: 'burial',
    step(state) {
      if (state[T.dead] !== 1) return []
      const s = [...state]
      switch (s[BURIAL.pc]++) {
        case 0:
          s[T.inside] = 0
          return [s]
        case 1:
        case 2:
          if (!leaves) s[PLACE[s[BURIAL.pc] - 1].bit[0]] = 0
          return [s]
        case 3: {
          // Taken over: what was MADE and is not linked is free, what is linked is finished.
          const mine = PLACE[1]
          const linked = s[HEAD] === 1 || (s[HEAD] !== 0 && s[PLACE[s[HEAD]].next] === 1)
          if (s[mine.state] === MADE && linked) s[mine.state] = LIVE
          else if (s[mine.state] === MADE) {
            s[mine.state] = FREE
            s[mine.generation]++
          }
          for (const one of [T.pc, T.op, T.handle, T.head, T.end, T.at]) s[one] = 0
          s[T.dead] = 2
          return [s]
        }
      }
      throw new Error('burial')
    },
  }
}
