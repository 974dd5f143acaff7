import type { Family } from '../catalogue/families.js'
import type { Log } from '../common/log.js'
import type { RegistryHandle } from '../memory/handle.js'
import type { ListedFamily } from './family-list.js'
import type { GzipMember } from './gzip.js'

/** The formats of an exposition. */
export type Format = 'text' | 'openmetrics' | 'protobuf' | 'json'

/** The formats of what is pushed. */
export type PushFormat = 'remote-write' | 'remote-write-2' | 'otlp'

/** What a span is planned with. */
export interface SpanOptions {
  readonly format: Format | PushFormat
  /** Put before every metric name; '' for none. The caller has checked it. */
  readonly prefix: string
  /** Whether the library's own `postmeter_` families are exposed, too. */
  readonly selfMetrics: boolean
  /** Whether counters and histograms show when they were made, in OpenMetrics and protobuf. Default false. */
  readonly created?: boolean
  /** In text: `le` before all other labels, as prom-client has it. For registries without default labels. */
  readonly ownFirst?: boolean
  /** The exposition of which this one is a part. */
  readonly joint?: Joint
  /** Only for what is pushed. */
  readonly pushed?: Pushed
}

export interface Pushed {
  /** The time of the samples, ms since the epoch. */
  readonly time: number
  /** The series: those that are exposed; or as gone, those that are no more, or both. */
  readonly series: 'exposed' | 'gone' | 'all-gone'
  /** Labels that are added to each series, as exposition text; at most MAX_ADDED_BYTES. */
  readonly added: Uint8Array
}

/** What one scrape is to contain. */
export interface ScrapeOptions extends SpanOptions {
  readonly format: Format
  /** Exposes these families, in this order. Default: those of the registry's exposition, by name. */
  readonly families?: readonly Family[]
  /** Exposes only the families that have lines of these names, as they are exposed: with the prefix. */
  readonly names?: readonly string[]
  /** Has `open` make one gzip member; `small` is never compressed. */
  readonly gzip?: GzipOptions
}

/** One exposition of several registries, and how far it has come: its parts are made one after the other. */
export interface Joint {
  /** Whether the part that is being made is the first, or the last. */
  first: boolean
  last: boolean
  /** Whether a family came before. */
  begun: boolean
  /** Names of the lines of the parts that came before: no family with one of them is exposed. */
  readonly lines: Set<string>
  /** Called with the name of one that is not. */
  readonly clashes: (name: string) => void
  /** What joins the parts, if they are compressed. */
  readonly member: GzipMember | undefined
}

export interface GzipOptions {
  /** 1 (fastest: a compressor made for expositions) to 9; from 2 on they are zlib's. */
  readonly level: number
}

/** Part of an exposition: a view on a slot in shared memory, or on private memory. */
export interface Chunk {
  readonly bytes: Uint8Array
  /** Gives the slot back. Call it once, when the bytes were taken; they must not be read afterwards. */
  release(): void
}

/** Bounded private memory for copies. */
export interface CopyMemory {
  /** Reserves so many bytes; false if there are none left now. */
  reserve(bytes: number): boolean
  free(bytes: number): void
}

/** One exposition, handed out part by part. Two callers must not use it at once. */
export interface Scrape {
  /**
   * The next part, in order; undefined after the last one. Rejects if encoding failed: the parts so far are then not
   * the whole exposition.
   */
  next(): Promise<Chunk | undefined>
  /**
   * For a reader that takes nothing for now: gives back the slots of parts that were encoded ahead. `next` encodes them
   * again. Parts that cannot be encoded again are copied, into memory that is reserved from `memory`; returns false if
   * there is none. Must not be called while `next` is under way.
   */
  rest(memory?: CopyMemory): boolean
  /** Ends it, early or after its end. Its slots are given back once no task writes to them. Can be called twice. */
  abort(): void
}

/** Makes expositions of one registry. Used in the thread that made it. */
export interface Scraper {
  /**
   * The whole exposition, encoded at once in this thread, if its size is known to stay below 64 KiB; else undefined.
   * The bytes are valid until this scraper's next call.
   */
  small(options: ScrapeOptions): Uint8Array | undefined
  open(options: ScrapeOptions): Scrape
  /** The families that it exposes, in order of name. */
  families(selfMetrics: boolean): readonly ListedFamily[]
  /**
   * Called when a scrape finds no free slot, before it waits for one, so that readers that stall can be made to give
   * theirs back.
   */
  starving: (() => void) | undefined
  /** Has the library's own metrics tell of the memory of this registry, which the process only reads. */
  observe?(handle: RegistryHandle): void
  /** Sweeps idle series from now on, on a timer that keeps no process alive. Calls `log` when a sweep fails. */
  startSweeping(log: Log): void
  /** Ends the pool. Can be awaited twice. */
  close(): Promise<void>
}
