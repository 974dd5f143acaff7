/**
 * All scrapes that a front streams: how many at once, who waits, who shares, and who is cut off when readers stall.
 *
 * A reader that takes nothing costs the others neither a place nor a slot: as soon as somebody needs them, what it has
 * not taken is copied (`park`). Copies are bounded; when they run out, the reader that took nothing for longest is cut.
 * Out of the same memory come the answers that transports hold whole, for readers of HTTP/1.0.
 */
import type { Scrape } from '../../exposition/types.js'
import { CLOSING, refuse } from '../request/request.js'
import { Cut, PATIENCE, type Pressure, type Reader, SharedScrape } from './shared-scrape.js'

/** How often deadlines are looked at, ms. */
const TICK = 50
/** Readers that wait for a place; more are refused at once. */
const MAX_WAITING = 128
/** Private memory for readers that stall, all together. */
const MAX_COPIED = 64 * 1024 * 1024
/** A part that is held for so long, ms, is copied where others lack slots, though its readers take of it all the time. */
const SLOW = 100
/** A reader that took nothing for so long, ms, may be cut where others need what it has. */
const STALLED = 500

export interface SharedScrapeLimits {
  /** Scrapes encoded at once. */
  readonly maxConcurrentScrapes: number
  /** How long a reader may wait for its turn, ms. */
  readonly maxWait: number
  /** How long a reader that is judged here may take nothing, ms; 0 for ever. */
  readonly stallTimeout: number
  readonly maxCopied?: number
}

export type CutReason = 'busy' | 'deadline' | 'stalled' | 'memory' | 'closing'

export interface SharedScrapesSettings extends SharedScrapeLimits {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  readonly onCut?: (reason: CutReason) => void
}

const busy = () =>
  new Cut(
    refuse(
      503,
      'busy',
      'there are as many scrapes as allowed at once (option "maxConcurrentScrapes"): try again',
      [['Retry-After', '1']],
    ),
  )
const cut = (why: string) => new Cut(refuse(503, 'slow', why, [['Retry-After', '1']]))

export class SharedScrapes implements Pressure {
  readonly #settings: SharedScrapesSettings
  readonly #all = new Set<SharedScrape>()
  /** Have a place. */
  readonly #running = new Set<SharedScrape>()
  /** Wait for one, those that were parked first. */
  readonly #queue: SharedScrape[] = []
  readonly #maxCopied: number
  #copied = 0
  #relieving = false
  #timer: NodeJS.Timeout | undefined

  constructor(settings: SharedScrapesSettings) {
    this.#settings = settings
    this.#maxCopied = settings.maxCopied ?? MAX_COPIED
  }

  now(): number {
    return this.#settings.now()
  }

  /**
   * A reader of the shared scrape of this key that has not begun yet, or of a new one. `deadline` is on the clock;
   * `onCut` is called when it gets no more, at any time after this call. `judged`: see Open.
   * @throws Cut where too many wait already.
   */
  open(key: string, open: () => Scrape, deadline: number, onCut: (cut: Cut) => void, judged = true): Reader {
    if (this.waiting >= MAX_WAITING) {
      this.#settings.onCut?.('busy')
      throw busy()
    }
    let scrape = [...this.#all].find(one => one.key === key && one.joinable)
    const shared = scrape !== undefined
    scrape ??= new SharedScrape(key, open, this)
    const reader = scrape.join(deadline, onCut, judged)
    if (!shared) {
      this.#all.add(scrape)
      this.#queue.push(scrape)
      this.#admit()
    }
    this.#timer ??= setInterval(() => this.tick(), TICK).unref()
    return reader
  }

  /** Readers that wait for their turn. */
  get waiting(): number {
    let waiting = 0
    for (const { readers } of this.#queue) waiting += readers.size
    return waiting
  }

  get running(): number {
    return this.#running.size
  }

  /** Private memory in use, bytes. */
  get copied(): number {
    return this.#copied
  }

  /** Cuts everybody, at once. */
  close(): void {
    for (const { readers } of [...this.#all])
      for (const reader of [...readers]) this.#cut(reader, 'closing', new Cut(CLOSING))
  }

  /** Cuts those whose time is up. */
  tick(): void {
    const now = this.now()
    const { maxWait, stallTimeout } = this.#settings
    for (const scrape of [...this.#all]) {
      const queued = scrape.state === 'waiting' && scrape.joinable
      for (const reader of [...scrape.readers]) {
        if (now >= reader.deadline) this.#cut(reader, 'deadline', cut('the scrape was not done in its time'))
        else if (queued && now - reader.since >= maxWait) this.#cut(reader, 'busy', busy())
        else if (
          reader.judged &&
          stallTimeout > 0 &&
          !reader.waiting &&
          now - reader.progressedAt >= stallTimeout
        )
          this.#cut(reader, 'stalled', cut('nothing was taken for too long'))
      }
    }
    this.#admit()
  }

  /** Takes place and slots from whoever has been taking nothing for longest; false if there is nobody. */
  relieve(): boolean {
    // Whoever is cut in it calls for others to be let in, which would begin it anew.
    if (this.#relieving) return false
    this.#relieving = true
    const relieved = this.#relieve()
    this.#relieving = false
    return relieved
  }

  /** A scrape finds no slot: takes them from whoever stalls, or else from whoever has held the same part for longest. */
  starved(): void {
    if (this.relieve()) return
    let victim: SharedScrape | undefined
    let since = this.now() - SLOW
    for (const scrape of this.#running) {
      const held = scrape.heldSince
      if (held === undefined || held > since) continue
      victim = scrape
      since = held
    }
    if (victim?.park()) this.#running.delete(victim)
  }

  #relieve(): boolean {
    const now = this.now()
    let victim: SharedScrape | undefined
    let since = now - PATIENCE
    for (const scrape of this.#running) {
      const stalled = scrape.stalledSince
      if (stalled === undefined || stalled > since) continue
      victim = scrape
      since = stalled
    }
    if (victim === undefined) return false
    if (victim.park()) {
      this.#running.delete(victim)
      return true
    }
    if (now - since < STALLED) return false
    for (const reader of [...victim.readers]) this.#cutForMemory(reader)
    return true
  }

  holds(bytes: number): boolean {
    return bytes <= this.#maxCopied
  }

  reserve(bytes: number): boolean {
    while (this.#copied + bytes > this.#maxCopied) {
      const reader = this.#longestStalled()
      if (reader === undefined) return false
      this.#cutForMemory(reader)
    }
    this.#copied += bytes
    return true
  }

  free(bytes: number): void {
    this.#copied -= bytes
  }

  resume(scrape: SharedScrape): void {
    this.#queue.unshift(scrape)
    this.#admit()
  }

  ended(scrape: SharedScrape): void {
    this.#all.delete(scrape)
    this.#running.delete(scrape)
    const at = this.#queue.indexOf(scrape)
    if (at >= 0) this.#queue.splice(at, 1)
    if (this.#all.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    this.#admit()
  }

  #admit(): void {
    while (this.#queue.length > 0) {
      if (this.#running.size >= this.#settings.maxConcurrentScrapes) {
        // Who is cut for it calls here too, and may have taken the place for the next one already.
        if (this.relieve()) continue
        return
      }
      const next = this.#queue.shift()!
      this.#running.add(next)
      next.go()
    }
  }

  #longestStalled(): Reader | undefined {
    let found: Reader | undefined
    let since = this.now() - STALLED
    for (const { readers } of this.#all) {
      for (const reader of readers) {
        if (reader.progressedAt > since || !reader.holdsCopy) continue
        found = reader
        since = reader.progressedAt
      }
    }
    return found
  }

  #cutForMemory(reader: Reader): void {
    this.#cut(reader, 'memory', cut('nothing was taken while others waited'))
  }

  #cut(reader: Reader, reason: CutReason, why: Cut): void {
    this.#settings.onCut?.(reason)
    reader.cut(why)
  }
}
