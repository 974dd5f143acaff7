/** Delimited io.prometheus.client messages, read by a library that knows nothing of the kernel. */
import protobuf from 'protobufjs'

const { root } = protobuf.parse(`
  syntax = "proto2";
  package io.prometheus.client;
  message LabelPair { optional string name = 1; optional string value = 2; }
  enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
  message Timestamp { optional int64 seconds = 1; optional int32 nanos = 2; }
  message Gauge { optional double value = 1; }
  message Exemplar { repeated LabelPair label = 1; optional double value = 2; optional Timestamp timestamp = 3; }
  message Counter { optional double value = 1; optional Exemplar exemplar = 2; optional Timestamp created_timestamp = 3; }
  message Bucket {
    optional uint64 cumulative_count = 1;
    optional double upper_bound = 2;
    optional Exemplar exemplar = 3;
  }
  message Histogram {
    optional uint64 sample_count = 1;
    optional double sample_sum = 2;
    repeated Bucket bucket = 3;
    optional sint32 schema = 5;
    optional double zero_threshold = 6;
    optional uint64 zero_count = 7;
    repeated BucketSpan negative_span = 9;
    repeated sint64 negative_delta = 10;
    repeated BucketSpan positive_span = 12;
    repeated sint64 positive_delta = 13;
    optional Timestamp created_timestamp = 15;
    repeated Exemplar exemplars = 16;
  }
  message Quantile { optional double quantile = 1; optional double value = 2; }
  message Summary {
    optional uint64 sample_count = 1;
    optional double sample_sum = 2;
    repeated Quantile quantile = 3;
    optional Timestamp created_timestamp = 4;
  }
  message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
  message Metric {
    repeated LabelPair label = 1;
    optional Gauge gauge = 2;
    optional Counter counter = 3;
    optional Summary summary = 4;
    optional Histogram histogram = 7;
    optional int64 timestamp_ms = 6;
  }
  message MetricFamily {
    optional string name = 1;
    optional string help = 2;
    optional MetricType type = 3;
    repeated Metric metric = 4;
    optional string unit = 5;
  }
`)
const MetricFamily = root.lookupType('io.prometheus.client.MetricFamily')

export interface Message {
  readonly name: string
  readonly help?: string
  readonly type: string
  readonly unit?: string
  readonly metric: readonly {
    readonly label?: readonly { readonly name: string; readonly value: string }[]
    readonly gauge?: { readonly value: number }
    readonly counter?: {
      readonly value: number
      readonly exemplar?: ExemplarMessage
      readonly createdTimestamp?: Timestamp
    }
    readonly summary?: {
      readonly sampleCount: number
      readonly sampleSum: number
      readonly quantile?: readonly { readonly quantile: number; readonly value: number }[]
      readonly createdTimestamp?: Timestamp
    }
    readonly histogram?: {
      readonly sampleCount: number
      readonly sampleSum: number
      readonly bucket?: readonly {
        readonly cumulativeCount: number
        readonly upperBound: number
        readonly exemplar?: ExemplarMessage
      }[]
      readonly exemplars?: readonly ExemplarMessage[]
      readonly createdTimestamp?: Timestamp
      readonly schema?: number
      readonly zeroThreshold?: number
      readonly zeroCount?: number
      readonly negativeSpan?: readonly Span[]
      readonly negativeDelta?: readonly number[]
      readonly positiveSpan?: readonly Span[]
      readonly positiveDelta?: readonly number[]
    }
  }[]
}

export interface ExemplarMessage {
  readonly label?: readonly { readonly name: string; readonly value: string }[]
  readonly value: number
  readonly timestamp: Timestamp
}

export interface Span {
  readonly offset: number
  readonly length: number
}

/** Index and count of the buckets that spans and deltas encode, those that are not empty. */
export function spanned(spans: readonly Span[] = [], deltas: readonly number[] = []): [number, number][] {
  const buckets: [number, number][] = []
  let index = 0
  let count = 0
  let next = 0
  for (const { offset, length } of spans) {
    index += offset
    for (let n = 0; n < length; n++, index++) {
      count += deltas[next++]
      if (count !== 0) buckets.push([index, count])
    }
  }
  if (next !== deltas.length) throw new Error(`${deltas.length} deltas for ${next} buckets`)
  return buckets
}

interface Timestamp {
  readonly seconds: number
  readonly nanos: number
}

/** The messages of a body, one after the other; throws where it does not end with one. */
export function messages(body: Uint8Array): Message[] {
  const reader = protobuf.Reader.create(body)
  const all: Message[] = []
  while (reader.pos < reader.len) {
    const message = MetricFamily.decodeDelimited(reader)
    all.push(MetricFamily.toObject(message, { longs: Number, enums: String }) as Message)
  }
  return all
}
