import type { Chunk, CopyMemory, Scrape } from '../../exposition/types.js'
import { refuse } from '../request/request.js'
import { Cut } from './cut.js'
import type { Part } from './part.js'

/** RFC 9110, 15.5.22: the same request would be answered in another protocol. */
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

/** A scrape as a transport reads it. */
export interface Reading extends Scrape {
  /**
   * Reserves so many more bytes of private memory, to which the transport copies parts. `drop` and the end of the
   * scrape give them back.
   * @throws Cut where there is none.
   */
  keep(bytes: number): void
  drop(bytes: number): void
  /** Reports that the peer has taken something since the last part was handed out. */
  progress(): void
}

/** What a reader uses of all shared scrapes together: their private memory and their clock. */
export interface ReaderContext extends CopyMemory {
  /** Whether so many bytes would fit if nobody else held any. */
  holds(bytes: number): boolean
  /** Milliseconds on a clock that never goes back. */
  now(): number
}

/** A shared scrape as one of its readers sees it. Parts are numbered from 0. */
export interface PartSource {
  /** The part of this number; undefined if it is not encoded yet, or released by all. */
  part(at: number): Part | undefined
  /** Whether there will be no part of this number. */
  over(at: number): boolean
  /** @throws what the scrape failed with. */
  check(): void
  /** Fetches the next part, if a reader waits for it and there is room. */
  pull(): void
  release(part: Part): void
  /** Whether a private copy is held for this reader. */
  hasCopy(reader: Reader): boolean
  leave(reader: Reader): void
}

export interface ReaderSettings {
  /** When it must have all parts, ms on the context's clock. */
  readonly deadline: number
  /** Called once if it gets no more parts. */
  readonly onCut: (cut: Cut) => void
  /** Whether it is cut when it was handed a part and has taken nothing for too long. */
  readonly judged: boolean
}

/** One reader of a shared scrape. */
export class Reader implements Reading {
  readonly deadline: number
  readonly judged: boolean
  /** When it came, ms. */
  readonly since: number
  /** The number of the part that it gets next. */
  at = 0
  /** The number of the first part that it has not released. */
  releasedTo = 0
  /** Whether it waits for a part. */
  waiting = false
  /** When it last took something, ms. */
  progressedAt: number
  readonly #source: PartSource
  readonly #context: ReaderContext
  readonly #onCut: (cut: Cut) => void
  /** Bytes of private memory that its transport holds. */
  #kept = 0
  /** Releases the parts that it was handed and has not released. */
  readonly #held = new Set<() => void>()
  #wake: (() => void) | undefined
  #cut: Cut | undefined
  #left = false

  constructor(source: PartSource, context: ReaderContext, settings: ReaderSettings) {
    this.#source = source
    this.#context = context
    this.#onCut = settings.onCut
    this.deadline = settings.deadline
    this.judged = settings.judged
    this.since = context.now()
    this.progressedAt = this.since
  }

  /** Whether it has something to take, and private memory is held for it. */
  get holdsCopy(): boolean {
    return !this.waiting && (this.#kept > 0 || this.#source.hasCopy(this))
  }

  /** @throws Cut, or what the scrape failed with. */
  async next(): Promise<Chunk | undefined> {
    for (;;) {
      if (this.#cut !== undefined) throw this.#cut
      if (this.#left) return undefined
      this.#source.check()
      const part = this.#source.part(this.at)
      if (part !== undefined) return this.#hand(part)
      if (this.#source.over(this.at)) return undefined
      this.waiting = true
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#source.pull()
      await woken
      this.waiting = false
    }
  }

  progress(): void {
    this.progressedAt = this.#context.now()
  }

  keep(bytes: number): void {
    if (this.#cut !== undefined) throw this.#cut
    if (!this.#context.holds(this.#kept + bytes)) throw new Cut(TOO_LARGE)
    if (!this.#context.reserve(bytes)) throw new Cut(NO_MEMORY)
    this.#kept += bytes
  }

  drop(bytes: number): void {
    const dropped = Math.min(bytes, this.#kept)
    this.#kept -= dropped
    this.#context.free(dropped)
  }

  /** A reader has nothing encoded ahead: there is nothing to give back. */
  rest(): boolean {
    return true
  }

  abort(): void {
    this.#left = true
    this.drop(this.#kept)
    this.#source.leave(this)
    this.wake()
  }

  /** Removes it from the scrape, and has its transport end the answer. Others can use at once what it held. */
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
      this.#source.release(part)
    }
    this.#held.add(release)
    return {
      // Read anew at each use, because the part may have been copied since.
      get bytes() {
        return part.bytes
      },
      release,
    }
  }
}
