/** Sends a body until it is delivered, or refused, or its time is over. */
import { GIVEN_UP, type Outcome, type PushRequest } from './outcome.js'
import type { Sender } from './sender.js'

/** Waits between attempts are random up to a limit, which doubles from the first to the most, ms. */
const BACKOFF = { first: 100, most: 10_000 }
/** A failure that so many attempts in a row had is said; one that the next attempt mends is not. */
const SAID_AFTER = 3
/** So is one before a wait that is longer, ms. */
const LONG_WAIT = 1000

const PAUSED = { reason: 'paused', why: 'was not pushed to, as it has asked for a longer pause' }
const LATE = {
  reason: 'late',
  why: 'is slow: a part of what is pushed was not sent in time, and is left out',
}

export interface Allowed {
  /** When it is too late, ms by the clock of the Sender's tools: no attempt begins after it. */
  readonly until: number
  /** Whether an attempt that is under way then ends, too. */
  readonly strict?: boolean
  readonly signal: AbortSignal
}

export interface Delivery extends Allowed {
  /** Called for each attempt. */
  attempted?(outcome: Outcome): void
}

/**
 * Resolves to the last outcome: `later` if the time is over, or `signal` aborted. Waits at least as long as the receiver
 * asked to, and while it has asked so in answer to another body of this Sender; a random part is added, so that not all
 * bodies and programs come back at once. Never rejects, unless `attempted` throws. Logs what goes wrong.
 */
export async function deliver(sender: Sender, request: PushRequest, delivery: Delivery): Promise<Outcome> {
  const { until, strict = false, signal, attempted } = delivery
  const { now, random, sleep } = sender.tools
  let last: Outcome | undefined
  let at = now()
  for (let attempts = 1; ; attempts++) {
    at = Math.max(at, sender.pausedUntil)
    // Looked at again, because another body may be told to wait meanwhile.
    while (at > now() && at <= until && !signal.aborted) {
      await sleep(at - now(), signal)
      at = Math.max(at, sender.pausedUntil)
    }
    if (signal.aborted || at > until || now() > until)
      return said(sender, last ?? tooLate(sender, delivery), signal)
    last = await sender.send(request, signal, strict ? until - now() : undefined)
    attempted?.(last)
    if (last.kind !== 'later' || last.reason === GIVEN_UP.reason) return said(sender, last, signal)
    const { after = 0 } = last
    at = now() + after + random() * Math.min(BACKOFF.most, BACKOFF.first * 2 ** (attempts - 1))
    if (attempts >= SAID_AFTER || after > LONG_WAIT) said(sender, last, signal)
  }
}

/** Has the log get it. That we gave up ourselves is no trouble. */
function said(sender: Sender, outcome: Outcome, signal: AbortSignal): Outcome {
  if (outcome.kind === 'delivered') sender.troubles.over()
  else if (!signal.aborted && outcome.reason !== GIVEN_UP.reason) sender.troubles.say(outcome)
  return outcome
}

/** It was never sent. */
function tooLate(sender: Sender, { until, signal }: Delivery): Outcome {
  const { reason, why } = signal.aborted ? GIVEN_UP : sender.pausedUntil > until ? PAUSED : LATE
  return { kind: 'later', status: undefined, reason, why: `${sender.shownUrl}: ${why}` }
}
