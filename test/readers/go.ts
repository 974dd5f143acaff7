/** Prometheus' own expfmt, text and protobuf. */
import type { Test } from 'tap'
import {
  type ExpectedFamily,
  type ExpectedHistogram,
  type ExpectedSeries,
  isClose,
} from '../support/expected.js'
import { type FoundExemplar, labelKey, pairUp, same, sameExemplar, type Time } from './compare.js'
import { numberOf, Reader } from './reader.js'

export interface GoFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly metrics: readonly Found[]
}

interface Exemplar {
  readonly labels: [string, string][]
  readonly value: string
  readonly time: string
}

interface Found {
  readonly labels: readonly [string, string][]
  readonly value?: string
  readonly exemplar?: Exemplar
  readonly histogram?: Histogram
  readonly summary?: { readonly count: string; readonly sum: string; readonly quantiles: [string, string][] }
}

interface Histogram {
  readonly count: string
  readonly sum: string
  readonly buckets: { readonly bound: string; readonly count: string; readonly exemplar?: Exemplar }[]
  readonly native?: {
    readonly schema: number
    readonly zeroThreshold: string
    readonly zeroCount: string
    readonly spans: number
    readonly positive: [string, string][]
    readonly negative: [string, string][]
  }
}

export function goReader(t: Test, { expfmt }: { readonly expfmt: string }): Reader<GoFamily> {
  return new Reader(t, expfmt, [])
}

const TYPES: Readonly<Record<string, string>> = { info: 'GAUGE', stateset: 'GAUGE' }

export async function checkText(
  reader: Reader<GoFamily>,
  text: string,
  expected: readonly ExpectedFamily[],
): Promise<void> {
  checkFamilies(await reader.read('text', text), expected, 'text', [0, 0])
}

export async function checkProtobuf(
  reader: Reader<GoFamily>,
  body: Uint8Array,
  expected: readonly ExpectedFamily[],
  time: Time,
): Promise<void> {
  checkFamilies(joined(await reader.read('protobuf', body)), expected, 'protobuf', time)
}

/** A large family is several messages. */
function joined(families: readonly GoFamily[]): GoFamily[] {
  const byName = new Map<string, GoFamily>()
  for (const family of families) {
    const { name, metrics } = family
    byName.set(name, { ...family, metrics: [...(byName.get(name)?.metrics ?? []), ...metrics] })
  }
  return [...byName.values()]
}

/** Text has no exemplars and no native histograms, and its reader skips blanks before a help. */
export function checkFamilies(
  found: readonly GoFamily[],
  expected: readonly ExpectedFamily[],
  format: 'text' | 'protobuf',
  time: Time,
): void {
  // It does not report families without series.
  const families = expected.filter(({ series }) => series.length > 0)
  for (const [is, family, where] of pairUp(
    'family',
    found,
    ({ name }) => name,
    families,
    ({ name }) => name,
  )) {
    const { kind } = family.model
    same(`${where}, type`, is.type, TYPES[kind] ?? kind.toUpperCase())
    same(`${where}, help`, is.help, format === 'text' ? family.help.replace(/^[ \t]+/, '') : family.help)
    const series = pairUp(
      where,
      is.metrics,
      ({ labels }) => labelKey(labels),
      family.series,
      ({ labels }) => labelKey(labels),
    )
    for (const [one, expected, place] of series) compareSeries(one, expected, place, format, time)
  }
}

function compareSeries(
  is: Found,
  expected: ExpectedSeries,
  where: string,
  format: 'text' | 'protobuf',
  time: Time,
): void {
  const { histogram, summary } = expected
  same(`${where}, histogram`, is.histogram !== undefined, histogram !== undefined)
  same(`${where}, summary`, is.summary !== undefined, summary !== undefined)
  if (is.histogram !== undefined && histogram !== undefined) {
    compareHistogram(is.histogram, histogram, where, format, time)
  } else if (is.summary !== undefined && summary !== undefined) {
    same(`${where}, count`, Number(is.summary.count), summary.count)
    same(`${where}, sum`, numberOf(is.summary.sum), summary.sum)
    const rows = [...is.summary.quantiles].sort(([a], [b]) => Number(a) - Number(b))
    const wanted = [...summary.rows].sort(([a], [b]) => a - b)
    same(`${where}, quantiles`, String(rows.map(([at]) => Number(at))), String(wanted.map(([at]) => at)))
    rows.forEach(([at, value], n) => {
      if (!isClose(numberOf(value), wanted[n][1])) same(`${where}, ${at}`, numberOf(value), wanted[n][1])
    })
  } else {
    same(where, numberOf(is.value ?? ''), expected.value)
    sameExemplar(where, exemplarOf(is.exemplar), format === 'text' ? undefined : expected.exemplar, time)
  }
}

function exemplarOf(given: Exemplar | undefined): FoundExemplar | undefined {
  return given && { labels: given.labels, value: numberOf(given.value), time: numberOf(given.time) }
}

function compareHistogram(
  is: Histogram,
  expected: ExpectedHistogram,
  where: string,
  format: 'text' | 'protobuf',
  time: Time,
): void {
  same(`${where}, count`, Number(is.count), expected.count)
  same(`${where}, sum`, numberOf(is.sum), expected.sum)
  // Protobuf has a bucket of +Inf only for its exemplar, which in a native histogram without others is elsewhere.
  const last = expected.rows.length - 1
  const rows = expected.rows.filter(([, , exemplar], n) => {
    return (
      format === 'text' || n < last || (exemplar !== undefined && (last > 0 || expected.native === undefined))
    )
  })
  same(
    `${where}, bounds`,
    String(is.buckets.map(({ bound }) => numberOf(bound) + 0)),
    String(rows.map(([bound]) => bound + 0)),
  )
  is.buckets.forEach(({ bound, count, exemplar }, n) => {
    const place = `${where}, le ${bound}`
    same(place, Number(count), rows[n][1])
    sameExemplar(place, exemplarOf(exemplar), format === 'text' ? undefined : rows[n][2], time)
  })
  if (format === 'text') return
  same(`${where}, native`, is.native !== undefined, expected.native !== undefined)
  if (is.native === undefined || expected.native === undefined) return
  const { schema, zeroThreshold, zeroCount, spans, positive, negative } = is.native
  same(`${where}, schema`, schema, expected.native.schema)
  same(`${where}, zero threshold`, numberOf(zeroThreshold), expected.native.zeroThreshold)
  same(`${where}, zero count`, Number(zeroCount), expected.native.zeroCount)
  // One at least, so that it is seen to be native.
  same(`${where}, spans`, spans > 0, true)
  same(`${where}, positive`, String(positive), String(expected.native.positive))
  same(`${where}, negative`, String(negative), String(expected.native.negative))
}
