/** What a program asks of its own exposition. Loaded with the registry: the rest of this room is not, until it is asked. */
import { badOption, knownOptions } from '../common/errors.js'
import { checkPrefix } from './prefix.js'
import type { Format, GzipOptions, ScrapeOptions } from './types.js'

export interface ExposeOptions {
  /** Put before every metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`, at most 64 characters. Default none. */
  prefix?: string
  /** Whether the library's own metrics are exposed, too. Default false. */
  selfMetrics?: boolean
}

export interface FormatOptions extends ExposeOptions {
  /**
   * Whether counters and histograms show when they were made: by `_created` in OpenMetrics, by a timestamp in protobuf.
   * Default false.
   */
  created?: boolean
}

export interface StreamOptions extends FormatOptions {
  /** `text` (0.0.4, default), `openmetrics` (1.0), `protobuf` (delimited MetricFamily messages) or `json`. */
  format?: Format
  /** Whether the pool compresses it to one gzip member, at a level of 1 (default, fastest) to 9. Default false. */
  gzip?: boolean | { readonly level?: number }
}

/** Higher levels take a multiple of the time, and save a few percent. */
const DEFAULT_LEVEL = 1

const FORMATS: readonly Format[] = ['text', 'openmetrics', 'protobuf', 'json']

export function checkExposeOptions(options: StreamOptions): ScrapeOptions {
  knownOptions('stream', options, ['format', 'prefix', 'selfMetrics', 'created', 'gzip'])
  const { format = 'text', prefix = '', selfMetrics = false, created = false } = options
  if (!FORMATS.includes(format)) throw badOption('format', format, `is none of ${FORMATS.join(', ')}`)
  if (typeof selfMetrics !== 'boolean') throw badOption('selfMetrics', selfMetrics, 'is not a boolean')
  if (typeof created !== 'boolean') throw badOption('created', created, 'is not a boolean')
  const wrong = checkPrefix(prefix)
  if (wrong !== undefined) throw badOption('prefix', prefix, wrong)
  const gzip = checkGzip(options.gzip)
  return { format, prefix, selfMetrics, created, ...(gzip === undefined ? {} : { gzip }) }
}

export function checkGzip(gzip: unknown): GzipOptions | undefined {
  if (gzip === undefined || gzip === false) return undefined
  if (gzip === true) return { level: DEFAULT_LEVEL }
  if (typeof gzip !== 'object' || gzip === null)
    throw badOption('gzip', gzip, 'is neither a boolean nor an object')
  knownOptions('gzip', gzip, ['level'])
  const { level = DEFAULT_LEVEL } = gzip as { level?: unknown }
  if (!Number.isInteger(level) || (level as number) < 1 || (level as number) > 9) {
    throw badOption('gzip.level', level, 'is not a whole number from 1 to 9')
  }
  return { level: level as number }
}

/** The parts of an exposition, joined. */
export async function whole(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}
