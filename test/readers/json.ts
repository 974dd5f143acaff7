/** JSON.parse, and the shape that FORMATS.md has. */
import { type ExpectedFamily, type ExpectedSeries, isClose } from '../support/expected.js'
import { differ, labelKey, pairUp, same } from './compare.js'

interface Family {
  readonly help?: string
  readonly type: string
  readonly value: unknown
}

const PLAIN: Readonly<Record<string, string>> = { info: 'gauge', stateset: 'gauge' }

export function checkJson(text: string, expected: readonly ExpectedFamily[]): void {
  const found = Object.entries(JSON.parse(text) as Record<string, Family>)
  for (const [[, is], family, where] of pairUp(
    'family',
    found,
    ([name]) => name,
    expected,
    ({ name }) => name,
  )) {
    same(`${where}, help`, is.help ?? '', family.help)
    same(`${where}, type`, is.type, PLAIN[family.model.kind] ?? family.model.kind)
    const series = pairUp(
      where,
      rowsOf(is.value),
      ({ labels }) => labelKey(labels),
      family.series,
      ({ labels }) => labelKey(labels),
    )
    for (const [{ value }, wanted, place] of series) compareValue(value, wanted, place)
  }
}

interface Row {
  readonly labels: (readonly [string, string])[]
  readonly value: unknown
}

/** The series of any of the shapes: none, one without labels, by one label's values, or a list. */
function rowsOf(value: unknown): Row[] {
  if (value === null) return []
  if (Array.isArray(value)) {
    return value.map(element => {
      const members = Object.entries(element as Record<string, string>)
      return { labels: members.filter(([name]) => name !== '@'), value: (element as { '@': unknown })['@'] }
    })
  }
  if (typeof value !== 'object' || 'count' in (value as object)) return [{ labels: [], value }]
  const [[label, values], ...more] = Object.entries(value as Record<string, object>)
  if (more.length > 0) throw new Error(`labels beside ${label}`)
  return Object.entries(values).map(([text, value]) => ({ labels: [[label, text]], value }))
}

const finite = (value: number) => (Number.isFinite(value) ? value : null)

function compareValue(is: unknown, wanted: ExpectedSeries, where: string): void {
  const { histogram, summary } = wanted
  if (histogram === undefined && summary === undefined) {
    same(where, is, finite(wanted.value ?? Number.NaN))
    return
  }
  const { count, sum, avg, bucket, quantile } = is as Record<string, unknown>
  const totals = histogram ?? summary
  if (totals === undefined) return
  same(`${where}, count`, count, totals.count)
  same(`${where}, sum`, sum, finite(totals.sum))
  same(`${where}, avg`, avg, finite(totals.count === 0 ? 0 : totals.sum / totals.count))
  if (histogram !== undefined) {
    const rows = histogram.rows.slice(0, -1).map(([bound, below]) => [bound + 0, below])
    same(`${where}, bucket`, JSON.stringify(bucket), JSON.stringify(rows))
    return
  }
  const rows = [...(summary?.rows ?? [])].sort(([a], [b]) => a - b)
  const found = quantile as [number, number | null][]
  same(`${where}, quantile`, String(found.map(([at]) => at)), String(rows.map(([at]) => at)))
  found.forEach(([at, value], n) => {
    if (!isClose(value ?? Number.NaN, rows[n][1])) differ(`${where}, ${at}`, value, rows[n][1])
  })
}
