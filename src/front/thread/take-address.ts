/** How a front gets its address: at once, within the time of option `retry`, or whenever it is free (option `standby`). */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, logEvent } from '../../common/log.js'
import { type Address, listenText } from '../transports/listen.js'
import type { Transport } from '../transports/transport.js'

/**
 * The longest wait between two attempts to listen, ms, whatever the backoff says: readers miss the endpoint from the end
 * of the process that held the address to the next attempt, and an attempt costs less than a millisecond.
 */
const MOST_BETWEEN_ATTEMPTS = 1000
/** A front that stands by looks again after so long, ms, and up to twice that, so that not all look at once. */
const LOOK_EVERY = 250

export interface Taking {
  readonly address: Address
  readonly listen: () => Promise<Transport>
  /** Once it is aborted, nothing more is tried. */
  readonly signal: AbortSignal
  readonly log: Log
}

export interface InTime extends Taking {
  /** How long it goes on, ms. */
  readonly retry: number
  /** How long it waits between two attempts, ms: at first, and doubled each time, at most. */
  readonly backoff: readonly [first: number, most: number]
}

export interface WheneverFree extends Taking {
  /** Whether somebody has the address. Asked before each further attempt, because that costs much more. */
  readonly isHeld: () => Promise<boolean>
  /** Called once, when somebody else is found to have the address. */
  readonly standsBy: () => void
  /** Waits until the next look. */
  readonly pause: () => Promise<void>
}

/**
 * Listens; if the address is in use, tries again for as long as option `retry` says. Undefined if the front was closed
 * meanwhile.
 */
export async function takeInTime(taking: InTime): Promise<Transport | undefined> {
  const { address, listen, signal, log, retry, backoff } = taking
  const limit = performance.now() + retry
  const [first, most] = backoff
  let waits = false
  for (let delay = first; ; delay = Math.min(delay * 2, most, MOST_BETWEEN_ATTEMPTS)) {
    try {
      return await listen()
    } catch (error) {
      if (signal.aborted) return undefined
      const left = limit - performance.now()
      if (!isInUse(error) || left <= 0) throw error
      if (!waits) {
        const message = `the front waits until ${listenText(address)} is free, ${retry} ms at most`
        logEvent(log, { level: 'info', code: 'front-waits', message })
      }
      waits = true
      // The last attempt is made when the time is over.
      await pauseFor(Math.min(delay, left), signal)
      if (signal.aborted) return undefined
    }
  }
}

/**
 * Listens; if the address is in use, stands by until it is free, and listens then. Undefined if the front was closed
 * meanwhile. Rejects with other errors at the first attempt only: later ones do not keep it from trying again.
 */
export async function takeWhenFree(taking: WheneverFree): Promise<Transport | undefined> {
  const { address, listen, signal, log, isHeld, standsBy, pause } = taking
  try {
    return await listen()
  } catch (error) {
    if (signal.aborted) return undefined
    if (!isInUse(error)) throw error
  }
  standsBy()
  const said = new Set<string>()
  for (;;) {
    await pause()
    if (signal.aborted) return undefined
    if (await isHeld()) continue
    if (signal.aborted) return undefined
    try {
      return await listen()
    } catch (error) {
      if (signal.aborted) return undefined
      const { code, message } = error as NodeJS.ErrnoException
      // Another one that stood by was faster; or it was said before.
      if (isInUse(error) || said.has(code ?? message)) continue
      said.add(code ?? message)
      const why = `the front cannot take ${listenText(address)}, which is free, and goes on trying: ${message}`
      logEvent(log, { level: 'warn', code: 'front-standby-failed', message: why })
    }
  }
}

/** The pause of a front that stands by; `random` is from 0 to 1. */
export function pauseToLook(signal: AbortSignal, random: () => number): Promise<void> {
  return pauseFor(LOOK_EVERY * (1 + random()), signal)
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => {})
}

function isInUse(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
}
