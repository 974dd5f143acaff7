/** The lines of series that have one value, and what the lines of all kinds have in common. */
import type { Child } from '../instruments/metric.js'
import { braced, join, spellLabels } from './labels.js'
import type { Row } from './rows.js'
import type { SeriesStore } from './series-store.js'
import type { How } from './spelled.js'
import { spellValue } from './spelling.js'
import { spellExemplar } from './told.js'
import type { Sample } from './types.js'

/** What stands in the braces of a series' lines: its own labels, and the registry's that it does not have itself. */
export interface Braces {
  readonly own: string
  readonly defaults: string
}

export function bracesOf(store: SeriesStore<Child>, row: Row, { defaults }: How): Braces {
  const given = store.beside(row)?.labels
  // A value that is empty is one that was left out.
  const plain = given === undefined && !row.text.includes('=""')
  if (plain && defaults === undefined) return { own: row.text, defaults: '' }
  const labels = store.labelsOf(row)
  const own = plain ? row.text : spellLabels(labels)
  return { own, defaults: defaults === undefined ? '' : spellLabels(defaults, labels) }
}

/** What of a line stands before its value is spelled once, as long as its family is spelled alike. */
class Heads {
  readonly name: string
  readonly defaults: string
  constructor(name: string, defaults: string) {
    this.name = name
    this.defaults = defaults
  }
}

const heads = new WeakMap<SeriesStore<Child>, Heads>()

/** The same object as long as the lines of a family begin alike. */
export function headsOf(store: SeriesStore<Child>, name: string, { defaults }: How): object {
  const spelled = defaults === undefined ? '' : spellLabels(defaults)
  let known = heads.get(store)
  if (known?.name !== name || known.defaults !== spelled) {
    known = new Heads(name, spelled)
    heads.set(store, known)
  }
  return known
}

/** What spells the line of a counter or gauge. */
export function simpleLine(store: SeriesStore<Child>, name: string, how: How): (row: Row) => string {
  const variant = headsOf(store, name, how)
  const family = store.family!.ref
  const { foldCell } = store.parts.kernel()
  return row => {
    if (row.headFor !== variant) {
      const { own, defaults } = bracesOf(store, row, how)
      row.head = `\n${name}${braced(join(own, defaults))} `
      row.headFor = variant
    }
    const value = foldCell(family, row.page, row.index, 0)
    const line = row.head + (value - value === 0 ? value : spellValue(value))
    const exemplar = how.openMetrics ? store.beside(row)?.exemplars?.get(0) : undefined
    return exemplar === undefined ? line : line + spellExemplar(exemplar)
  }
}

export function simpleSample(store: SeriesStore<Child>, row: Row): Sample {
  // Zero is added so that -0 becomes 0.
  const sample: Sample = { value: store.cell(row, 0) + 0, labels: store.labelsOf(row) }
  const exemplar = store.beside(row)?.exemplars?.get(0)
  if (exemplar !== undefined) sample.exemplar = exemplar
  return sample
}
