/**
 * OpenTelemetry's SDK and its exporter for Prometheus. There is no child to hold: the nearest is an attributes object
 * made once, and passed to each call.
 */
import type { MeterProvider } from '@opentelemetry/sdk-metrics'
import { DEFAULT_BUCKETS } from '../../src/instruments/buckets.js'
import type { Contender, Contenders } from '../harness/contender.js'
import { fill, type Kind } from './expositions.js'

export const OTEL = '@opentelemetry'
export const OTEL_RECORDING = ['counter', 'gauge', 'histogram', 'labels().inc()'].map(
  kind => `${OTEL} ${kind}`,
)
export const otelNames = (kind: Kind) => [`${OTEL}, ${kind}`, `${OTEL} serializing alone, ${kind}`]

export const OTEL_NOTES = {
  recording: `${OTEL} has neither children to hold nor summaries: its attributes object is made once, for labels().inc() anew at each call; one reader is attached, without which it records nothing`,
  encoding: `${OTEL} collects and then serializes at each scrape; its limit of 2,000 label sets a metric was raised`,
}

/** What the other contenders of the suite record, too. */
export interface Work {
  readonly turns: number
  readonly values: Float64Array
  readonly buckets: number[]
}

type Meter = ReturnType<MeterProvider['getMeter']>

/** Loaded where it is raced, so that the others' processes do not carry it. */
async function sdk() {
  const [{ PrometheusExporter, PrometheusSerializer }, { MeterProvider }] = await Promise.all([
    import('@opentelemetry/exporter-prometheus'),
    import('@opentelemetry/sdk-metrics'),
  ])
  return {
    Serializer: PrometheusSerializer,
    /** A meter, and what reads it. */
    metering: (limit: number) => {
      const reader = new PrometheusExporter({ preventServerStart: true })
      const views = [{ instrumentName: '*', aggregationCardinalityLimit: limit }]
      return { reader, meter: new MeterProvider({ readers: [reader], views }).getMeter('bench') }
    },
  }
}

export function otelRecording({ turns, values, buckets }: Work): Contenders {
  const contender = async (
    size: number,
    make: (meter: Meter) => (attributes: { service: string }, turn: number) => void,
  ): Promise<Contender> => {
    const record = make((await sdk()).metering(2 * size).meter)
    const held = Array.from({ length: size }, (_, at) => ({ service: `service-${at}` }))
    return {
      calls: size * turns,
      batch: () => {
        for (let turn = 0; turn < turns; turn++) for (const attributes of held) record(attributes, turn)
      },
    }
  }
  return {
    [`${OTEL} counter`]: size =>
      contender(size, meter => {
        const counter = meter.createCounter('c_total')
        return attributes => counter.add(1, attributes)
      }),
    [`${OTEL} gauge`]: size =>
      contender(size, meter => {
        const gauge = meter.createGauge('g')
        return (attributes, turn) => gauge.record(turn, attributes)
      }),
    [`${OTEL} histogram`]: size =>
      contender(size, meter => {
        const histogram = meter.createHistogram('h', { advice: { explicitBucketBoundaries: buckets } })
        let next = 0
        return attributes => histogram.record(values[next++ & (values.length - 1)]!, attributes)
      }),
    [`${OTEL} labels().inc()`]: size =>
      contender(size, meter => {
        const counter = meter.createCounter('c_total')
        return ({ service }) => counter.add(1, { service })
      }),
  }
}

/** What encodes lines of a kind: the serializer, after a collection unless `alone`. */
export async function otelEncoding(
  kind: Kind,
  size: number,
  alone: boolean,
): Promise<{ lines: number; encode: () => number | Promise<number> }> {
  const { Serializer, metering } = await sdk()
  const { meter, reader } = metering(2 * size)
  const advice = { explicitBucketBoundaries: [...DEFAULT_BUCKETS] }
  const lines = fill(
    {
      counter: ({ name, help }) => {
        const counter = meter.createCounter(name, { description: help })
        return { inc: (labels, value) => counter.add(value, labels) }
      },
      gauge: ({ name, help }) => {
        const gauge = meter.createGauge(name, { description: help })
        return { set: (labels, value) => gauge.record(value, labels) }
      },
      histogram: ({ name, help }) => {
        const histogram = meter.createHistogram(name, { description: help, advice })
        return { observe: (labels, value) => histogram.record(value, labels) }
      },
    },
    kind,
    size,
  )
  const serializer = new Serializer(undefined, false, undefined, true, true)
  const once = (await reader.collect()).resourceMetrics
  return {
    lines,
    encode: alone
      ? () => serializer.serialize(once).length
      : async () => serializer.serialize((await reader.collect()).resourceMetrics).length,
  }
}
