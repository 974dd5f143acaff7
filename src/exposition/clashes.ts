/** Metrics that cannot stand in one exposition: each name has one head there. */
import { Families } from '../catalogue/families.js'
import { openArena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'

/** What is wrong with registries that are to have one endpoint; undefined if nothing is. */
export function clashOf(handles: readonly RegistryHandle[]): string | undefined {
  const owners = new Map<string, RegistryHandle>()
  for (const handle of handles) {
    for (const { name, kind, self } of new Families(openArena(handle)).sorted()) {
      const other = owners.get(name)
      if (self || other === handle) continue
      if (other !== undefined)
        return `metric "${name}", a ${kind}, is in registries "${other.name}" and "${handle.name}": rename one, or register both in one`
      owners.set(name, handle)
    }
  }
  return undefined
}
