/** Says what goes wrong: each kind once until it is over, then once that it is over. */
import { type Log, logEvent } from '../../common/log.js'
import type { Failure } from './outcome.js'

export type { Log } from '../../common/log.js'

/** Codes of the two events. */
interface Codes {
  readonly failing: string
  readonly again: string
}

/** Pushes to a receiver. */
export const PUSHES: Codes = { failing: 'push-failing', again: 'push-again' }
/** Files that are read again when they change: the old content stays in use. */
export const FILES: Codes = { failing: 'push-file-not-read', again: 'push-file-read' }

/**
 * A kind that was over and comes again is not said within this time, ms. Otherwise a receiver that takes each second body
 * would be said to fail and to work again all the time.
 */
export const SAY_AGAIN_AFTER = 10 * 60_000

/** Kinds are codes of errors and statuses: there are not many, but the receiver chooses the status. */
const MAX_KINDS = 64

export class Troubles {
  readonly #log: Log
  readonly #now: () => number
  readonly #codes: Codes
  readonly #over: string
  /** When each kind was said last. */
  readonly #said = new Map<string, number>()
  /** Kinds that were said since it last worked. */
  readonly #open = new Set<string>()

  /** `now` is a clock in ms that never goes back; `over` is the sentence that it works again. */
  constructor(log: Log, now: () => number, codes: Codes, over: string) {
    this.#log = log
    this.#now = now
    this.#codes = codes
    this.#over = over
  }

  /** Says a failure if its reason was not said since it last worked. */
  say({ reason, why }: Failure): void {
    if (this.#open.has(reason)) return
    const now = this.#now()
    const last = this.#said.get(reason)
    if (last === undefined ? this.#said.size >= MAX_KINDS : now - last < SAY_AGAIN_AFTER) return
    this.#said.set(reason, now)
    this.#open.add(reason)
    logEvent(this.#log, { level: 'warn', code: this.#codes.failing, message: why })
  }

  /** It works. Says so if it was said that it does not. */
  over(): void {
    if (this.#open.size === 0) return
    this.#open.clear()
    logEvent(this.#log, { level: 'info', code: this.#codes.again, message: this.#over })
  }
}
