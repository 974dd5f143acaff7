/** The formats that a scrape can be told in. */
export type Format = 'text' | 'json'

/** What is asked of one scrape. */
export interface ScrapeOptions {
  readonly format: Format
  /** Put before every metric name; validated by the caller; '' for none. */
  readonly prefix: string
  /** Whether the library's own `postmeter_` families are told too. */
  readonly selfMetrics: boolean
}

/** Part of an exposition: a view on a slot in shared memory, or on private memory. */
export interface Chunk {
  readonly bytes: Uint8Array
  /** Gives the slot back. Call once, when the bytes have been taken; they must not be read afterwards. */
  release(): void
}

/** One exposition being told, part by part. Not for use by two callers at once. */
export interface Scrape {
  /** The next part, in order; undefined when all was told. Rejects if encoding failed: what was told is then not whole. */
  next(): Promise<Chunk | undefined>
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
  /** Looks for idle series from now on, on a timer that keeps no process alive. */
  startSweeping(): void
  /** Ends the pool. Can be awaited twice. */
  close(): Promise<void>
}
