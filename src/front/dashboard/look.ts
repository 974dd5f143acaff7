/**
 * One look at the metrics for the panels of a question.
 *
 * Guarantees: it works in steps of about a millisecond, between which the thread serves others, and gives its permit to
 * scrape up where others wait for one.
 */
import type { ListedFamily } from '../../exposition/family-list.js'
import type { Scrape, ScrapeOptions, Scraper } from '../../exposition/types.js'
import { FamilyReader } from '../../reading/protobuf.js'
import type { Panel } from '../request/panels.js'
import type { LabelHash } from './label-hash.js'
import { type Looked, Summing } from './summing.js'

/** Bytes that one panel sums up in a step. */
const PIECE = 128 * 1024
/** A step that takes longer, ms, was held up: by other work of the machine, or because the process was stopped. */
const MOST_STEP = 1_000
/** How often it asks whether others still wait, ms. */
const GIVE_WAY = 20
/** The pool's threads encode what is summed up here, and take about as long. */
const THREADS = 2

export interface LookSettings {
  readonly scraper: Pick<Scraper, 'small' | 'families'>
  /** Begins a scrape that is not small. Calls `onCut` if there is no more of it: then what it handed out is not read. */
  readonly open: (options: ScrapeOptions, onCut: (why: Error) => void) => Scrape
  /** Whether others wait for a permit to scrape. */
  readonly othersWait: () => boolean
  readonly selfMetrics: boolean
  /** Called before each look at the metrics. */
  readonly refresh: () => void
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  /** Milliseconds since the epoch. */
  readonly date: () => number
  readonly hash: LabelHash
  readonly wait: (ms: number) => Promise<unknown>
}

export class Look {
  readonly #settings: LookSettings
  readonly #panels: readonly Panel[]
  readonly #before: Looked | undefined
  #looked: Looked | undefined
  #cost = 0

  /** @param before the look before, at the same panels. */
  constructor(settings: LookSettings, panels: readonly Panel[], before?: Looked) {
    this.#settings = settings
    this.#panels = panels
    this.#before = before
  }

  /** What the next look begins from, when there are answers. */
  get looked(): Looked | undefined {
    return this.#looked
  }

  /** Milliseconds of processors until now, as far as they are seen here. */
  get cost(): number {
    return this.#cost * THREADS
  }

  /** What the page gets of each panel, as JSON. Rejects as the scrape does. */
  async answers(): Promise<string[]> {
    const { scraper, selfMetrics, refresh } = this.#settings
    refresh()
    const { now, date, hash } = this.#settings
    const moment = { at: now(), date: date(), hash }
    const summing = this.#step(() => new Summing(this.#panels, this.#list(), moment, this.#before))
    const { names, sums } = summing
    if (names.length > 0) {
      const options: ScrapeOptions = { format: 'protobuf', prefix: '', selfMetrics, names, created: true }
      const reader = new FamilyReader(summing)
      const small = this.#step(() => scraper.small(options))
      if (small === undefined) await this.#read(options, reader, Math.ceil(PIECE / sums))
      else this.#step(() => reader.push(small))
      reader.end()
    }
    const all: string[] = []
    for (const answer of summing.answers()) {
      await turn()
      all.push(this.#step(() => JSON.stringify(answer())))
    }
    this.#looked = summing.looked
    return all
  }

  #list(): Map<string, ListedFamily> {
    const { scraper, selfMetrics } = this.#settings
    return new Map(scraper.families(selfMetrics).map(family => [family.name, family]))
  }

  async #read(options: ScrapeOptions, reader: FamilyReader, piece: number): Promise<void> {
    const { open, othersWait, wait } = this.#settings
    const cut = new AbortController()
    const scrape = open(options, why => cut.abort(why))
    try {
      for (;;) {
        while (othersWait() && !cut.signal.aborted) await wait(GIVE_WAY)
        const chunk = await scrape.next()
        if (chunk === undefined) return
        try {
          for (let at = 0; at < chunk.bytes.length; at += piece) {
            await turn()
            cut.signal.throwIfAborted()
            // Read anew each time: it may have been copied since.
            this.#step(() => reader.push(chunk.bytes.subarray(at, at + piece)))
          }
        } finally {
          chunk.release()
        }
      }
    } finally {
      scrape.abort()
    }
  }

  #step<T>(work: () => T): T {
    const { now } = this.#settings
    const begun = now()
    try {
      return work()
    } finally {
      this.#cost += Math.min(MOST_STEP, now() - begun)
    }
  }
}

/** Lets others have their turn. */
function turn(): Promise<void> {
  return new Promise(setImmediate)
}
