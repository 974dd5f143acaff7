/**
 * Answers what pages ask. Pages are left open for days, and a picture may stand for two million series: so what all of
 * them cost is bounded, however many there are and whatever they ask.
 *
 * Assumes: one thread.
 * Guarantees: one question is worked on at a time, in pieces between which the thread serves others. A page is told to
 * ask so seldom that it takes EACH of a processor, and gets the last answer again if it asks more often; only its second
 * answer, without which it knows no rates, comes sooner. All pages together take ALL of it at most: the next question
 * waits so long. A bounded number of questions waits.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ListedFamily } from '../../exposition/family-list.js'
import type { Scrape, ScrapeOptions, Scraper } from '../../exposition/types.js'
import { FamilyReader } from '../../reading/protobuf.js'
import type { Panel } from '../request/panels.js'
import { type PanelAnswer, Summing } from './summing.js'

/** Milliseconds from answer to answer, of what costs little. */
const LEAST_EVERY = 2_000
const MOST_EVERY = 60_000
const STEP = 500
/** Of a processor. */
const EACH = 1 / 50
const ALL = 1 / 10
/** The pool's threads encode what is summed up here, and take about as long. */
const THREADS = 2
/** Bytes that are summed up before others have their turn: about a millisecond. */
const PIECE = 128 * 1024
const MOST_WAITING = 16
const MOST_KEPT = 32

export interface DashboardSettings {
  readonly scraper: Pick<Scraper, 'small' | 'families'>
  /** Begins a scrape that is not small. */
  readonly open: (options: ScrapeOptions) => Scrape
  readonly selfMetrics: boolean
  /** Called before each look at the metrics. */
  readonly refresh: () => void
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  /** Milliseconds since the epoch. */
  readonly date?: () => number
  readonly wait?: (ms: number) => Promise<unknown>
}

interface Kept {
  readonly answer: Promise<Uint8Array>
  /** What the one before cost, ms; undefined if there was none. */
  readonly before: number | undefined
  cost?: number
  /** On the clock; Infinity while it is worked on. */
  until: number
}

export class DashboardAnswers {
  readonly #settings: DashboardSettings
  readonly #date: () => number
  readonly #wait: (ms: number) => Promise<unknown>
  readonly #kept = new Map<string, Kept>()
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  /** Before this nothing is worked on, on the clock. */
  #free = 0

  constructor(settings: DashboardSettings) {
    this.#settings = settings
    this.#date = settings.date ?? Date.now
    this.#wait = settings.wait ?? (ms => sleep(ms))
  }

  /** All families, as JSON. */
  families(): Uint8Array {
    const families = this.#list().map(({ unit, ...family }) => ({
      ...family,
      ...(unit === '' ? {} : { unit }),
    }))
    return Buffer.from(JSON.stringify({ families }))
  }

  /** The figures of these panels, as JSON; undefined where too many questions wait. Rejects as the scrape does. */
  figures(panels: readonly Panel[]): Promise<Uint8Array> | undefined {
    const now = this.#settings.now()
    const key = JSON.stringify(panels)
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > now) return kept.answer
    if (this.#waiting >= MOST_WAITING) return undefined
    for (const [old, { until }] of this.#kept) if (until + MOST_EVERY <= now) this.#kept.delete(old)
    this.#waiting++
    const answer = this.#turn.then(() => this.#answer(panels, key))
    const settle = () => {
      this.#waiting--
    }
    // Who asked may be gone: then nobody hears of a failure.
    this.#turn = answer.then(settle, settle)
    this.#kept.delete(key)
    this.#kept.set(key, { answer, before: kept?.cost, until: Number.POSITIVE_INFINITY })
    return answer
  }

  async #answer(panels: readonly Panel[], key: string): Promise<Uint8Array> {
    const { now } = this.#settings
    try {
      const early = this.#free - now()
      if (early > 0) await this.#wait(early)
      const time = this.#date()
      const { answers, cost } = await this.#sum(panels)
      this.#free = now() + cost * (1 / ALL - 1)
      const kept = this.#kept.get(key)
      const every = everyOf(cost, kept?.before)
      // A little less: a page that asks at its time must find a new one.
      if (kept !== undefined) Object.assign(kept, { cost, until: now() + every * 0.8 })
      while (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
      return Buffer.from(JSON.stringify({ time, every, panels: answers }))
    } catch (error) {
      this.#kept.delete(key)
      throw error
    }
  }

  /** `cost` is milliseconds of processors, as far as they are seen here. */
  async #sum(panels: readonly Panel[]): Promise<{ answers: readonly PanelAnswer[]; cost: number }> {
    const { scraper, open, selfMetrics, refresh, now } = this.#settings
    let cost = 0
    const timed = <T>(work: () => T): T => {
      const begun = now()
      const made = work()
      cost += now() - begun
      return made
    }
    refresh()
    const summing = timed(
      () => new Summing(panels, new Map(this.#list().map(family => [family.name, family]))),
    )
    const { names } = summing
    if (names.length > 0) {
      const options: ScrapeOptions = { format: 'protobuf', prefix: '', selfMetrics, names }
      const reader = new FamilyReader(summing)
      const small = timed(() => scraper.small(options))
      if (small !== undefined) timed(() => reader.push(small))
      else await read(open(options), piece => timed(() => reader.push(piece)))
      reader.end()
    }
    return { answers: timed(() => summing.answers()), cost: cost * THREADS }
  }

  #list(): readonly ListedFamily[] {
    return this.#settings.scraper.families(this.#settings.selfMetrics)
  }
}

/** How long a page waits. Work that something else held up seems dear, so of two answers the cheaper one counts. */
function everyOf(cost: number, before: number | undefined): number {
  const every = before === undefined ? cost / ALL : Math.min(cost, before) / EACH
  return Math.min(MOST_EVERY, Math.max(LEAST_EVERY, Math.ceil(every / STEP) * STEP))
}

/** Hands out a scrape piece by piece; others have their turn between two. */
async function read(scrape: Scrape, take: (piece: Uint8Array) => void): Promise<void> {
  try {
    for (let chunk = await scrape.next(); chunk !== undefined; chunk = await scrape.next()) {
      try {
        for (let at = 0; at < chunk.bytes.length; at += PIECE) {
          if (at > 0) await new Promise(setImmediate)
          // Read anew each time: it may have been copied since.
          take(chunk.bytes.subarray(at, at + PIECE))
        }
      } finally {
        chunk.release()
      }
    }
  } finally {
    scrape.abort()
  }
}
