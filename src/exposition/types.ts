import type { Log } from '../common/log.js'

/** The formats that a scrape can be told in. */
export type Format = 'text' | 'openmetrics' | 'protobuf' | 'json'

/** What is asked of one scrape. */
export interface ScrapeOptions {
  readonly format: Format
  /** Put before every metric name; validated by the caller; '' for none. */
  readonly prefix: string
  /** Whether the library's own `postmeter_` families are told too. */
  readonly selfMetrics: boolean
  /** Whether counters and histograms tell when they were made, in OpenMetrics and protobuf. Default false. */
  readonly created?: boolean
  /** Has `open` tell one gzip member; `small` is never compressed. */
  readonly gzip?: GzipOptions
}

export interface GzipOptions {
  /** 1 (fastest: an encoder made for expositions) to 9; from 2 on zlib's. */
  readonly level: number
}

/** Part of an exposition: a view on a slot in shared memory, or on private memory. */
export interface Chunk {
  readonly bytes: Uint8Array
  /** Gives the slot back. Call once, when the bytes have been taken; they must not be read afterwards. */
  release(): void
}

/** Private memory for copies, which is bounded. */
export interface CopyMemory {
  /** Asks for so many bytes; false if there are none to be had now. */
  reserve(bytes: number): boolean
  free(bytes: number): void
}

/** One exposition being told, part by part. Not for use by two callers at once. */
export interface Scrape {
  /** The next part, in order; undefined when all was told. Rejects if encoding failed: what was told is then not whole. */
  next(): Promise<Chunk | undefined>
  /**
   * The reader takes nothing for now: gives back the slots of parts that were encoded ahead. `next` encodes those anew.
   * What it cannot encode anew it copies, into memory that it asks for; false if it gets none. Not while `next` is
   * under way.
   */
  rest(memory?: CopyMemory): boolean
  /** Ends it early, or after its end: its slots are given back once no task writes to them. Can be called twice. */
  abort(): void
}

/** Makes expositions of one registry in the thread it was made in. */
export interface Scraper {
  /**
   * The whole exposition, encoded at once in this thread, if its size is known to stay below 64 KiB;
   * else undefined. The bytes are valid until this scraper's next call.
   */
  small(options: ScrapeOptions): Uint8Array | undefined
  open(options: ScrapeOptions): Scrape
  /** Called when a scrape finds no free slot, before it waits for one: readers that stall can be made to give theirs. */
  starving: (() => void) | undefined
  /** Looks for idle series from now on, on a timer that keeps no process alive. Sweeps that fail are told to `log`. */
  startSweeping(log: Log): void
  /** Ends the pool. Can be awaited twice. */
  close(): Promise<void>
}
