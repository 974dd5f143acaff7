/**
 * All scrapes that a front streams. Decides how many run at once, which readers wait, which share a scrape, and which
 * are cut when readers stall.
 *
 * A reader that takes nothing costs the others neither a permit nor a slot: as soon as another scrape needs them, the
 * parts that the reader has not taken are copied (`park`). Memory for copies is bounded. When it is used up, the reader
 * that has taken nothing for longest is cut. Transports hold whole answers for readers of HTTP/1.0 in the same memory.
 */
import type { Scrape } from '../../exposition/types.js'
import { CLOSING, refuse } from '../request/request.js'
import { Cut } from './cut.js'
import type { Reader } from './reader.js'
import { type Coordinator, PATIENCE, SharedScrape } from './shared-scrape.js'

/** How often deadlines are checked, ms. */
const TICK = 50
/** Readers that wait for a permit; more are refused at once. */
const MAX_WAITING = 128
/** Private memory for all readers that stall, bytes. */
const MAX_COPIED = 64 * 1024 * 1024
/** A part in a slot for so long, ms, is copied when others lack slots, even while its readers go on taking it. */
const SLOW = 100
/** A reader that has taken nothing for so long, ms, may be cut when others need what it holds. */
const STALLED = 500

export interface SharedScrapeLimits {
  /** Permits: scrapes that are encoded at once. */
  readonly maxConcurrentScrapes: number
  /** How long a reader may wait for a permit, ms. */
  readonly maxWait: number
  /** How long a reader that is judged here may take nothing, ms; 0 for no limit. */
  readonly stallTimeout: number
  /** Private memory for all readers that stall, bytes; default 64 MiB. */
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

export class SharedScrapes implements Coordinator {
  readonly #settings: SharedScrapesSettings
  readonly #all = new Set<SharedScrape>()
  /** Those that have a permit. */
  readonly #running = new Set<SharedScrape>()
  /** Those that wait for a permit, parked ones first. */
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
   * Returns a reader of the scrape of this key that has not handed out a part, or of a new one. `deadline` is on the
   * clock. `onCut` is called if the reader gets no more, at any time after this call. `judged`: see OpenScrape.
   * @throws Cut if too many readers wait already.
   */
  open(key: string, open: () => Scrape, deadline: number, onCut: (cut: Cut) => void, judged = true): Reader {
    if (this.waiting >= MAX_WAITING) {
      this.#settings.onCut?.('busy')
      throw busy()
    }
    let scrape = [...this.#all].find(one => one.key === key && one.joinable)
    const shared = scrape !== undefined
    scrape ??= new SharedScrape(key, open, this)
    const reader = scrape.join({ deadline, onCut, judged })
    if (!shared) {
      this.#all.add(scrape)
      this.#queue.push(scrape)
      this.#admit()
    }
    this.#timer ??= setInterval(() => this.tick(), TICK).unref()
    return reader
  }

  /** Readers that wait for a permit. */
  get waiting(): number {
    let waiting = 0
    for (const { readers } of this.#queue) waiting += readers.size
    return waiting
  }

  /** Scrapes that have a permit. */
  get running(): number {
    return this.#running.size
  }

  /** Private memory in use, bytes. */
  get copied(): number {
    return this.#copied
  }

  /** Cuts all readers at once. */
  close(): void {
    for (const { readers } of [...this.#all])
      for (const reader of [...readers]) this.#cut(reader, 'closing', new Cut(CLOSING))
  }

  /** Cuts the readers whose time is up. */
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
          this.#cut(reader, 'stalled', cut('the reader took nothing for too long'))
      }
    }
    this.#admit()
  }

  /** Parks the scrape whose readers have taken nothing for longest, or cuts them; false if no scrape stalls. */
  relieve(): boolean {
    // A cut below ends its scrape, which calls #admit(), which would call this again.
    if (this.#relieving) return false
    this.#relieving = true
    const relieved = this.#relieve()
    this.#relieving = false
    return relieved
  }

  /**
   * A scrape finds no slot: parks a scrape that stalls, or else the one that has held one part in a slot for longest.
   */
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
        // A scrape that it ended has called here, too, and the next one may have got the permit: so both are read
        // again.
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
    this.#cut(reader, 'memory', cut('the reader took nothing while others waited'))
  }

  #cut(reader: Reader, reason: CutReason, why: Cut): void {
    this.#settings.onCut?.(reason)
    reader.cut(why)
  }
}
