/**
 * What is pushed, read by a library that knows nothing of the kernel: remote write 1.0 and 2.0, and OTLP's metrics.
 *
 * Numbers in which every bit counts are declared as fixed64, which is spelled alike: of what is no number, JavaScript
 * keeps no bits.
 */
import protobuf from 'protobufjs'

const NATIVE = `
  message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
  message Histogram {
    optional uint64 count_int = 1;
    optional double count_float = 2;
    optional fixed64 sum = 3;
    optional sint32 schema = 4;
    optional double zero_threshold = 5;
    optional uint64 zero_count_int = 6;
    optional double zero_count_float = 7;
    repeated BucketSpan negative_spans = 8;
    repeated sint64 negative_deltas = 9;
    repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11;
    repeated sint64 positive_deltas = 12;
    repeated double positive_counts = 13;
    optional int32 reset_hint = 14;
    optional int64 timestamp = 15;
  }
  message Sample { optional fixed64 value = 1; optional int64 timestamp = 2; }
  enum Type { UNKNOWN = 0; COUNTER = 1; GAUGE = 2; HISTOGRAM = 3; GAUGEHISTOGRAM = 4; SUMMARY = 5; INFO = 6; STATESET = 7; }
`

const first = protobuf.parse(`
  syntax = "proto2";
  package prometheus;
  ${NATIVE}
  message Label { optional string name = 1; optional string value = 2; }
  message Exemplar { repeated Label labels = 1; optional double value = 2; optional int64 timestamp = 3; }
  message TimeSeries {
    repeated Label labels = 1;
    repeated Sample samples = 2;
    repeated Exemplar exemplars = 3;
    repeated Histogram histograms = 4;
  }
  message MetricMetadata {
    optional Type type = 1;
    optional string metric_family_name = 2;
    optional string help = 4;
    optional string unit = 5;
  }
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
`).root

const second = protobuf.parse(`
  syntax = "proto2";
  package io.prometheus.write.v2;
  ${NATIVE}
  message Exemplar { repeated uint32 labels_refs = 1 [packed=true]; optional double value = 2; optional int64 timestamp = 3; }
  message Metadata { optional Type type = 1; optional uint32 help_ref = 3; optional uint32 unit_ref = 4; }
  message TimeSeries {
    repeated uint32 labels_refs = 1 [packed=true];
    repeated Sample samples = 2;
    repeated Histogram histograms = 3;
    repeated Exemplar exemplars = 4;
    optional Metadata metadata = 5;
    optional int64 created_timestamp = 6;
  }
  message Request { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
`).root

const third = protobuf.parse(`
  syntax = "proto2";
  package opentelemetry.proto.metrics.v1;
  message AnyValue { optional string string_value = 1; }
  message KeyValue { optional string key = 1; optional AnyValue value = 2; }
  message Exemplar {
    optional fixed64 time_unix_nano = 2;
    optional double as_double = 3;
    optional bytes span_id = 4;
    optional bytes trace_id = 5;
    repeated KeyValue filtered_attributes = 7;
  }
  message NumberDataPoint {
    optional fixed64 start_time_unix_nano = 2;
    optional fixed64 time_unix_nano = 3;
    optional double as_double = 4;
    repeated Exemplar exemplars = 5;
    repeated KeyValue attributes = 7;
    optional uint32 flags = 8;
  }
  message HistogramDataPoint {
    optional fixed64 start_time_unix_nano = 2;
    optional fixed64 time_unix_nano = 3;
    optional fixed64 count = 4;
    optional double sum = 5;
    repeated fixed64 bucket_counts = 6 [packed=true];
    repeated double explicit_bounds = 7 [packed=true];
    repeated Exemplar exemplars = 8;
    repeated KeyValue attributes = 9;
    optional uint32 flags = 10;
  }
  message Buckets { optional sint32 offset = 1; repeated uint64 bucket_counts = 2 [packed=true]; }
  message ExponentialHistogramDataPoint {
    repeated KeyValue attributes = 1;
    optional fixed64 start_time_unix_nano = 2;
    optional fixed64 time_unix_nano = 3;
    optional fixed64 count = 4;
    optional double sum = 5;
    optional sint32 scale = 6;
    optional fixed64 zero_count = 7;
    optional Buckets positive = 8;
    optional Buckets negative = 9;
    optional uint32 flags = 10;
    repeated Exemplar exemplars = 11;
    optional double zero_threshold = 14;
  }
  message ValueAtQuantile { optional double quantile = 1; optional double value = 2; }
  message SummaryDataPoint {
    optional fixed64 start_time_unix_nano = 2;
    optional fixed64 time_unix_nano = 3;
    optional fixed64 count = 4;
    optional double sum = 5;
    repeated ValueAtQuantile quantile_values = 6;
    repeated KeyValue attributes = 7;
    optional uint32 flags = 8;
  }
  message Gauge { repeated NumberDataPoint data_points = 1; }
  message Sum { repeated NumberDataPoint data_points = 1; optional int32 aggregation_temporality = 2; optional bool is_monotonic = 3; }
  message Histogram { repeated HistogramDataPoint data_points = 1; optional int32 aggregation_temporality = 2; }
  message ExponentialHistogram {
    repeated ExponentialHistogramDataPoint data_points = 1;
    optional int32 aggregation_temporality = 2;
  }
  message Summary { repeated SummaryDataPoint data_points = 1; }
  message Metric {
    optional string name = 1;
    optional string description = 2;
    optional string unit = 3;
    optional Gauge gauge = 5;
    optional Sum sum = 7;
    optional Histogram histogram = 9;
    optional ExponentialHistogram exponential_histogram = 10;
    optional Summary summary = 11;
  }
  message Scope { optional string name = 1; optional string version = 2; }
  message ScopeMetrics { optional Scope scope = 1; repeated Metric metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ResourceMetrics { optional Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ExportMetricsPartialSuccess { optional int64 rejected_data_points = 1; optional string error_message = 2; }
  message ExportMetricsServiceResponse { optional ExportMetricsPartialSuccess partial_success = 1; }
`).root

/** Integers of 64 bits are text; the values of samples, too, as the bits that they have. */
export interface HistogramMessage {
  readonly countInt?: string
  readonly sum?: string
  readonly schema?: number
  readonly zeroThreshold?: number
  readonly zeroCountInt?: string
  readonly negativeSpans: readonly { readonly offset: number; readonly length: number }[]
  readonly negativeDeltas: readonly string[]
  readonly positiveSpans: readonly { readonly offset: number; readonly length: number }[]
  readonly positiveDeltas: readonly string[]
  readonly timestamp?: string
}

export interface SampleMessage {
  readonly value?: string
  readonly timestamp?: string
}

export interface WriteRequest {
  readonly timeseries: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[]
    readonly samples: readonly SampleMessage[]
    readonly exemplars: readonly {
      readonly labels: readonly { readonly name: string; readonly value: string }[]
      readonly value: number
      readonly timestamp: string
    }[]
    readonly histograms: readonly HistogramMessage[]
  }[]
  readonly metadata: readonly {
    readonly type: string
    readonly metricFamilyName: string
    readonly help?: string
    readonly unit?: string
  }[]
}

export interface Request2 {
  readonly symbols: readonly string[]
  readonly timeseries: readonly {
    readonly labelsRefs: readonly number[]
    readonly samples: readonly SampleMessage[]
    readonly histograms: readonly HistogramMessage[]
    readonly exemplars: readonly {
      readonly labelsRefs: readonly number[]
      readonly value: number
      readonly timestamp: string
    }[]
    readonly metadata?: { readonly type?: string; readonly helpRef?: number; readonly unitRef?: number }
    readonly createdTimestamp?: string
  }[]
}

interface KeyValue {
  readonly key: string
  readonly value: { readonly stringValue: string }
}

export interface OtlpExemplar {
  readonly timeUnixNano: string
  readonly asDouble: number
  readonly spanId?: Uint8Array
  readonly traceId?: Uint8Array
  readonly filteredAttributes: readonly KeyValue[]
}

interface Point {
  readonly attributes: readonly KeyValue[]
  readonly startTimeUnixNano?: string
  readonly timeUnixNano: string
  readonly flags?: number
}

export interface NumberPoint extends Point {
  readonly asDouble?: number
  readonly exemplars: readonly OtlpExemplar[]
}

export interface HistogramPoint extends Point {
  readonly count?: string
  readonly sum?: number
  readonly bucketCounts: readonly string[]
  readonly explicitBounds: readonly number[]
  readonly exemplars: readonly OtlpExemplar[]
}

export interface ExponentialPoint extends Point {
  readonly count?: string
  readonly sum?: number
  readonly scale?: number
  readonly zeroCount?: string
  readonly zeroThreshold?: number
  readonly positive?: { readonly offset: number; readonly bucketCounts: readonly string[] }
  readonly negative?: { readonly offset: number; readonly bucketCounts: readonly string[] }
  readonly exemplars: readonly OtlpExemplar[]
}

export interface SummaryPoint extends Point {
  readonly count?: string
  readonly sum?: number
  readonly quantileValues: readonly { readonly quantile: number; readonly value: number }[]
}

interface Of<P> {
  readonly dataPoints: readonly P[]
  readonly aggregationTemporality?: number
  readonly isMonotonic?: boolean
}

export interface Metric {
  readonly name: string
  readonly description?: string
  readonly unit?: string
  readonly gauge?: Of<NumberPoint>
  readonly sum?: Of<NumberPoint>
  readonly histogram?: Of<HistogramPoint>
  readonly exponentialHistogram?: Of<ExponentialPoint>
  readonly summary?: Of<SummaryPoint>
}

function decoded(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String, enums: String, arrays: true })
}

export function writeRequest(bytes: Uint8Array): WriteRequest {
  return decoded(first.lookupType('prometheus.WriteRequest'), bytes) as WriteRequest
}

export function request2(bytes: Uint8Array): Request2 {
  return decoded(second.lookupType('io.prometheus.write.v2.Request'), bytes) as Request2
}

export function metricsOf(bytes: Uint8Array): readonly Metric[] {
  const type = third.lookupType('opentelemetry.proto.metrics.v1.ScopeMetrics')
  return (decoded(type, bytes) as { readonly metrics: readonly Metric[] }).metrics
}

export interface ExportRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string }
      readonly metrics: readonly Metric[]
    }[]
  }[]
}

export function exportRequest(bytes: Uint8Array): ExportRequest {
  const type = third.lookupType('opentelemetry.proto.metrics.v1.ExportMetricsServiceRequest')
  return decoded(type, bytes) as ExportRequest
}

/** What a receiver of OTLP answers that has not taken all. */
export function partialSuccess(rejectedDataPoints: number, errorMessage: string): Uint8Array {
  const type = third.lookupType('opentelemetry.proto.metrics.v1.ExportMetricsServiceResponse')
  return type.encode(type.fromObject({ partialSuccess: { rejectedDataPoints, errorMessage } })).finish()
}
