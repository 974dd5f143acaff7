/**
 * A model of how the file at a path is made and replaced: newcomers of a release with one layout meet a file with
 * another, or none. There is a step for every call to the system. What goes on within one file is in processes.ts.
 *
 *     open ─▶ gate ─▶ compare ─▶ layout ─▶ attach ─▶ let the gate go
 *      ▲ │ no file      │ other    │ other                  ▲
 *      │ └──────▶ make  │         make                      │
 *      │           │    │          └─▶ rename away ─▶ link ─┤
 *      │           └────┼───────────────────────────▶ link ─┘
 *      └────────────────┴─ close, begin again ◀── refused │
 *
 * 1. Open the path. 2. Take the gate; give up after a while. 3. Compare the path's device and inode with those that are
 * open, while they are open, so that the number cannot be another file's. Another one, or none: close and begin again.
 * 4. One's own layout: attach, then let the gate go. 5. Another layout, or no file: write a file whole under a name of
 * one's own, and attach to it there, with its gate. Rename the path's file away, if there was one. Link the new file to
 * the path, close the old description, let the gate go. If the link is refused because there is a file by now, remove
 * the new one and begin again. Whoever lives in the old file goes on in it. Nothing in it is read but the layout's
 * number, and nothing is written.
 *
 * Assumes: rename() and link() are each one step, and link() never replaces. A process that is killed loses its locks;
 * one that is stopped keeps them. All layouts have the gate and the layout's number at one place. Nobody else removes or
 * replaces the file.
 * Guarantees: Whoever attaches is in the file that the path names at that moment. A file is put aside only by a newcomer
 * of another layout, so newcomers of one layout all come to be in one file, which is the path's. Whoever makes a file
 * is in it at once, so two layouts cannot replace each other's files without anybody getting in. From every state, also
 * after a kill, one newcomer alone gets in, or gives up because a stopped one has the gate. While two layouts have
 * newcomers, each puts the other's file aside: then processes of one layout can be in two files.
 */
import { type Process, type State, Violation } from './explore.js'

export type Mutant =
  | 'the path is not compared after the gate was had'
  | 'the gate is given back before the old file is put aside'
  | 'a new file is renamed over the path'
  | 'a file is written in its place'
  | 'a maker begins again before it attaches'

export interface Setup {
  /** The layout of the file at the path; 0 for none. */
  readonly file: number
  /** The layout of each newcomer, and whether it can be killed. */
  readonly newcomers: readonly { readonly layout: number; readonly killed?: boolean }[]
  readonly mutant?: Mutant
}

let fields = 0
const field = () => fields++
const each = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

/** Inodes are numbered from 1; 0 is none. */
const PATH = field()
const INODE = each(8, () => ({ layout: field(), gate: field(), used: field() }))
/** The last one comes in each state, when all others are stopped there or killed there. */
const NEWCOMER = each(4, () => ({
  pc: field(),
  dead: field(),
  open: field(),
  made: field(),
  /** The inode that it is attached to. */
  in: field(),
}))
const LAST = NEWCOMER.length - 1

const [OPEN, GATE, COMPARE, LAYOUT, MAKE, ASIDE, LINK, WRITE, OLD, CLOSE, ATTACH, LEAVE, ENDED] = each(
  13,
  n => n,
)

export function begin(setup: Setup): State {
  const s = new Array<number>(fields).fill(0)
  if (setup.file !== 0) {
    s[PATH] = 1
    s[INODE[1].layout] = setup.file
    s[INODE[1].used] = 1
  }
  return s
}

export function check(setup: Setup): (s: State) => void {
  const layout = setup.newcomers[0].layout
  const alike = setup.newcomers.every(one => one.layout === layout)
  return s => {
    for (const one of NEWCOMER)
      if (alike && s[one.in] !== 0 && s[one.in] !== s[PATH])
        throw new Violation('a newcomer is beside the path')
    comesLast(setup, s, layout)
    const killed = [...s]
    for (const n of setup.newcomers.keys()) kill(killed, n)
    comesLast(setup, killed, layout)
  }
}

/** When nobody else takes a step, a newcomer gets in, unless the gate is held. */
function comesLast(setup: Setup, state: State, layout: number): void {
  const last = newcomerOf(setup, LAST, layout)
  let s = state
  for (let n = 0; n < 30; n++) {
    const next = last.step(s)
    if (next.length === 0) break
    s = next[0]
  }
  const held = state[PATH] !== 0 && state[INODE[state[PATH]].gate] !== 0
  if (!held && s[NEWCOMER[LAST].in] === 0) throw new Violation('a newcomer does not get in')
}

export function processes(setup: Setup): Process[] {
  const all = setup.newcomers.map(({ layout }, n) => newcomerOf(setup, n, layout))
  for (const [n, { killed }] of setup.newcomers.entries()) if (killed) all.push(killOf(n))
  return all
}

function killOf(n: number): Process {
  return {
    name: `kill ${n + 1}`,
    step(state) {
      if (state[NEWCOMER[n].dead] !== 0) return []
      const s = [...state]
      kill(s, n)
      return [s]
    },
  }
}

/** Its file stays if it was linked. */
function kill(s: State, n: number): void {
  const N = NEWCOMER[n]
  for (const inode of INODE) if (s[inode.gate] === n + 1) s[inode.gate] = 0
  if (s[N.pc] === ASIDE || s[N.pc] === LINK) discard(s, s[N.made])
  for (const one of [N.pc, N.open, N.made, N.in]) s[one] = 0
  s[N.dead] = 1
}

/** Removes a file that only its maker knows. */
function discard(s: State, inode: number): void {
  for (const one of Object.values(INODE[inode])) s[one] = 0
}

function newcomerOf(setup: Setup, n: number, layout: number): Process {
  const N = NEWCOMER[n]
  const { mutant } = setup
  const early = mutant === 'the gate is given back before the old file is put aside'
  const late = mutant === 'a maker begins again before it attaches'
  const inPlace = mutant === 'a file is written in its place'
  const next = (s: State, pc: number) => {
    s[N.pc] = pc
    return [s]
  }
  const close = (s: State) => {
    if (s[N.open] !== 0 && s[INODE[s[N.open]].gate] === n + 1) s[INODE[s[N.open]].gate] = 0
    s[N.open] = 0
  }
  return {
    name: `newcomer ${n + 1}`,
    step(state) {
      if (state[N.dead] !== 0 || state[N.pc] === ENDED) return []
      const s = [...state]
      const open = INODE[s[N.open]]
      switch (s[N.pc]) {
        case OPEN:
          s[N.open] = s[PATH]
          return next(s, s[PATH] === 0 ? MAKE : GATE)
        case GATE:
          if (s[open.gate] !== 0) {
            close(s)
            return next(s, ENDED)
          }
          s[open.gate] = n + 1
          return next(s, mutant === 'the path is not compared after the gate was had' ? LAYOUT : COMPARE)
        case COMPARE:
          return next(s, s[PATH] === s[N.open] ? LAYOUT : CLOSE)
        case LAYOUT:
          if (s[open.layout] === 0) throw new Violation('a file is read that is not whole')
          return next(s, s[open.layout] === layout ? ATTACH : MAKE)
        case MAKE: {
          const made = INODE.findIndex(({ used }, inode) => inode > 0 && s[used] === 0)
          if (made === -1) throw new Violation('files are replaced without end')
          s[N.made] = made
          s[INODE[made].used] = 1
          if (!late) s[INODE[made].gate] = n + 1
          if (!inPlace) s[INODE[made].layout] = layout
          if (early && s[N.open] !== 0) s[open.gate] = 0
          return next(s, s[N.open] === 0 ? LINK : ASIDE)
        }
        case ASIDE: {
          const lives = NEWCOMER.some(
            (one, m) => s[one.in] === s[PATH] && setup.newcomers[m]?.layout === layout,
          )
          if (s[PATH] !== 0 && lives) throw new Violation('a file of the same layout is put aside')
          s[PATH] = 0
          return next(s, LINK)
        }
        case LINK:
          if (s[PATH] !== 0 && mutant !== 'a new file is renamed over the path') {
            discard(s, s[N.made])
            s[N.made] = 0
            return next(s, CLOSE)
          }
          s[PATH] = s[N.made]
          if (!late) s[N.in] = s[N.made]
          return next(s, inPlace ? WRITE : OLD)
        case WRITE:
          s[INODE[s[N.made]].layout] = layout
          return next(s, OLD)
        case OLD:
          close(s)
          if (!late) s[N.open] = s[N.made]
          s[N.made] = 0
          return next(s, late ? OPEN : LEAVE)
        case CLOSE:
          close(s)
          return next(s, OPEN)
        case ATTACH:
          if (s[PATH] !== s[N.open]) throw new Violation('a newcomer attaches beside the path')
          s[N.in] = s[N.open]
          return next(s, LEAVE)
        case LEAVE:
          close(s)
          return next(s, ENDED)
      }
      throw new Error(`newcomer at ${s[N.pc]}`)
    },
  }
}
