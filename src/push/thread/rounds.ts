/**
 * Rounds of a push: all series once. Each body is sent until the receiver has it, or refuses it for good, or the round's
 * time is over: counters are cumulative, so the next round has what was counted meanwhile.
 *
 * Assumes: one round at a time.
 * Guarantees: Bodies are never more than `parallel` at once. What is gone is told before what is there, and with an
 * earlier time, so that a series that came back is not told to be gone. Never rejects.
 */
import { thrown } from '../../common/errors.js'
import { type Log, logEvent } from '../../common/log.js'
import type { GoneRun } from '../../exposition/pushed-series.js'
import { BUSY } from '../../exposition/span-walk.js'
import { type Allowed, deliver } from '../delivery/deliver.js'
import type { Sender } from '../delivery/sender.js'
import type { Bodies, Body, Protocol, Rejected } from '../protocols/body.js'
import type { PushRecorder, RoundOutcome } from './self-metrics.js'

export interface RoundTools {
  readonly protocol: Protocol
  readonly sender: Sender
  readonly recorder: PushRecorder | undefined
  readonly log: Log
  /** Has runs of gone series told of anew. */
  goneAgain(runs: readonly GoneRun[]): void
}

/** How long to wait for a slot, ms. */
const PAUSE = 5
/** So far, ms, may a sample be ahead of a Prometheus' clock. */
const MOST_AHEAD = 10 * 60_000

export class Rounds {
  readonly #tools: RoundTools
  /** The time of the last samples. */
  #last = 0
  readonly #saidRejected = new Set<string>()
  #saidFault = ''

  constructor(tools: RoundTools) {
    this.#tools = tools
  }

  /** All series, after those that are gone. True if all was taken. */
  async push(allowed: Allowed): Promise<boolean> {
    const { protocol, recorder, sender } = this.#tools
    const { now, date } = sender.tools
    const begun = now()
    const gone = await this.#send(time => protocol.gone(time), allowed)
    const current = gone === 'failed' ? gone : await this.#send(time => protocol.current(time), allowed)
    const outcome = gone === 'partial' && current === 'whole' ? 'partial' : current
    recorder?.round(outcome, (now() - begun) / 1000, date())
    return outcome === 'whole'
  }

  /** Series that are gone, alone. */
  async tellGone(allowed: Allowed): Promise<void> {
    await this.#send(time => this.#tools.protocol.gone(time), allowed)
  }

  /** That all series are gone. */
  async withdraw(allowed: Allowed): Promise<void> {
    await this.#send(time => this.#tools.protocol.withdraw(time), allowed)
  }

  /**
   * Samples of one body have one time, and none is as old as one before, where the system's clock is set back. A time that
   * was further ahead no receiver has taken: to stay with it would have them refuse all that follows.
   */
  #time(): number {
    const date = Math.floor(this.#tools.sender.tools.date())
    this.#last = this.#last - date > MOST_AHEAD ? date : Math.max(this.#last + 1, date)
    return this.#last
  }

  async #send(make: (time: number) => Bodies | undefined, allowed: Allowed): Promise<RoundOutcome> {
    const { protocol, sender } = this.#tools
    const { now, sleep } = sender.tools
    const { until, signal } = allowed
    const under = new Set<Promise<void>>()
    let outcome: RoundOutcome = 'whole'
    const stopped = () => outcome === 'failed' || signal.aborted
    try {
      const bodies = make(this.#time())
      while (bodies !== undefined && !stopped()) {
        const body = bodies.next()
        if (body === undefined) break
        if (body === BUSY) {
          if (now() > until) outcome = 'failed'
          else await sleep(PAUSE, signal)
          continue
        }
        const sent: Promise<void> = this.#deliver(body, allowed)
          .catch((error): RoundOutcome => {
            this.#sayFault(error)
            return 'failed'
          })
          .then(came => {
            under.delete(sent)
            if (came === 'failed' || outcome === 'whole') outcome = came
          })
        under.add(sent)
        if (under.size >= protocol.parallel) await Promise.race(under)
      }
    } catch (error) {
      outcome = 'failed'
      this.#sayFault(error)
    }
    await Promise.all(under)
    return signal.aborted ? 'failed' : outcome
  }

  async #deliver(body: Body, allowed: Allowed): Promise<RoundOutcome> {
    const { sender, recorder, goneAgain } = this.#tools
    const attempted =
      recorder && ((outcome: Parameters<PushRecorder['attempted']>[0]) => recorder.attempted(outcome))
    const outcome = await deliver(sender, body.request, { ...allowed, ...(attempted ? { attempted } : {}) })
    if (outcome.kind === 'later') {
      if (body.runs !== undefined) goneAgain(body.runs)
      return 'failed'
    }
    if (outcome.kind === 'refused') return 'partial'
    const rejected = body.rejected?.(outcome)
    if (rejected === undefined) return 'whole'
    this.#sayRejected(rejected)
    if (rejected.count === 0) return 'whole'
    recorder?.rejected(rejected.count)
    return 'partial'
  }

  /** Each reason once: what a receiver says is bounded in number, as it chooses it. */
  #sayRejected({ count, why }: Rejected): void {
    const reason = why.slice(0, 200)
    if (this.#saidRejected.has(reason) || this.#saidRejected.size >= 16) return
    this.#saidRejected.add(reason)
    const what = count === 0 ? 'took what was pushed, and warns' : 'took a part of what was pushed'
    const message = `${this.#tools.sender.shownUrl}: ${what}: ${JSON.stringify(reason)}`
    logEvent(this.#tools.log, { level: 'warn', code: 'push-rejected', message })
  }

  #sayFault(error: unknown): void {
    const why = thrown(error)
    if (why === this.#saidFault) return
    this.#saidFault = why
    logEvent(this.#tools.log, {
      level: 'error',
      code: 'push-fault',
      message: `a push was broken off: ${why}`,
    })
  }
}
