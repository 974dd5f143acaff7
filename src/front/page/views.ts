/** Views: what one picture shows, and what is asked of the server for it. */
import type { Family } from '../contract/dashboard.js'
import type { Unit } from './units.js'

/** One panel of the server, and what of it is shown. */
export interface Part {
  readonly family: string
  readonly label?: string
  /** Drawn as one line of this name. Without it, all lines of the panel are drawn. */
  readonly as?: string
  /**
   * `totals` takes the lines of a service that are no part of another: `smtp_client` has the sum of all
   * `smtp_client:SOURCE->SITE`, and both together would count each message twice.
   */
  readonly only?: 'totals'
}

export interface View {
  /** In the address: `@NAME` of a preset, NAME of a family, or NAME/LABEL. */
  readonly id: string
  readonly title: string
  readonly parts: readonly Part[]
  /** Where the families' names do not tell. */
  readonly unit?: Unit
}

/** A view of one family, as it is chosen in the box. */
export function familyView(family: string, label?: string): View {
  return label === undefined
    ? { id: encode(family), title: family, parts: [{ family }] }
    : { id: `${encode(family)}/${encode(label)}`, title: `${family} by ${label}`, parts: [{ family, label }] }
}

/** How a part is asked for: `panel=NAME` or `panel=NAME/LABEL`, before it is encoded for the query. */
export function panelOf({ family, label }: Part): string {
  return label === undefined ? encode(family) : `${encode(family)}/${encode(label)}`
}

/** The panels of some views, each once. */
export function panelsOf(views: readonly View[]): string[] {
  return [...new Set(views.flatMap(view => view.parts.map(panelOf)))]
}

/** Of a view's families, the labels that its lines can be split by; none where a view is put together of several. */
export function labelsOf(view: View, families: ReadonlyMap<string, Family>): readonly string[] {
  const [part, ...more] = view.parts
  if (part === undefined || more.length > 0) return []
  return families.get(part.family)?.labels ?? []
}

function encode(name: string): string {
  // Most names of metrics and labels stay as they are; any text may be one.
  return encodeURIComponent(name)
}
