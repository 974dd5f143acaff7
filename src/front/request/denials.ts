import { type Log, logEvent } from '../../common/log.js'
import { type Denial, type Peer, peerName, type Refusal } from './request.js'

/** For each reason one line is logged in so many ms. The next line counts the refusals between them. */
const EVERY = 60_000

/** Reasons that an operator may have to act on, here or at the reader. */
const WARNED: ReadonlySet<Denial> = new Set<Denial>([
  'untrusted',
  'authorization',
  'host',
  'busy',
  'connections',
])

/** Logs requests that were refused, so seldom that nobody can fill the log. */
export class Denials {
  readonly #log: Log
  readonly #now: () => number
  readonly #logged = new Map<Denial, { at: number; skipped: number }>()

  constructor(log: Log, now: () => number) {
    this.#log = log
    this.#now = now
  }

  note({ denial, status, reason }: Refusal, peer: Peer): void {
    const now = this.#now()
    const before = this.#logged.get(denial)
    if (before !== undefined && now - before.at < EVERY) {
      before.skipped++
      return
    }
    const skipped = before?.skipped ?? 0
    this.#logged.set(denial, { at: now, skipped: 0 })
    const more = skipped === 0 ? '' : `; ${skipped} others for the same reason since this was last logged`
    logEvent(this.#log, {
      level: WARNED.has(denial) ? 'warn' : 'info',
      code: `denied-${denial}`,
      message: `a request of peer ${peerName(peer)} got ${status}: ${reason.trimEnd()}${more}`,
    })
  }
}
