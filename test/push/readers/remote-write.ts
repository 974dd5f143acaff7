/** Both versions of remote write, as a receiver has them: series with their labels, and what is said of their families. */
import {
  type HistogramMessage,
  request2,
  type SampleMessage,
  writeRequest,
} from '../../support/push-schemas.js'

export type Pairs = readonly (readonly [string, string])[]

export interface Meta {
  readonly type: string
  readonly help: string
  readonly unit: string
}

export interface SentExemplar {
  readonly labels: Pairs
  readonly value: number
  /** ms since the epoch. */
  readonly time: number
}

export interface Sent {
  /** As they came, with `__name__`. */
  readonly labels: Pairs
  readonly time: number
  /** Of its sample, or its histogram's sum. */
  readonly bits: bigint
  readonly value: number
  readonly native?: HistogramMessage
  readonly exemplars: readonly SentExemplar[]
  /** In 2.0 alone. */
  readonly meta?: Meta
  readonly created?: number
}

export interface SentSpan {
  readonly series: readonly Sent[]
  /** In 1.0 alone, by the family's name. */
  readonly metadata: readonly (readonly [string, Meta])[]
}

/** What Prometheus takes for the end of a series. */
export const STALE = 0x7ff0_0000_0000_0002n
/** What it has for all that is no number. */
export const NO_NUMBER = 0x7ff8_0000_0000_0001n

function numberOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

interface Parts {
  readonly labels: Pairs
  readonly samples: readonly SampleMessage[]
  readonly histograms: readonly HistogramMessage[]
  readonly exemplars: readonly SentExemplar[]
}

/** One series of a request; throws where it is none that a receiver takes. */
function sent({ labels, samples, histograms, exemplars }: Parts): Sent {
  checkLabels(labels)
  if (samples.length + histograms.length !== 1) {
    throw new Error(
      `${samples.length} samples and ${histograms.length} histograms: ${JSON.stringify(labels)}`,
    )
  }
  const [native] = histograms
  const bits = BigInt(native?.sum ?? samples[0]?.value ?? 0)
  const time = Number(native?.timestamp ?? samples[0]?.timestamp)
  const value = numberOf(bits)
  if (Number.isNaN(value) && bits !== STALE && bits !== NO_NUMBER) throw new Error(`no number: ${bits}`)
  return { labels, time, bits, value, exemplars, ...(native === undefined ? {} : { native }) }
}

/** Labels in order of their names' bytes, each once, none of them empty. */
function checkLabels(labels: Pairs): void {
  for (const [n, [name, value]] of labels.entries()) {
    const before = labels[n - 1]
    const where = JSON.stringify(labels)
    if (name === '' || value === '') throw new Error(`an empty label in ${where}`)
    if (before !== undefined && Buffer.compare(Buffer.from(before[0]), Buffer.from(name)) >= 0) {
      throw new Error(`${name} behind ${before[0]} in ${where}`)
    }
  }
}

export function readFirst(bytes: Uint8Array): SentSpan {
  const { timeseries, metadata } = writeRequest(bytes)
  const pairs = (labels: readonly { name: string; value: string }[]) =>
    labels.map(({ name, value }) => [name, value] as const)
  return {
    series: timeseries.map(({ labels, samples, histograms, exemplars }) =>
      sent({
        labels: pairs(labels),
        samples,
        histograms,
        exemplars: exemplars.map(one => ({
          labels: pairs(one.labels),
          value: one.value,
          time: Number(one.timestamp),
        })),
      }),
    ),
    metadata: metadata.map(({ metricFamilyName, type, help = '', unit = '' }) => [
      metricFamilyName,
      { type, help, unit },
    ]),
  }
}

/** `again` says that symbols may be there twice: those of a part that was written anew. */
export function readSecond(bytes: Uint8Array, { again = false } = {}): SentSpan {
  const { symbols, timeseries } = request2(bytes)
  if (symbols[0] !== '') throw new Error(`the first symbol is ${JSON.stringify(symbols[0])}`)
  const distinct = new Set(symbols).size
  if (!again && distinct !== symbols.length)
    throw new Error(`${symbols.length - distinct} symbols come again`)
  const symbol = (reference: number) => {
    const text = symbols[reference]
    if (text === undefined) throw new Error(`symbol ${reference} of ${symbols.length}`)
    return text
  }
  const pairs = (references: readonly number[]) => {
    if (references.length % 2 !== 0) throw new Error(`${references.length} references`)
    return Array.from(
      { length: references.length / 2 },
      (_, n) => [symbol(references[2 * n]!), symbol(references[2 * n + 1]!)] as const,
    )
  }
  return {
    metadata: [],
    series: timeseries.map(({ labelsRefs, samples, histograms, exemplars, metadata, createdTimestamp }) => ({
      ...sent({
        labels: pairs(labelsRefs),
        samples,
        histograms,
        exemplars: exemplars.map(one => ({
          labels: pairs(one.labelsRefs),
          value: one.value,
          time: Number(one.timestamp),
        })),
      }),
      ...(metadata === undefined
        ? {}
        : {
            meta: {
              type: metadata.type ?? 'UNKNOWN',
              help: symbol(metadata.helpRef ?? 0),
              unit: symbol(metadata.unitRef ?? 0),
            },
          }),
      ...(createdTimestamp === undefined ? {} : { created: Number(createdTimestamp) }),
    })),
  }
}
