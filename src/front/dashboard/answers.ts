/**
 * Answers what pages ask. Pages are left open for days, and a picture may stand for two million series: so what all of
 * them cost is bounded, however many there are and whatever they ask.
 *
 * Assumes: one thread.
 * Guarantees: one question is worked on at a time. A page is told to ask so seldom that it takes EACH of a processor, and
 * gets the last answer again if it asks more often; only its second answer, without which it knows no rates, comes
 * sooner. All pages together take ALL of it at most: the next question waits so long. A bounded number of questions
 * waits, and none that nobody waits for any more. What is kept of answers is bounded.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HashKey } from '../../common/half-sip-hash.js'
import type { Panel } from '../request/panels.js'
import { LabelHash, randomKey } from './label-hash.js'
import { Look, type LookSettings } from './look.js'
import type { SeriesCounts } from './series-counts.js'
import type { Looked } from './summing.js'

/** Milliseconds from answer to answer, of what costs little. */
const LEAST_EVERY = 2_000
const MOST_EVERY = 60_000
const STEP = 500
/** Of a processor. */
export const EACH = 1 / 50
const ALL = 1 / 10
const MOST_WAITING = 16
const MOST_KEPT = 32
const MOST_KEPT_BYTES = 16 * 1024 * 1024

export interface DashboardSettings extends Omit<LookSettings, 'date' | 'hash' | 'wait'> {
  readonly date?: LookSettings['date']
  readonly wait?: LookSettings['wait']
  /** Of the hashes of series; a random one if there is none. */
  readonly key?: HashKey
}

/** An answer that somebody waits for. */
export interface Asked {
  /** JSON. Rejects as the scrape does. */
  readonly answer: Promise<Uint8Array>
  /** Says that nobody waits for it any more; can be called twice. */
  leave(): void
}

export class DashboardAnswers {
  readonly #settings: LookSettings
  /** By what is asked, the longest kept first. */
  readonly #kept = new Map<string, Question>()
  readonly #waiting: Question[] = []
  readonly #started: number
  #working = false
  /** Before this nothing is worked on, on the clock. */
  #free = 0

  constructor(settings: DashboardSettings) {
    const { key = randomKey(), ...others } = settings
    this.#settings = {
      wait: ms => sleep(ms, undefined, { ref: false }),
      date: Date.now,
      ...others,
      hash: new LabelHash(key),
    }
    this.#started = this.#settings.date()
  }

  /** The figures of these panels; undefined where too many questions wait. */
  figures(panels: readonly Panel[]): Asked | undefined {
    const now = this.#settings.now()
    const key = JSON.stringify(panels)
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > now) return this.#await(kept)
    if (this.#waiting.length >= MOST_WAITING) return undefined
    for (const [old, { until }] of this.#kept) if (until + MOST_EVERY <= now) this.#kept.delete(old)
    const question = new Question(
      key,
      panels,
      kept?.cost,
      kept?.takeLooked() ?? this.#lookedElsewhere(panels),
    )
    this.#kept.delete(key)
    this.#kept.set(key, question)
    this.#waiting.push(question)
    if (!this.#working) void this.#work()
    return this.#await(question)
  }

  /** Has all questions that wait fail so. */
  close(why: Error): void {
    for (const question of this.#waiting.splice(0)) {
      this.#forget(question)
      question.fail(why)
    }
  }

  /**
   * What other questions know of these families: a page that shows one picture more asks a new question, and would know
   * for one answer neither rates nor which values are the busiest.
   */
  #lookedElsewhere(panels: readonly Panel[]): Looked {
    const found = new Map<string, SeriesCounts>()
    for (const { name } of panels)
      for (const { looked } of this.#kept.values()) {
        const counts = looked?.get(name)
        // The last one is the newest.
        if (counts !== undefined) found.set(name, counts)
      }
    return found
  }

  #await(question: Question): Asked {
    question.askers++
    let waits = true
    const leave = () => {
      if (!waits) return
      waits = false
      if (--question.askers > 0) return
      const at = this.#waiting.indexOf(question)
      if (at < 0) return
      this.#waiting.splice(at, 1)
      this.#forget(question)
    }
    return { answer: question.answer, leave }
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      // Even where it need not wait, others have their turn between two.
      await this.#settings.wait(Math.max(0, this.#free - this.#settings.now()))
      const question = this.#waiting.shift()
      if (question !== undefined) await this.#answer(question)
    }
    this.#working = false
  }

  async #answer(question: Question): Promise<void> {
    const { now, date } = this.#settings
    const look = new Look(this.#settings, question.panels, question.takeLooked())
    try {
      const time = date()
      const answers = await look.answers()
      const { cost } = look
      const every = everyOf(cost, question.costBefore)
      const head = `"time":${time},"started":${this.#started},"every":${every}`
      const bytes = Buffer.from(`{${head},"panels":[${answers.join(',')}]}`)
      // A little less: a page that asks at its time must find a new one.
      question.give(bytes, look.looked!, cost, now() + every * 0.8)
      this.#trim()
    } catch (error) {
      this.#forget(question)
      question.fail(error)
    }
    // What fails has cost, too.
    this.#free = now() + look.cost * (1 / ALL - 1)
  }

  #forget(question: Question): void {
    if (this.#kept.get(question.key) === question) this.#kept.delete(question.key)
  }

  #trim(): void {
    let bytes = 0
    for (const question of this.#kept.values()) bytes += question.bytes
    for (const [key, question] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT && bytes <= MOST_KEPT_BYTES) return
      bytes -= question.bytes
      // One that is not answered yet goes on without what it knew of the time before.
      if (question.until === Number.POSITIVE_INFINITY) question.takeLooked()
      else this.#kept.delete(key)
    }
  }
}

/** What one page asks, or several that ask the same. */
class Question {
  readonly key: string
  readonly panels: readonly Panel[]
  /** What the one before cost, ms; undefined if there was none. */
  readonly costBefore: number | undefined
  readonly answer: Promise<Uint8Array>
  /** How many wait for it. */
  askers = 0
  cost: number | undefined
  /** Of what is kept of it. */
  bytes = 0
  /** Until when the answer is given again, on the clock; Infinity while there is none. */
  until = Number.POSITIVE_INFINITY
  /** What its look begins from; when it is answered, what that of the next one does. */
  #looked: Looked | undefined
  #resolve!: (answer: Uint8Array) => void
  #reject!: (error: unknown) => void

  constructor(
    key: string,
    panels: readonly Panel[],
    costBefore: number | undefined,
    looked: Looked | undefined,
  ) {
    this.key = key
    this.panels = panels
    this.costBefore = costBefore
    this.#keep(looked)
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Who asked may be gone: then nobody hears of a failure.
    this.answer.catch(() => {})
  }

  get looked(): Looked | undefined {
    return this.#looked
  }

  /** Whoever takes it is the only one who keeps it. */
  takeLooked(): Looked | undefined {
    const looked = this.#looked
    this.#looked = undefined
    if (looked !== undefined) this.bytes -= bytesOf(looked)
    return looked
  }

  #keep(looked: Looked | undefined): void {
    this.#looked = looked
    if (looked !== undefined) this.bytes += bytesOf(looked)
  }

  give(answer: Uint8Array, looked: Looked, cost: number, until: number): void {
    this.#keep(looked)
    this.bytes += answer.length
    this.cost = cost
    this.until = until
    this.#resolve(answer)
  }

  fail(error: unknown): void {
    this.#reject(error)
  }
}

function bytesOf(looked: Looked): number {
  let all = 0
  for (const { bytes } of looked.values()) all += bytes
  return all
}

/** How long a page waits. Work that something else held up seems dear, so of two answers the cheaper one counts. */
function everyOf(cost: number, before: number | undefined): number {
  const every = before === undefined ? cost / ALL : Math.min(cost, before) / EACH
  return Math.min(MOST_EVERY, Math.max(LEAST_EVERY, Math.ceil(every / STEP) * STEP))
}
