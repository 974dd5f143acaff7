/** Explores every interleaving of a few processes' steps over one state of small whole numbers. */

export type State = number[]

/** The states that one step of a process can lead to; none when it has ended or waits. Throws Violation. */
export interface Process {
  readonly name: string
  step(state: State): State[]
}

export class Violation extends Error {}

export interface Outcome {
  readonly states: number
  /** What went wrong first, and the steps that led there; undefined when nothing did. */
  readonly violation: string | undefined
  readonly trace: readonly string[]
}

/** Depth first. `check` sees every state, `end` those in which no process can go on. */
export function explore(
  begin: State,
  processes: readonly Process[],
  check: (state: State) => void,
  end: (state: State) => void,
  most = 5_000_000,
): Outcome {
  const seen = new Set<string>([key(begin)])
  const stack: { state: State; by: string }[] = [{ state: begin, by: '' }]
  // The steps that led to the state that is worked on.
  const path: { name: string; depth: number }[] = []
  const depths = [0]
  const failed = (error: unknown, last: string): Outcome => {
    if (!(error instanceof Violation)) throw error
    const trace = [...path.map(({ name }) => name), last]
    return { states: seen.size, violation: error.message, trace }
  }
  while (stack.length > 0) {
    const { state, by } = stack.pop() as (typeof stack)[number]
    const depth = depths.pop() as number
    while (path.length > 0 && path[path.length - 1].depth >= depth) path.pop()
    if (by !== '') path.push({ name: by, depth })
    let moved = false
    for (const process of processes) {
      let next: State[]
      try {
        next = process.step(state)
        for (const one of next) check(one)
      } catch (error) {
        return failed(error, process.name)
      }
      for (const one of next) {
        moved = true
        const id = key(one)
        if (seen.has(id)) continue
        if (seen.size >= most) throw new Error(`more than ${most} states`)
        seen.add(id)
        stack.push({ state: one, by: process.name })
        depths.push(depth + 1)
      }
    }
    if (moved) continue
    try {
      end(state)
    } catch (error) {
      return failed(error, 'the end')
    }
  }
  return { states: seen.size, violation: undefined, trace: [] }
}

function key(state: State): string {
  return String.fromCharCode(...state)
}
