import { type Log, say } from '../../common/log.js'
import { type Denial, type Peer, peerName, type Refusal } from './request.js'

/** One line for each reason in so many ms; what came between is counted in the next. */
const EVERY = 60_000

/** What somebody may have to change, here or at the reader. */
const WARNED: ReadonlySet<Denial> = new Set<Denial>([
  'untrusted',
  'authorization',
  'host',
  'busy',
  'connections',
])

/** Tells the log of requests that were refused, so seldom that nobody can fill it. */
export class Denials {
  readonly #log: Log
  readonly #now: () => number
  readonly #said = new Map<Denial, { at: number; unsaid: number }>()

  constructor(log: Log, now: () => number) {
    this.#log = log
    this.#now = now
  }

  note({ denial, status, reason }: Refusal, peer: Peer): void {
    const now = this.#now()
    const before = this.#said.get(denial)
    if (before !== undefined && now - before.at < EVERY) {
      before.unsaid++
      return
    }
    const unsaid = before?.unsaid ?? 0
    this.#said.set(denial, { at: now, unsaid: 0 })
    const more = unsaid === 0 ? '' : `; ${unsaid} others for the same reason since it was last said`
    say(this.#log, {
      level: WARNED.has(denial) ? 'warn' : 'info',
      code: `denied-${denial}`,
      message: `a request of peer ${peerName(peer)} got ${status}: ${reason.trimEnd()}${more}`,
    })
  }
}
