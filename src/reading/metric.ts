/** Reads io.prometheus.client.Metric, one series, into a view. */
import type { MetricView, SparseBuckets } from './metric-view.js'
import { fail, type Wire } from './wire.js'

export function emptyMetric(): MetricView {
  return {
    bytes: Buffer.alloc(0),
    labels: { length: 0, nameFrom: [], nameTo: [], valueFrom: [], valueTo: [] },
    ...{ value: 0, created: Number.NaN, count: 0, sum: 0 },
    ...{ length: 0, bounds: [], counts: [] },
    ...{ native: false, schema: 0, zeroThreshold: 0, zeroCount: 0 },
    positive: { length: 0, indexes: [], counts: [] },
    negative: { length: 0, indexes: [], counts: [] },
  }
}

// Tags: the number of a field, three bits for its kind behind it.
const LABEL = 0x0a
const GAUGE = 0x12
const COUNTER = 0x1a
const SUMMARY = 0x22
const UNTYPED = 0x2a
const HISTOGRAM = 0x3a
const PAIR_NAME = 0x0a
const PAIR_VALUE = 0x12
const VALUE = 0x09
const COUNT = 0x08
const SUM = 0x11
const BUCKET = 0x1a
const COUNT_FLOAT = 0x21
const SCHEMA = 0x28
const ZERO_THRESHOLD = 0x31
const ZERO_COUNT = 0x38
const ZERO_COUNT_FLOAT = 0x41
const NEGATIVE_SPAN = 0x4a
const NEGATIVE_DELTA = 0x50
const NEGATIVE_COUNT = 0x59
const POSITIVE_SPAN = 0x62
const POSITIVE_DELTA = 0x68
const POSITIVE_COUNT = 0x71
const COUNTER_CREATED = 0x1a
const SUMMARY_CREATED = 0x22
const HISTOGRAM_CREATED = 0x7a
const SECONDS = 0x08
const NANOS = 0x10
const BUCKET_COUNT = 0x08
const BUCKET_COUNT_FLOAT = 0x21
const FIRST = 0x09
const SECOND = 0x11
const SPAN_OFFSET = 0x08
const SPAN_LENGTH = 0x10
/** The same field, where all its values stand in one. */
const packed = (tag: number) => (tag & ~7) | 2

/** Schemas that readers know: exponential ones. Custom bounds (-53) are never exposed. */
const MOST_BUCKETS = 65_536

/** Reads the series that ends at `end`. @throws ReadingError. */
export function readMetric(wire: Wire, end: number, view: MetricView): void {
  view.bytes = wire.bytes
  view.labels.length = 0
  view.value = 0
  view.created = Number.NaN
  view.count = 0
  view.sum = 0
  view.length = 0
  view.native = false
  view.positive.length = 0
  view.negative.length = 0
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === LABEL) readLabel(wire, wire.span(end), view)
    else if (tag === GAUGE || tag === COUNTER || tag === UNTYPED) readValue(wire, wire.span(end), view)
    else if (tag === HISTOGRAM) readHistogram(wire, wire.span(end), view)
    else if (tag === SUMMARY) readSummary(wire, wire.span(end), view)
    else wire.skip(tag, end)
  }
  if (wire.at !== end) fail('a series is longer than it says')
}

function readLabel(wire: Wire, end: number, { labels }: MetricView): void {
  const n = labels.length++
  labels.nameFrom[n] = labels.nameTo[n] = labels.valueFrom[n] = labels.valueTo[n] = end
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === PAIR_NAME) {
      const to = wire.span(end)
      labels.nameFrom[n] = wire.at
      wire.at = labels.nameTo[n] = to
    } else if (tag === PAIR_VALUE) {
      const to = wire.span(end)
      labels.valueFrom[n] = wire.at
      wire.at = labels.valueTo[n] = to
    } else wire.skip(tag, end)
  }
}

function readValue(wire: Wire, end: number, view: MetricView): void {
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === VALUE) view.value = wire.double()
    else if (tag === COUNTER_CREATED) readCreated(wire, wire.span(end), view)
    else wire.skip(tag, end)
  }
}

function readCreated(wire: Wire, end: number, view: MetricView): void {
  let seconds = 0
  let nanos = 0
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === SECONDS) seconds = wire.varint()
    else if (tag === NANOS) nanos = wire.varint()
    else wire.skip(tag, end)
  }
  view.created = seconds * 1_000 + nanos / 1e6
}

function readSummary(wire: Wire, end: number, view: MetricView): void {
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === COUNT) view.count = wire.varint()
    else if (tag === SUM) view.sum = wire.double()
    else if (tag === BUCKET) readPair(wire, wire.span(end), view)
    else if (tag === SUMMARY_CREATED) readCreated(wire, wire.span(end), view)
    else wire.skip(tag, end)
  }
}

/** A quantile and its value. */
function readPair(wire: Wire, end: number, view: MetricView): void {
  const n = view.length++
  view.bounds[n] = 0
  view.counts[n] = 0
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === FIRST) view.bounds[n] = wire.double()
    else if (tag === SECOND) view.counts[n] = wire.double()
    else wire.skip(tag, end)
  }
}

function readHistogram(wire: Wire, end: number, view: MetricView): void {
  let positive = 0
  let negative = 0
  view.schema = 0
  view.zeroThreshold = 0
  view.zeroCount = 0
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === BUCKET) readBucket(wire, wire.span(end), view)
    else if (tag === COUNT) view.count = wire.varint()
    else if (tag === COUNT_FLOAT) view.count = wire.double()
    else if (tag === SUM) view.sum = wire.double()
    else if (tag === HISTOGRAM_CREATED) readCreated(wire, wire.span(end), view)
    else if (tag === SCHEMA) {
      view.native = true
      view.schema = wire.signed()
    } else if (tag === ZERO_THRESHOLD) view.zeroThreshold = wire.double()
    else if (tag === ZERO_COUNT) view.zeroCount = wire.varint()
    else if (tag === ZERO_COUNT_FLOAT) view.zeroCount = wire.double()
    else if (tag === POSITIVE_SPAN) readSpan(wire, wire.span(end), view.positive)
    else if (tag === NEGATIVE_SPAN) readSpan(wire, wire.span(end), view.negative)
    else if (tag === POSITIVE_DELTA || tag === packed(POSITIVE_DELTA))
      positive = readCounts(wire, tag, end, view.positive, positive, true)
    else if (tag === NEGATIVE_DELTA || tag === packed(NEGATIVE_DELTA))
      negative = readCounts(wire, tag, end, view.negative, negative, true)
    else if (tag === POSITIVE_COUNT || tag === packed(POSITIVE_COUNT))
      positive = readCounts(wire, tag, end, view.positive, positive, false)
    else if (tag === NEGATIVE_COUNT || tag === packed(NEGATIVE_COUNT))
      negative = readCounts(wire, tag, end, view.negative, negative, false)
    else wire.skip(tag, end)
  }
  if (view.positive.length > 0 || view.negative.length > 0 || view.zeroThreshold > 0) view.native = true
  if (view.schema < -4 || view.schema > 8) view.native = false
}

function readBucket(wire: Wire, end: number, view: MetricView): void {
  let bound = Number.POSITIVE_INFINITY
  let count = 0
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === BUCKET_COUNT) count = wire.varint()
    else if (tag === BUCKET_COUNT_FLOAT) count = wire.double()
    else if (tag === SECOND) bound = wire.double()
    else wire.skip(tag, end)
  }
  if (bound === Number.POSITIVE_INFINITY) return
  const n = view.length++
  view.bounds[n] = bound
  view.counts[n] = count
}

/** A run of buckets that follow each other, so far behind the last of the run before. */
function readSpan(wire: Wire, end: number, buckets: SparseBuckets): void {
  let offset = 0
  let length = 0
  while (wire.at < end) {
    const tag = wire.varint()
    if (tag === SPAN_OFFSET) offset = wire.signed()
    else if (tag === SPAN_LENGTH) length = wire.varint()
    else wire.skip(tag, end)
  }
  if (buckets.length + length > MOST_BUCKETS) fail('a histogram has too many buckets')
  let index = (buckets.length === 0 ? 0 : buckets.indexes[buckets.length - 1]! + 1) + offset
  for (let n = 0; n < length; n++) {
    buckets.indexes[buckets.length] = index++
    buckets.counts[buckets.length++] = 0
  }
}

/** Counts, from bucket `n` on, `asDeltas` as differences to the one before. Returns how many there are now. */
function readCounts(
  wire: Wire,
  tag: number,
  end: number,
  { counts, length }: SparseBuckets,
  n: number,
  asDeltas: boolean,
): number {
  const to = (tag & 7) === 2 ? wire.span(end) : wire.at + 1
  let at = n
  while (wire.at < to) {
    const read = asDeltas ? wire.signed() : wire.double()
    if (at < length) counts[at] = asDeltas && at > 0 ? counts[at - 1]! + read : read
    at++
  }
  return at
}
