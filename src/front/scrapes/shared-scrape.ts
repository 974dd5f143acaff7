/**
 * One exposition told to several readers at once. Its parts are pulled from the scraper as the fastest reader asks,
 * and each is kept until the last of the others has taken it.
 *
 * Assumes: one thread; a reader calls `next` again only when it has its answer, reads a part's bytes anew before each
 * use of them, releases what it was given, and reads none of it once it was cut.
 * Guarantees: at most two parts in slots at once; whoever stalls holds private copies instead, which are shared and
 * bounded (Pressure); every part is released exactly once; the scrape is aborted when the last reader has gone.
 */
import type { Chunk, CopyMemory, Scrape } from '../../exposition/types.js'
import { type Refusal, refuse } from '../request/request.js'

/** Parts in slots at once: one being sent, one behind it, so that a socket with room again can be filled at once. */
const WINDOW = 2
/** How long a reader may keep others waiting before what it has not taken is copied, ms. */
export const PATIENCE = 20

/** RFC 9110, 15.5.22: in another protocol it would be answered. */
const TOO_LARGE = refuse(
  426,
  'version',
  'this answer is too large to be held for a reader of HTTP/1.0, which would not see if it were cut: ' +
    'ask in HTTP/1.1 (nginx: proxy_http_version 1.1)',
  [
    ['Upgrade', 'HTTP/1.1'],
    ['Connection', 'Upgrade, close'],
  ],
)
const NO_MEMORY = refuse(
  503,
  'busy',
  'there is no memory left to hold this answer for a reader of HTTP/1.0: try again, or ask in HTTP/1.1 ' +
    '(nginx: proxy_http_version 1.1)',
  [['Retry-After', '1']],
)

/** What an shared scrape asks of all of them together. */
export interface Pressure extends CopyMemory {
  /** Whether so many bytes could be had if nobody else had any. */
  holds(bytes: number): boolean
  now(): number
  /** A parked shared scrape wants to go on; calls its `go` when there is a place. */
  resume(scrape: SharedScrape): void
  /** Nobody reads it any more. */
  ended(scrape: SharedScrape): void
}

/** Why a reader gets no more, in words for it. */
export class Cut extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.reason.trimEnd())
    this.refusal = refusal
  }
}

/** A scrape as a transport reads it. */
export interface Reading extends Scrape {
  /**
   * Asks for so much private memory more, for its transport to copy parts to; given back by `drop`, or when it ends.
   * @throws Cut where there is none.
   */
  keep(bytes: number): void
  drop(bytes: number): void
  /** Says that the peer has taken something since. */
  progress(): void
}

class Part {
  bytes: Uint8Array
  /** Readers that have not released it. */
  holders: number
  /** Undefined once the bytes are a private copy. */
  chunk: Chunk | undefined
  /** When it was encoded, ms on the scrapes' clock. */
  readonly since: number

  constructor(chunk: Chunk, holders: number, since: number) {
    this.since = since
    this.bytes = chunk.bytes
    this.chunk = chunk
    this.holders = holders
  }
}

export class SharedScrape {
  readonly key: string
  readonly #pressure: Pressure
  readonly #open: () => Scrape
  readonly readers = new Set<Reader>()
  state: 'waiting' | 'running' | 'parked' = 'waiting'
  #scrape: Scrape | undefined
  /** Parts that some reader has not released; the first is number #base. */
  #parts: Part[] = []
  #base = 0
  #pulling = false
  #told = false
  #failure: unknown
  #failed = false
  #later: NodeJS.Timeout | undefined

  constructor(key: string, open: () => Scrape, pressure: Pressure) {
    this.key = key
    this.#open = open
    this.#pressure = pressure
  }

  /** Whether a reader that comes now gets all of it, with values older than its request by its first part at most. */
  get joinable(): boolean {
    return this.#base === 0 && this.#parts.length === 0 && !this.#told && !this.#failed
  }

  join(deadline: number, onCut: (cut: Cut) => void, judged: boolean): Reader {
    const reader = new Reader(this, deadline, onCut, judged, this.#pressure)
    this.readers.add(reader)
    return reader
  }

  /** It has a place now. */
  go(): void {
    this.state = 'running'
    this.pull()
  }

  /** Since when all of its readers have been taking nothing; undefined while one of them waits for more. */
  get stalledSince(): number | undefined {
    let since = Number.NEGATIVE_INFINITY
    for (const reader of this.readers) {
      if (reader.waiting) return undefined
      since = Math.max(since, reader.progressedAt)
    }
    return this.readers.size === 0 ? undefined : since
  }

  /** Since when its first part in a slot has been there; undefined while one of its readers waits for more. */
  get heldSince(): number | undefined {
    for (const reader of this.readers) if (reader.waiting) return undefined
    return this.#parts.find(({ chunk }) => chunk !== undefined)?.since
  }

  /** Copies what its readers have not taken, and gives back its slots and its place; false where memory forbids. */
  park(): boolean {
    if (this.#pulling) return false
    for (const part of this.#parts) if (!this.#copy(part)) return false
    if (this.#scrape?.rest(this.#pressure) === false) return false
    this.state = 'parked'
    return true
  }

  part(at: number): Part | undefined {
    return this.#parts[at - this.#base]
  }

  /** Whether there will be no part of this number. */
  over(at: number): boolean {
    return this.#told && at >= this.#base + this.#parts.length
  }

  /** @throws what the scrape failed with. */
  check(): void {
    if (this.#failed) throw this.#failure
  }

  /** Gets the next part, if a reader waits for it and there is room. */
  pull(): void {
    if (this.#pulling || this.#told || this.#failed || !this.#wanted()) return
    if (this.state === 'parked') {
      this.state = 'waiting'
      this.#pressure.resume(this)
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
      else if (chunk === undefined) this.#told = true
      else this.#parts.push(new Part(chunk, this.readers.size, this.#pressure.now()))
    } catch (error) {
      this.#failed = true
      this.#failure = error
    }
    this.#pulling = false
    for (const reader of [...this.readers]) reader.wake()
  }

  #wanted(): boolean {
    const end = this.#base + this.#parts.length
    for (const reader of this.readers) if (reader.waiting && reader.at === end) return true
    return false
  }

  /** Makes room for a part in a slot, at the cost of the readers that are behind. */
  #room(): boolean {
    let held = 0
    for (const { chunk } of this.#parts) if (chunk !== undefined) held++
    for (const part of this.#parts) {
      if (held < WINDOW) return true
      if (part.chunk === undefined) continue
      const patience = this.#slowest(part) + PATIENCE - this.#pressure.now()
      if (patience > 0) return this.#again(patience)
      if (!this.#copy(part)) return this.#again(PATIENCE)
      held--
    }
    return held < WINDOW
  }

  /** When the last of the readers that hold a part took anything. */
  #slowest(part: Part): number {
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
    if (!this.#pressure.reserve(part.bytes.length)) return false
    const { chunk } = part
    // Whom it took to make room may have been the last to hold it, or have had it copied by going.
    if (part.holders === 0 || chunk === undefined) {
      this.#pressure.free(part.bytes.length)
      return true
    }
    part.bytes = new Uint8Array(part.bytes)
    part.chunk = undefined
    chunk.release()
    return true
  }

  /** Whether private memory is held for a reader. */
  hasCopy(reader: Reader): boolean {
    return this.#parts.some(
      ({ chunk }, index) => chunk === undefined && this.#base + index >= reader.releasedTo,
    )
  }

  release(part: Part): void {
    if (--part.holders > 0) return
    if (part.chunk === undefined) this.#pressure.free(part.bytes.length)
    else part.chunk.release()
    while (this.#parts[0]?.holders === 0) {
      this.#parts.shift()
      this.#base++
    }
    this.pull()
  }

  leave(reader: Reader): void {
    if (!this.readers.delete(reader)) return
    // What it was given it releases itself; the others' parts it will not come for.
    for (const part of this.#parts.slice(Math.max(0, reader.at - this.#base))) this.release(part)
    if (this.readers.size > 0) {
      this.pull()
      return
    }
    clearTimeout(this.#later)
    this.#scrape?.abort()
    this.#pressure.ended(this)
  }
}

/** One reader's side of an shared scrape. */
export class Reader implements Reading {
  readonly #shared: SharedScrape
  readonly #onCut: (cut: Cut) => void
  /** When it must be done, ms on the scrapes' clock. */
  readonly deadline: number
  /** Whether it is cut when it was handed something and took nothing for too long. */
  readonly judged: boolean
  /** When it came. */
  readonly since: number
  /** The number of the part that it gets next, and of the first that it has not released. */
  at = 0
  releasedTo = 0
  waiting = false
  progressedAt: number
  readonly #pressure: Pressure
  /** Private memory that its transport has for it. */
  #kept = 0
  /** Releases what it was given and has not released. */
  readonly #held = new Set<() => void>()
  #wake: (() => void) | undefined
  #cut: Cut | undefined
  #left = false

  constructor(
    shared: SharedScrape,
    deadline: number,
    onCut: (cut: Cut) => void,
    judged: boolean,
    pressure: Pressure,
  ) {
    this.#shared = shared
    this.#onCut = onCut
    this.#pressure = pressure
    this.deadline = deadline
    this.judged = judged
    this.since = pressure.now()
    this.progressedAt = this.since
  }

  /** Whether it has something to take and private memory is held for it. */
  get holdsCopy(): boolean {
    return !this.waiting && (this.#kept > 0 || this.#shared.hasCopy(this))
  }

  /** @throws Cut, or what the scrape failed with. */
  async next(): Promise<Chunk | undefined> {
    for (;;) {
      if (this.#cut !== undefined) throw this.#cut
      if (this.#left) return undefined
      this.#shared.check()
      const part = this.#shared.part(this.at)
      if (part !== undefined) return this.#hand(part)
      if (this.#shared.over(this.at)) return undefined
      this.waiting = true
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#shared.pull()
      await woken
      this.waiting = false
    }
  }

  progress(): void {
    this.progressedAt = this.#pressure.now()
  }

  keep(bytes: number): void {
    if (this.#cut !== undefined) throw this.#cut
    if (!this.#pressure.holds(this.#kept + bytes)) throw new Cut(TOO_LARGE)
    if (!this.#pressure.reserve(bytes)) throw new Cut(NO_MEMORY)
    this.#kept += bytes
  }

  drop(bytes: number): void {
    const dropped = Math.min(bytes, this.#kept)
    this.#kept -= dropped
    this.#pressure.free(dropped)
  }

  /** Nothing is encoded ahead by a reader. */
  rest(): boolean {
    return true
  }

  abort(): void {
    this.#left = true
    this.drop(this.#kept)
    this.#shared.leave(this)
    this.wake()
  }

  /** Takes it out, and has its transport end the answer. What it held is others' at once. */
  cut(cut: Cut): void {
    if (this.#left || this.#cut !== undefined) return
    this.#cut = cut
    this.#onCut(cut)
    this.abort()
    for (const release of [...this.#held]) release()
  }

  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #hand(part: Part): Chunk {
    this.at++
    this.progress()
    const release = () => {
      if (!this.#held.delete(release)) return
      this.releasedTo++
      this.progress()
      this.#shared.release(part)
    }
    this.#held.add(release)
    return {
      // Read anew each time: it may have become a copy.
      get bytes() {
        return part.bytes
      },
      release,
    }
  }
}
