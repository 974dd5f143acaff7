import type { Registry } from '../../src/index.js'
import { LISTENER } from './inbound.js'
import { CLIENT } from './ready.js'

/** What has happened since the start, as the metrics have it: the sum over all threads. */
export interface Totals {
  readonly received: number
  readonly delivered: number
  readonly deferred: number
  readonly failed: number
  /** Messages in hand now. */
  readonly queued: number
}

export function totals(registry: Registry): Totals {
  const number = (name: string, labels?: Record<string, string>) => {
    const value = registry.value(name, labels)
    return typeof value === 'number' ? value : 0
  }
  return {
    received: number('total_messages_received', { service: LISTENER }),
    delivered: number('total_messages_delivered', { service: CLIENT }),
    deferred: number('total_messages_transfail', { service: CLIENT }),
    failed: number('total_messages_fail', { service: CLIENT }),
    queued: number('message_count'),
  }
}

/** One line of what moved between two looks, so many seconds apart. */
export function describe(before: Totals, after: Totals, seconds: number): string {
  const rate = (what: 'received' | 'delivered' | 'deferred' | 'failed', word: string) => {
    const perSecond = (after[what] - before[what]) / seconds
    return `${word} ${after[what].toLocaleString('en')} (${perSecond.toFixed(1)}/s)`
  }
  return [
    rate('received', 'received'),
    rate('delivered', 'delivered'),
    rate('deferred', 'deferred'),
    rate('failed', 'bounced'),
    `queued ${after.queued.toLocaleString('en')}`,
  ].join('   ')
}
