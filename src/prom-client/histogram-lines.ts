/** A histogram's lines: its buckets, `le` before all other labels, then sum and count. */
import { spellBound } from '../catalogue/names.js'
import type { Child } from '../instruments/metric.js'
import { braced, join } from './labels.js'
import { bracesOf, headsOf } from './lines.js'
import type { Row } from './rows.js'
import type { SeriesStore } from './series-store.js'
import type { How } from './spelled.js'
import { spellExemplar } from './told.js'
import type { Exemplar, Sample } from './types.js'

export function histogramLines(store: SeriesStore<Child>, name: string, how: How): (row: Row) => string {
  const variant = headsOf(store, name, how)
  const family = store.family!
  const { foldCell } = store.parts.kernel()
  const bounds = [...family.bounds, Number.POSITIVE_INFINITY]
  const begins = bounds.map(bound => `\n${name}_bucket{le="${spellBound(bound)}"`)
  return row => {
    if (row.headFor !== variant) {
      const { own, defaults } = bracesOf(store, row, how)
      row.head = join(defaults, own)
      row.headFor = variant
    }
    const { page, index, head } = row
    const rest = head === '' ? '} ' : `,${head}} `
    const exemplars = how.openMetrics ? store.beside(row)?.exemplars : undefined
    let text = ''
    let count = 0
    for (let n = 0; n < begins.length; n++) {
      count += foldCell(family.ref, page, index, n)
      text += begins[n] + rest + count
      const exemplar = exemplars?.get(n)
      if (exemplar !== undefined) text += spellExemplar(exemplar)
    }
    const own = braced(head)
    const sum = foldCell(family.ref, page, index, begins.length)
    return `${text}\n${name}_sum${own} ${sum}\n${name}_count${own} ${count}`
  }
}

/** As get() tells them. Where there can be exemplars, each bucket has one, or null. */
export function histogramSamples(
  store: SeriesStore<Child>,
  name: string,
  _withExemplars: boolean,
  row: Row,
): Sample[] {
  const { bounds } = store.family!
  const own = store.labelsOf(row)
  const exemplars = store.beside(row)?.exemplars
  const sample = (
    labels: object,
    value: number,
    suffix: string,
    exemplar: Exemplar | null | undefined,
  ): Sample => ({
    value,
    metricName: name + suffix,
    exemplar,
    labels: { ...labels, ...own },
  })
  let count = 0
  const samples = [...bounds, '+Inf'].map((le, n) => {
    count += store.cell(row, n)
    return sample({ le }, count, '_bucket', exemplars?.get(n) ?? null)
  })
  const sum = store.cell(row, bounds.length + 1) + 0
  return [...samples, sample({}, sum, '_sum', undefined), sample({}, count, '_count', undefined)]
}
