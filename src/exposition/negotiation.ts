/**
 * Which format a reader gets. Follows RFC 9110, sections 12.4.2 and 12.5.1, but is lenient: readers send weights above
 * 1, doubled parameters and parameters of their own. Whatever they send, text 0.0.4 is an answer.
 */
import { CONTENT_TYPES } from './content-types.js'
import type { Format } from './types.js'

/** Formats that readers get if they ask for them, besides text and JSON. */
export interface Offered {
  readonly openMetrics: boolean
  readonly protobuf: boolean
}

export type Negotiated =
  | { readonly format: Format; readonly contentType: string }
  /** A message for the reader: there is no format of the name that it asked for. */
  | { readonly problem: string }

/** Formats that can be asked for by name; JSON has a path of its own. */
const NAMED = ['text', 'openmetrics', 'protobuf'] as const

/** No reader sends a longer list; what follows is ignored. */
const MAX_HEADER = 4_096

interface Range {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  /** From 0 to 1. */
  readonly weight: number
}

/**
 * The format of an answer: the acceptable one of the greatest weight, among equals the first in the header; text 0.0.4
 * if none is acceptable. `override` is a format that a person asks for by name: it is served whatever is offered.
 */
export function negotiate(accept: string | undefined, offered: Offered, override?: string): Negotiated {
  if (override !== undefined) {
    const named = NAMED.find(name => name === override)
    if (named === undefined) return { problem: `is none of ${NAMED.join(', ')}` }
    return { format: named, contentType: CONTENT_TYPES[named] }
  }
  let best: Format = 'text'
  if (accept !== undefined && (offered.openMetrics || offered.protobuf)) {
    let weight = 0
    for (const range of ranges(accept)) {
      const format = formatOf(range, offered)
      if (format === undefined || range.weight <= weight) continue
      best = format
      weight = range.weight
    }
  }
  return { format: best, contentType: CONTENT_TYPES[best] }
}

function formatOf({ type, parameters }: Range, offered: Offered): Format | undefined {
  if (type === 'application/openmetrics-text') {
    const version = parameters.get('version')
    return offered.openMetrics && (version === undefined || version === '1.0.0') ? 'openmetrics' : undefined
  }
  if (type === 'application/vnd.google.protobuf') {
    const family = parameters.get('proto') === 'io.prometheus.client.MetricFamily'
    return offered.protobuf && family && parameters.get('encoding') === 'delimited' ? 'protobuf' : undefined
  }
  if (type === 'text/plain' || type === 'text/*' || type === '*/*') return 'text'
  return undefined
}

function* ranges(header: string): Generator<Range> {
  for (const part of header.slice(0, MAX_HEADER).split(',')) {
    const [type, ...rest] = part.split(';')
    const parameters = new Map<string, string>()
    for (const parameter of rest) {
      const [name, value = ''] = parameter.split('=', 2)
      const key = name.trim().toLowerCase()
      // Of doubled parameters the first counts, as it does for Prometheus' own parser of headers.
      if (!parameters.has(key)) parameters.set(key, value.trim().replace(/^"(.*)"$/, '$1'))
    }
    yield { type: type.trim().toLowerCase(), parameters, weight: weightOf(parameters.get('q')) }
  }
}

/** A weight that is malformed or above 1 counts as 1, because the reader did name the type. */
function weightOf(q: string | undefined): number {
  if (q === undefined) return 1
  const weight = /^\d+(\.\d*)?$/.test(q) ? Number(q) : 1
  return Math.min(1, weight)
}

/**
 * Whether `Accept-Encoding` asks for gzip: the header permits gzip, by name or, if gzip is not named, by `*`, and does
 * not prefer identity. RFC 9110, section 12.5.3.
 */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false
  let gzip: number | undefined
  let any = 0
  let identity = 0
  for (const { type, weight } of ranges(acceptEncoding)) {
    if (type === 'gzip' || type === 'x-gzip') gzip ??= weight
    else if (type === 'identity') identity = weight
    else if (type === '*') any = weight
  }
  const weight = gzip ?? any
  return weight > 0 && weight >= identity
}
