/** Holds what remote write sent against what a model says. */
import { labelKey, pairUp, same, sameExemplar, sameTime, type Time } from '../../readers/compare.js'
import {
  type ExpectedExemplar,
  type ExpectedFamily,
  type ExpectedSeries,
  isClose,
} from '../../support/expected.js'
import { spellCanonical } from '../../support/oracle.js'
import { spanned } from '../../support/protobuf.js'
import type { HistogramMessage } from '../../support/push-schemas.js'
import type { Meta, Pairs, Sent, SentSpan } from './remote-write.js'

export interface Pushing {
  /** Of the samples, ms. */
  readonly now: number
  /** When the model was recorded. */
  readonly recorded: Time
  readonly added: Readonly<Record<string, string>>
}

interface Line {
  readonly family: ExpectedFamily
  readonly labels: Pairs
  readonly value?: number
  readonly close?: boolean
  readonly native?: ExpectedSeries['histogram']
  readonly exemplar?: ExpectedExemplar
}

export const spellBound = (bound: number) =>
  bound === Number.POSITIVE_INFINITY ? '+Inf' : spellCanonical(bound)

/** A series' labels: those of the push give way to its own, even to empty ones, and what is empty is left out. */
function labelled(
  name: string,
  own: Pairs,
  more: Pairs,
  reserved: string | undefined,
  added: Pushing['added'],
): Pairs {
  const all = new Map<string, string>([['__name__', name], ...more])
  for (const [label, value] of own) if (!all.has(label) && label !== reserved) all.set(label, value)
  for (const [label, value] of Object.entries(added)) {
    if (!all.has(label) && label !== reserved) all.set(label, value.toWellFormed())
  }
  return [...all].filter(([, value]) => value !== '')
}

function linesOf(family: ExpectedFamily, series: ExpectedSeries, added: Pushing['added']): Line[] {
  const { name } = family
  const { labels, histogram, summary } = series
  const reserved = histogram !== undefined ? 'le' : summary !== undefined ? 'quantile' : undefined
  const line = (suffix: string, more: Pairs, rest: Partial<Line>): Line => ({
    family,
    labels: labelled(name + suffix, labels, more, reserved, added),
    ...rest,
  })
  if (summary !== undefined) {
    return [
      ...summary.rows.map(([quantile, value]) =>
        line('', [['quantile', spellBound(quantile)]], { value, close: true }),
      ),
      line('_sum', [], { value: summary.sum }),
      line('_count', [], { value: summary.count }),
    ]
  }
  if (histogram === undefined) return [line('', [], { value: series.value!, exemplar: series.exemplar })]
  const alone = histogram.native !== undefined && histogram.rows.length === 1
  const native =
    histogram.native === undefined
      ? []
      : [line('', [], { native: histogram, exemplar: alone ? histogram.rows[0]![2] : undefined })]
  if (alone) return native
  return [
    ...native,
    ...histogram.rows.map(([bound, value, exemplar]) =>
      line('_bucket', [['le', spellBound(bound)]], { value, exemplar }),
    ),
    line('_sum', [], { value: histogram.sum }),
    line('_count', [], { value: histogram.count }),
  ]
}

function metaOf({ model, help, unit, isLabel }: ExpectedFamily): Meta {
  const type = model.kind === 'stateset' && !isLabel ? 'gauge' : model.kind
  return { type: type.toUpperCase(), help, unit }
}

export function checkRemoteWrite(
  spans: readonly SentSpan[],
  expected: readonly ExpectedFamily[],
  version: 1 | 2,
  pushing: Pushing,
): void {
  const lines = expected.flatMap(family =>
    family.series.flatMap(series => linesOf(family, series, pushing.added)),
  )
  const found = spans.flatMap(({ series }) => series)
  const pairs = pairUp(
    'series',
    found,
    ({ labels }) => labelKey(labels),
    lines,
    ({ labels }) => labelKey(labels),
  )
  for (const [is, line, where] of pairs) {
    same(`${where}, time`, is.time, pushing.now)
    sameExemplar(
      where,
      is.exemplars[0] && { ...is.exemplars[0], time: is.exemplars[0].time / 1000 },
      line.exemplar,
      pushing.recorded,
    )
    same(`${where}, exemplars`, is.exemplars.length, line.exemplar === undefined ? 0 : 1)
    compareValue(is, line, where)
    same(
      `${where}, metadata`,
      JSON.stringify(is.meta),
      version === 2 ? JSON.stringify(metaOf(line.family)) : undefined,
    )
    const rises = ['counter', 'histogram', 'summary'].includes(line.family.model.kind)
    same(`${where}, created`, is.created !== undefined, version === 2 && rises)
    if (is.created !== undefined) sameTime(`${where}, created`, is.created / 1000, pushing.recorded)
  }
  // A family without series is one all the same.
  const families = version === 2 ? [] : expected
  const metadata = spans.flatMap(span => span.metadata)
  for (const [[, is], family, where] of pairUp(
    'metadata',
    metadata,
    ([name]) => name,
    families,
    ({ name }) => name,
  )) {
    same(where, JSON.stringify(is), JSON.stringify(metaOf(family)))
  }
}

function compareValue(is: Sent, line: Line, where: string): void {
  same(`${where}, native`, is.native !== undefined, line.native !== undefined)
  if (is.native !== undefined && line.native !== undefined) compareNative(is, is.native, line.native, where)
  else if (line.close !== true || !isClose(is.value, line.value!)) same(where, is.value, line.value! + 0)
}

function compareNative(
  is: Sent,
  native: HistogramMessage,
  expected: NonNullable<Line['native']>,
  where: string,
): void {
  const { schema, zeroThreshold, zeroCountInt, countInt } = native
  same(`${where}, count`, Number(countInt), expected.count)
  same(`${where}, sum`, is.value, expected.sum + 0)
  same(`${where}, schema`, schema, expected.native?.schema)
  same(`${where}, zero threshold`, zeroThreshold, expected.native?.zeroThreshold)
  same(`${where}, zero count`, Number(zeroCountInt), expected.native?.zeroCount)
  const { positiveSpans, positiveDeltas, negativeSpans, negativeDeltas } = native
  same(`${where}, spans`, positiveSpans.length + negativeSpans.length > 0, true)
  const positive = spanned(positiveSpans, positiveDeltas.map(Number))
  const negative = spanned(negativeSpans, negativeDeltas.map(Number))
  same(`${where}, positive`, String(positive), String(expected.native?.positive))
  same(`${where}, negative`, String(negative), String(expected.native?.negative))
}
