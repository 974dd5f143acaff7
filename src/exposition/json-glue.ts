/** The JSON text around the spans of a divided family; see plan.ts. */
import type { Family } from '../catalogue/families.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

/** `"name":{"help":…,"type":…,"value":` */
export function familyHead(arena: Arena, family: Family, prefix: string): string {
  const at = family.ref * 2
  const rest = arena.text(arena.i32[at + L.F_JSON], arena.i32[at + L.F_JSON_BYTES])
  return `"${prefix}${family.name}${rest}`
}

/** What opens the value, before the first series. */
export function familyOpen(arena: Arena, family: Family): string {
  if (family.labelNames.length + arena.i32[L.P_DEFAULTS_COUNT] > 1) return '['
  return `{"${family.labelNames[0]}":{`
}

/** What closes the value; `any` says whether the family had a series. */
export function familyClose(arena: Arena, family: Family, any: boolean): string {
  if (!any) return 'null}'
  return family.labelNames.length + arena.i32[L.P_DEFAULTS_COUNT] > 1 ? ']}' : '}}}'
}
