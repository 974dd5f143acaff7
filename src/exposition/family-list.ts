import type { Family } from '../catalogue/families.js'
import type { Kind } from '../catalogue/identity.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

/** A family as a list of them has it, without its series. */
export interface ListedFamily {
  readonly name: string
  readonly type: Kind
  readonly help: string
  /** '' for none. */
  readonly unit: string
  /** Its own labels, without default labels, which are the same in each series. */
  readonly labels: readonly string[]
  /** Those that count against its limit: an idle one does until it is swept. */
  readonly series: number
}

/** What there is to ask for, without a look at any series. */
export function listFamilies(arena: Arena, families: readonly Family[]): ListedFamily[] {
  const { i32 } = arena
  return families.map(({ ref, name, kind, unit, labelNames }) => {
    const at = ref * 2
    return {
      ...{ name, type: kind, unit, labels: labelNames },
      help: arena.text(i32[at + L.F_RAW_HELP]!, i32[at + L.F_RAW_HELP_BYTES]!),
      series: Atomics.load(i32, at + L.F_SERIES),
    }
  })
}
