/** What is told of a divided family around its spans; see plan.ts. */
import type { Family } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

/** `"name":{"help":…,"type":…,"value":` */
export function familyHead(arena: Arena, family: Family, prefix: string): string {
  const at = family.ref * 2
  const rest = arena.text(arena.i32[at + L.F_JSON], arena.i32[at + L.F_JSON_BYTES])
  return `"${prefix}${family.name}${rest}`
}

/** What opens the value, when its first series comes. */
export function familyOpen(arena: Arena, family: Family): string {
  if (family.labelNames.length + arena.i32[L.H_DEFAULTS_COUNT] > 1) return '['
  return `{"${family.labelNames[0]}":{`
}

export function familyClose(arena: Arena, family: Family, some: boolean): string {
  if (!some) return 'null}'
  return family.labelNames.length + arena.i32[L.H_DEFAULTS_COUNT] > 1 ? ']}' : '}}}'
}
