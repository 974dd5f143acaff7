/**
 * One scrape that several readers share. Its parts are pulled from the scraper as the fastest reader asks, and each is
 * kept until the slowest reader has taken it.
 *
 * Assumes: one thread. A reader calls `next` again only when it has its answer, looks up a part's bytes anew before
 * each use, releases each part that it was handed, and reads no part once it was cut.
 * Guarantees: at most two parts are in slots at once. A reader that stalls holds private copies instead, which are
 * shared and bounded (Coordinator). Every part is released exactly once. The scrape is aborted when the last reader has
 * left.
 */
import { privateCopy } from '../../common/private-copy.js'
import type { Scrape } from '../../exposition/types.js'
import { Part } from './part.js'
import { type PartSource, Reader, type ReaderContext, type ReaderSettings } from './reader.js'

/**
 * Parts in slots at once: one is being sent, and one waits behind it, so that a socket with room can be filled at once.
 */
const MAX_IN_SLOTS = 2
/** How long a reader may keep others waiting before the parts that it has not taken are copied, ms. */
export const PATIENCE = 20

/** What a shared scrape uses of all of them together. */
export interface Coordinator extends ReaderContext {
  /** Queues a parked scrape that goes on; calls its `go` when it has a permit. */
  resume(scrape: SharedScrape): void
  /** Its last reader has left. */
  ended(scrape: SharedScrape): void
}

export class SharedScrape implements PartSource {
  readonly key: string
  readonly #coordinator: Coordinator
  readonly #open: () => Scrape
  readonly readers = new Set<Reader>()
  /** `waiting` for a permit, `running` with one, `parked` when it gave it up. */
  state: 'waiting' | 'running' | 'parked' = 'waiting'
  #scrape: Scrape | undefined
  /** Parts that some reader has not released; the first has number #base. */
  #parts: Part[] = []
  #base = 0
  #pulling = false
  /** Whether the last part was fetched. */
  #complete = false
  #failure: unknown
  #failed = false
  #later: NodeJS.Timeout | undefined

  constructor(key: string, open: () => Scrape, coordinator: Coordinator) {
    this.key = key
    this.#open = open
    this.#coordinator = coordinator
  }

  /** Whether a new reader gets all parts. Values are older than its request by the time of the first part at most. */
  get joinable(): boolean {
    return this.#base === 0 && this.#parts.length === 0 && !this.#complete && !this.#failed
  }

  join(settings: ReaderSettings): Reader {
    const reader = new Reader(this, this.#coordinator, settings)
    this.readers.add(reader)
    return reader
  }

  /** It has a permit now. */
  go(): void {
    this.state = 'running'
    this.pull()
  }

  /** When the last of its readers took something, ms; undefined while one of them waits for more. */
  get stalledSince(): number | undefined {
    let since = Number.NEGATIVE_INFINITY
    for (const reader of this.readers) {
      if (reader.waiting) return undefined
      since = Math.max(since, reader.progressedAt)
    }
    return this.readers.size === 0 ? undefined : since
  }

  /** When its first part in a slot was encoded, ms; undefined while one of its readers waits for more. */
  get heldSince(): number | undefined {
    for (const reader of this.readers) if (reader.waiting) return undefined
    return this.#parts.find(({ chunk }) => chunk !== undefined)?.since
  }

  /** Copies what its readers have not taken, and gives back its slots and its permit; false where memory is lacking. */
  park(): boolean {
    if (this.#pulling) return false
    for (const part of this.#parts) if (!this.#copy(part)) return false
    if (this.#scrape?.rest(this.#coordinator) === false) return false
    this.state = 'parked'
    return true
  }

  part(at: number): Part | undefined {
    return this.#parts[at - this.#base]
  }

  over(at: number): boolean {
    return this.#complete && at >= this.#base + this.#parts.length
  }

  check(): void {
    if (this.#failed) throw this.#failure
  }

  pull(): void {
    if (this.#pulling || this.#complete || this.#failed || !this.#wanted()) return
    if (this.state === 'parked') {
      this.state = 'waiting'
      this.#coordinator.resume(this)
      return
    }
    if (this.state === 'waiting' || !this.#room()) return
    this.#pulling = true
    void this.#fetch()
  }

  async #fetch(): Promise<void> {
    try {
      this.#scrape ??= this.#open()
      const chunk = await this.#scrape.next()
      if (this.readers.size === 0) chunk?.release()
      else if (chunk === undefined) this.#complete = true
      else this.#parts.push(new Part(chunk, this.readers.size, this.#coordinator.now()))
    } catch (error) {
      this.#failed = true
      this.#failure = error
    }
    this.#pulling = false
    for (const reader of [...this.readers]) reader.wake()
  }

  /** Whether a reader waits for the next part. */
  #wanted(): boolean {
    const end = this.#base + this.#parts.length
    for (const reader of this.readers) if (reader.waiting && reader.at === end) return true
    return false
  }

  /** Makes room for one more part in a slot: copies parts that slow readers have not taken. False if it must wait. */
  #room(): boolean {
    let inSlots = 0
    for (const { chunk } of this.#parts) if (chunk !== undefined) inSlots++
    for (const part of this.#parts) {
      if (inSlots < MAX_IN_SLOTS) return true
      if (part.chunk === undefined) continue
      const patience = this.#lastProgress(part) + PATIENCE - this.#coordinator.now()
      if (patience > 0) return this.#again(patience)
      if (!this.#copy(part)) return this.#again(PATIENCE)
      inSlots--
    }
    return inSlots < MAX_IN_SLOTS
  }

  /** When one of the readers that hold a part last took something, ms. */
  #lastProgress(part: Part): number {
    const at = this.#base + this.#parts.indexOf(part)
    let last = Number.NEGATIVE_INFINITY
    for (const reader of this.readers) if (reader.releasedTo <= at) last = Math.max(last, reader.progressedAt)
    return last
  }

  #again(after: number): false {
    this.#later ??= setTimeout(() => {
      this.#later = undefined
      this.pull()
    }, after).unref()
    return false
  }

  #copy(part: Part): boolean {
    if (part.chunk === undefined) return true
    if (!this.#coordinator.reserve(part.bytes.length)) return false
    const { chunk } = part
    // reserve() may have cut a reader to make room. If that reader alone held this part, the part is released now. And
    // when a reader leaves, the others pull, which may have copied this part.
    if (part.holders === 0 || chunk === undefined) {
      this.#coordinator.free(part.bytes.length)
      return true
    }
    part.bytes = privateCopy(part.bytes)
    part.chunk = undefined
    chunk.release()
    return true
  }

  hasCopy(reader: Reader): boolean {
    return this.#parts.some(
      ({ chunk }, index) => chunk === undefined && this.#base + index >= reader.releasedTo,
    )
  }

  release(part: Part): void {
    if (--part.holders > 0) return
    if (part.chunk === undefined) this.#coordinator.free(part.bytes.length)
    else part.chunk.release()
    while (this.#parts[0]?.holders === 0) {
      this.#parts.shift()
      this.#base++
    }
    this.pull()
  }

  leave(reader: Reader): void {
    if (!this.readers.delete(reader)) return
    // It releases the parts that it was handed itself. The parts after those it will not fetch any more.
    for (const part of this.#parts.slice(Math.max(0, reader.at - this.#base))) this.release(part)
    if (this.readers.size > 0) {
      this.pull()
      return
    }
    clearTimeout(this.#later)
    this.#scrape?.abort()
    this.#coordinator.ended(this)
  }
}
