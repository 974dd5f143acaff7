/** What a Prometheus answers of one job, held against what it had to scrape. */
import { labelKey, pairUp, same, sameTime, type Time } from '../readers/compare.js'
import { numberOf } from '../readers/reader.js'
import { type ExpectedFamily, type ExpectedLines, isClose, type Sample } from '../support/expected.js'
import type { Answer, ExemplarsOf, Metadata } from './server.js'

type Pairs = readonly (readonly [string, string])[]

/** To Prometheus, a label that is empty is none. */
function keyOf(name: string, at: number | undefined, labels: Pairs): string {
  return `${name} ${at ?? ''} ${labelKey(labels.filter(([, value]) => value !== ''))}`
}

/** Prometheus' own labels left out, and bounds and quantiles as numbers, because formats spell them differently. */
function keyOfMetric(metric: Readonly<Record<string, string>>): string {
  const { __name__: name, job, instance, le, quantile, ...labels } = metric
  const at = le ?? quantile
  return keyOf(name, at === undefined ? undefined : numberOf(at), Object.entries(labels))
}

const keyOfSample = ({ name, at, labels }: Sample) => keyOf(name, at, labels)

/** Series that are numbers. `near` says which ones are as good as equal, to a reader that keeps fewer digits. */
export function checkNumbers(
  answers: readonly Answer[],
  lines: readonly ExpectedLines[],
  near: (is: number, expected: number) => boolean = Object.is,
): number {
  const found = answers.filter(({ value }) => value !== undefined)
  const samples = lines.flatMap(family => family.samples)
  for (const [{ value }, sample, where] of pairUp(
    'series',
    found,
    ({ metric }) => keyOfMetric(metric),
    samples,
    keyOfSample,
  )) {
    const is = numberOf(value?.[1] ?? '')
    if (near(is, sample.value)) continue
    if (sample.how === 'exact' || !isClose(is, sample.value)) same(where, is, sample.value)
  }
  return found.length
}

/** Series that are native histograms. */
export function checkNative(answers: readonly Answer[], families: readonly ExpectedFamily[]): number {
  const found = answers.filter(({ histogram }) => histogram !== undefined)
  const expected = families.flatMap(({ name, series }) => series.map(one => ({ name, ...one })))
  for (const [{ histogram: is }, { histogram: wanted }, where] of pairUp(
    'native histogram',
    found,
    ({ metric }) => keyOfMetric(metric),
    expected,
    ({ name, labels }) => keyOf(name, undefined, labels),
  )) {
    if (is === undefined || wanted?.native === undefined) throw new Error(`${where} is not native`)
    const { count, sum, buckets = [] } = is[1]
    same(`${where}, count`, numberOf(count), wanted.count)
    same(`${where}, sum`, numberOf(sum), wanted.sum)
    const bounds = boundsOf(wanted.native)
    same(`${where}, buckets`, buckets.length, bounds.length)
    buckets.forEach(([, low, high, count], n) => {
      same(`${where}, bucket ${n}`, numberOf(count), bounds[n].count)
      sameBound(`${where}, bucket ${n}, low`, numberOf(low), bounds[n].low)
      sameBound(`${where}, bucket ${n}, high`, numberOf(high), bounds[n].high)
    })
  }
  return found.length
}

interface Bucket {
  readonly low: number
  readonly high: number
  readonly count: number
}

/** The buckets that are not empty, in order, with their bounds. Native histograms specification, 'Schema'. */
function boundsOf(
  native: NonNullable<NonNullable<ExpectedFamily['series'][0]['histogram']>['native']>,
): Bucket[] {
  const bound = (index: number) => 2 ** (index * 2 ** -native.schema)
  const positive = native.positive.map(([index, count]) => ({
    low: bound(index - 1),
    high: bound(index),
    count,
  }))
  const negative = native.negative.map(([index, count]) => ({
    low: -bound(index),
    high: -bound(index - 1),
    count,
  }))
  const zero = { low: -native.zeroThreshold, high: native.zeroThreshold, count: native.zeroCount }
  return [...negative.reverse(), ...(native.zeroCount > 0 ? [zero] : []), ...positive]
}

function sameBound(where: string, is: number, expected: number): void {
  // A bound above the greatest number is spelled in one way or another.
  if (Math.abs(expected) > 1e308 && Math.abs(is) > 1e308) return
  if (!(Math.abs(is - expected) <= Math.abs(expected) * 1e-9)) same(where, is, expected)
}

/** Types and help of the families that have series. */
export function checkMetadata(all: readonly Metadata[], lines: readonly ExpectedLines[]): number {
  const families = lines.filter(({ samples }) => samples.length > 0)
  const names = new Set(families.map(({ name }) => name))
  const pairs = pairUp(
    'metadata',
    all.filter(({ metric }) => names.has(metric)),
    ({ metric }) => metric,
    families,
    ({ name }) => name,
  )
  for (const [is, family, where] of pairs) {
    same(`${where}, type`, is.type, family.type)
    // Of a NUL it makes now one thing, now another.
    if (!family.help.includes('\0')) same(`${where}, help`, is.help, family.help)
    same(`${where}, unit`, is.unit, family.unit)
  }
  return pairs.length
}

/**
 * Exemplars of all samples of these families, each the only one. `spell` is what it makes of their labels' values.
 */
export function checkExemplars(
  all: readonly ExemplarsOf[],
  lines: readonly ExpectedLines[],
  time: Time,
  spell = (value: string) => value,
): number {
  const samples = lines.flatMap(family => family.samples)
  const wanted = samples.filter(({ exemplar }) => exemplar !== undefined)
  const keys = new Set(samples.map(keyOfSample))
  const pairs = pairUp(
    'exemplar',
    all.filter(({ seriesLabels }) => keys.has(keyOfMetric(seriesLabels))),
    ({ seriesLabels }) => keyOfMetric(seriesLabels),
    wanted,
    keyOfSample,
  )
  for (const [{ exemplars }, { exemplar }, where] of pairs) {
    same(`${where}, how many`, exemplars.length, 1)
    const [{ labels, value, timestamp }] = exemplars
    const spelled = Object.entries(exemplar?.labels ?? {}).map(
      ([name, value]) => [name, spell(value)] as const,
    )
    same(where, keyOf('', undefined, Object.entries(labels)), keyOf('', undefined, spelled))
    same(where, numberOf(value), exemplar?.value)
    sameTime(where, timestamp, time)
  }
  return pairs.length
}
