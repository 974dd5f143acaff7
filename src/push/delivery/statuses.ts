/** Which answers mean that the same body may be taken later, and when. */

/** How a receiver is spoken to. Each has rules of its own for what is sent again. */
export type Protocol = 'remote-write' | 'otlp' | 'pushgateway'

const isServerError = (status: number) => status >= 500 && status <= 599
/** Too Many Requests. */
const TOO_MANY = 429

const RETRIED: Readonly<Record<Protocol, (status: number) => boolean>> = {
  // Its specification: 5xx must be sent again, 429 may be, and no other 4xx.
  'remote-write': status => isServerError(status) || status === TOO_MANY,
  // Its specification lists these four; no other status may be sent again.
  otlp: status => [TOO_MANY, 502, 503, 504].includes(status),
  // HTTP's own: a request that came too slowly (408) or too early (425) was not looked at.
  pushgateway: status => isServerError(status) || [408, 425, TOO_MANY].includes(status),
}

/** Whether a receiver that answers so may take the same body later. */
export function isRetried(protocol: Protocol, status: number): boolean {
  return RETRIED[protocol](status)
}

/** Whether an answer with Retry-After speaks of the receiver as a whole, and not of one body. */
export function asksForPause(status: number): boolean {
  return status === TOO_MANY || status === 503
}

/** The longest that a receiver can have us wait, ms. */
export const MAX_RETRY_AFTER = 5 * 60_000

/**
 * Ms of a Retry-After header (seconds, or a date), at most MAX_RETRY_AFTER; undefined if it says nothing. A date is
 * compared with the answer's own (`date`) if it has one, as the receiver's clock may differ from `now`, ms since 1970.
 */
export function retryAfter(
  value: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : dateOf(text) - (dateOf(date ?? '') || now)
  // A date that is over asks for nothing; NaN is none.
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER) : undefined
}

/** Days of the week lead all three forms of a date in HTTP; all that Date.parse() takes beside them is none. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/

/** Ms since 1970; NaN if it is no date. */
function dateOf(text: string): number {
  if (!HTTP_DATE.test(text)) return Number.NaN
  // The form of asctime() names no zone, and means GMT.
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
}
