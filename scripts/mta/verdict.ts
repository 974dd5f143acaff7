import { hash, shareOf } from './random.js'

/** What the sink does with mail, decided by the recipient's address alone, so that anybody can predict it. */
export interface SinkRule {
  readonly seed: number
  /** The share of recipients that are deferred at first, 0 to 1. */
  readonly defer: number
  /** The share that is refused for good; with `defer` at most 1. */
  readonly refuse: number
}

export type Stage = 'RCPT' | 'DATA'

export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'refuse'; readonly at: Stage }
  /** Deferred so many times, then accepted. */
  | { readonly kind: 'defer'; readonly at: Stage; readonly times: number }

/** The most times that one recipient is deferred. */
export const MAX_DEFERRALS = 6

export function verdict(rule: SinkRule, recipient: string): Verdict {
  const address = recipient.toLowerCase()
  const share = shareOf(address, rule.seed)
  if (share >= rule.refuse + rule.defer) return { kind: 'accept' }
  const bits = hash(address, rule.seed + 1)
  const at = (bits & 1) === 0 ? 'RCPT' : 'DATA'
  if (share < rule.refuse) return { kind: 'refuse', at }
  return { kind: 'defer', at, times: 1 + ((bits >>> 1) % MAX_DEFERRALS) }
}
