/** Metrics that cannot stand in one exposition: each name has one head there. */
import { Families, linesOf } from '../catalogue/families.js'
import { openArena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'

/** What is wrong with registries that are to have one endpoint; undefined if nothing is. */
export function clashOf(handles: readonly RegistryHandle[]): string | undefined {
  const owners = new Map<string, { readonly metric: string; readonly registry: string }>()
  for (const handle of handles) {
    const families = new Families(openArena(handle)).sorted().filter(({ self }) => !self)
    const lines = families.flatMap(family => linesOf(family).map(line => ({ line, family })))
    for (const { line, family } of lines) {
      const other = owners.get(line)
      if (other === undefined) continue
      return (
        `metric "${family.name}", a ${family.kind}, of registry "${handle.name}" would have lines of the same name as ` +
        `metric "${other.metric}" of registry "${other.registry}": ${line}; rename one, or register both in one`
      )
    }
    // Within one registry, prom-client's metrics may have them.
    for (const { line, family } of lines) owners.set(line, { metric: family.name, registry: handle.name })
  }
  return undefined
}
