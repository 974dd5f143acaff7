import type { Report } from './model.js'

/** The median of one operation in one library. */
export interface Median {
  readonly operation: string
  /** The library, or that it is the floor. */
  readonly name: string
  readonly ns: number
}

export const OWN = 'postmeter'
export const FLOOR = 'bare floor'
const LIBRARIES = [OWN, 'prom-client', '@prometheus-io/client', '@opentelemetry']
const FLOORS: Readonly<Record<string, string>> = {
  'plain objects': 'counter',
  'copying, counters': 'a series as text',
}

/** What a reader wants to know first: what recording costs, and encoding, beside the peers. */
export function summarise(reports: readonly Report[]): Median[] {
  const medians = reports
    .filter(({ suite }) => suite === 'recording' || suite === 'encoding')
    .flatMap(({ suite, columns, rows }) => {
      const column = columns.indexOf('p50')
      return rows.flatMap((row): Median[] => {
        const name = String(row[0])
        const ns = Number(row[column])
        if (!Number.isFinite(ns)) return []
        if (Object.hasOwn(FLOORS, name)) return [{ operation: FLOORS[name]!, name: FLOOR, ns }]
        if (suite === 'encoding') {
          const [library, what] = name.split(', ')
          const text = what === 'counters' || what === 'counters as text'
          return LIBRARIES.includes(library!) && text && name.split(', ').length === 2
            ? [{ operation: 'a series as text', name: library!, ns }]
            : []
        }
        const library = LIBRARIES.find(library => name.startsWith(`${library} `))
        if (library === undefined) return []
        return [{ operation: name.slice(library.length + 1), name: library, ns }]
      })
    })
  const order = [...LIBRARIES, FLOOR]
  return medians.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}
