/** A summary's lines: its quantiles, then sum and count. */

import { SummaryFold } from '../folds/summary-fold.js'
import type { Child } from '../instruments/metric.js'
import { braced, join } from './labels.js'
import { bracesOf, headsOf } from './lines.js'
import type { Row } from './rows.js'
import type { SeriesStore } from './series-store.js'
import type { How } from './spelled.js'
import type { Sample } from './types.js'

/** What of a summary's options its lines depend on. */
interface Options {
  readonly name: string
  readonly percentiles: readonly number[]
  readonly pruneAgedBuckets?: boolean
}

interface Values {
  /** In the order of `percentiles`. */
  readonly quantiles: readonly number[]
  readonly sum: number
  readonly count: number
}

const folds = new WeakMap<SeriesStore<Child>, SummaryFold>()

/** Undefined for a series of which nothing was observed lately, where those are left out. */
function read(
  store: SeriesStore<Child>,
  { percentiles, pruneAgedBuckets }: Options,
  row: Row,
): Values | undefined {
  const family = store.family!
  let fold = folds.get(store)
  if (fold === undefined) {
    fold = new SummaryFold(store.arena, store.parts.context.uptime)
    folds.set(store, fold)
  }
  const count = store.cell(row, 0)
  const known = count === 0 ? [] : fold.of(family, row.place)
  const fresh = known.some(value => !Number.isNaN(value))
  if (pruneAgedBuckets && !fresh) return undefined
  // What nothing was observed of lately is 0.
  const quantiles = percentiles.map(one => known[family.bounds.indexOf(one + 0)] || 0)
  return { quantiles, sum: store.cell(row, 1), count }
}

export function summaryLines(
  store: SeriesStore<Child>,
  name: string,
  options: Options,
  how: How,
): (row: Row) => string {
  const variant = headsOf(store, name, how)
  const begins = options.percentiles.map(one => `\n${name}{quantile="${one}"`)
  return row => {
    const values = read(store, options, row)
    if (values === undefined) return ''
    if (row.headFor !== variant) {
      const { own, defaults } = bracesOf(store, row, how)
      row.head = join(own, defaults)
      row.headFor = variant
    }
    const rest = row.head === '' ? '} ' : `,${row.head}} `
    const own = braced(row.head)
    const quantiles = begins.map((begin, n) => begin + rest + values.quantiles[n]).join('')
    return `${quantiles}\n${name}_sum${own} ${values.sum}\n${name}_count${own} ${values.count}`
  }
}

export function summarySamples(store: SeriesStore<Child>, options: Options, row: Row): Sample[] {
  const values = read(store, options, row)
  if (values === undefined) return []
  const { name, percentiles } = options
  const own = store.labelsOf(row)
  return [
    ...percentiles.map((quantile, n) => ({ labels: { quantile, ...own }, value: values.quantiles[n] })),
    { metricName: `${name}_sum`, labels: own, value: values.sum + 0 },
    { metricName: `${name}_count`, labels: { ...own }, value: values.count },
  ]
}
