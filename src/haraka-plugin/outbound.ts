/**
 * What Haraka sends. A queue file is a message to recipients of one domain, and one attempt can have an outcome for each
 * of them: so recipients are counted, as they are where mail comes in.
 */
import type { CounterChild } from '../index.js'
import type { MtaMetrics } from '../mta.js'
import type { Guard } from './guard.js'
import type { Outbound as HarakaOutbound, QueueItem, Transaction } from './haraka.js'
import type { OwnMetrics } from './own-metrics.js'
import type { Sites } from './sites.js'
import { Waiting } from './waiting.js'

/** An attempt's recipients that have no outcome yet. */
interface Attempt {
  readonly site: ReturnType<Sites['of']>
  left: number
}

export class Outbound {
  readonly #mta: MtaMetrics
  readonly #own: OwnMetrics
  readonly #guard: Guard
  readonly #sites: Sites
  readonly #haraka: HarakaOutbound
  readonly #waiting: Waiting
  readonly #now: () => number
  /** By the message's id, which stays when Haraka moves recipients of one outcome to a file of their own. */
  readonly #attempts = new Map<unknown, Attempt>()
  readonly #begun = new WeakMap<QueueItem, number>()
  readonly #queued: CounterChild

  /** `now` in ms. */
  constructor(
    mta: MtaMetrics,
    own: OwnMetrics,
    sites: Sites,
    guard: Guard,
    haraka: HarakaOutbound,
    now = () => performance.now(),
  ) {
    this.#mta = mta
    this.#own = own
    this.#guard = guard
    this.#sites = sites
    this.#haraka = haraka
    this.#now = now
    this.#waiting = new Waiting(guard, haraka.stats().queue_dir, domain => sites.of(domain))
    this.#queued = own.outboundRecipients.labels({})
  }

  register(): void {
    const hook = this.#guard.hook.bind(this.#guard)
    this.#guard.run('temp_fail_queue', () => this.#waiting.watch(this.#haraka.temp_fail_queue))
    hook('pre_send_trans_email', -100, ({ transaction }: { transaction: Transaction }) => {
      this.#queued.inc(transaction.rcpt_to.length)
    })
    hook('send_email', -100, (item: QueueItem) => this.#called(item))
    // Only an attempt that no plugin put off comes here.
    hook('get_mx', -100, (item: QueueItem) => this.#attempted(item))
    hook('delivered', -100, (item: QueueItem, params: readonly unknown[]) => this.#delivered(item, params))
    hook('deferred', -100, (item: QueueItem, params: { mx?: Mx }) => this.#deferred(item, params?.mx))
    hook('bounce', -100, (item: QueueItem, params: { mx?: Mx }) => this.#bounced(item, params?.mx))
  }

  /** Sets how many files each of Haraka's queues has in this process. */
  readSizes(): void {
    this.#guard.run('get_stats', () => {
      const sizes = this.#haraka.get_stats().split('/').map(Number)
      const { outboundFiles } = this.#own
      for (const [n, queue] of ['in_progress', 'delivery', 'temp_fail'].entries())
        outboundFiles.set({ queue }, sizes[n]!)
    })
  }

  #called(item: QueueItem): void {
    const recipients = recipientsOf(item)
    const site = this.#sites.of(item.todo?.domain)
    this.#waiting.expect(item.filename, { site, recipients, putOff: true })
  }

  #attempted(item: QueueItem): void {
    this.#waiting.dismiss(item.filename)
    this.#begun.set(item, this.#now())
    const recipients = recipientsOf(item)
    const key = keyOf(item)
    const before = this.#attempts.get(key)
    const attempt = before ?? { site: this.#sites.of(item.todo?.domain), left: 0 }
    attempt.left += recipients
    attempt.site.ready(recipients)
    if (before === undefined) this.#attempts.set(key, attempt)
  }

  #delivered(item: QueueItem, params: readonly unknown[]): void {
    // As Haraka calls it: host, ip, response, delay, port, mode, recipients, secured.
    const [host, , , delay, , mode, recipients, secured] = params
    const count = Array.isArray(recipients) ? recipients.length : recipientsOf(item)
    this.#outcome(item, count)
    this.#sites.of(item.todo?.domain, host).delivered(count)
    this.#own.outboundDeliveries.inc({ mode: mode === 'LMTP' ? 'lmtp' : 'smtp', tls: secured ? 'yes' : 'no' })
    if (typeof delay === 'number') this.#own.outboundDelay.observe(Math.max(delay, 0))
  }

  #deferred(item: QueueItem, mx: Mx | undefined): void {
    const recipients = recipientsOf(item)
    this.#outcome(item, recipients)
    const site = this.#sites.of(item.todo?.domain, nameOf(mx))
    site.transfail(recipients)
    this.#waiting.expect(item.filename, { site, recipients, putOff: false })
  }

  #bounced(item: QueueItem, mx: Mx | undefined): void {
    const recipients = recipientsOf(item)
    this.#outcome(item, recipients)
    this.#waiting.dismiss(item.filename)
    this.#sites.of(item.todo?.domain, nameOf(mx)).fail(recipients)
  }

  /** So many recipients of the attempt have their outcome. */
  #outcome(item: QueueItem, recipients: number): void {
    const begun = this.#begun.get(item)
    if (begun !== undefined) {
      this.#begun.delete(item)
      this.#mta.deliverMessageLatencyRollup.observe({ service: 'smtp_client' }, (this.#now() - begun) / 1_000)
    }
    const key = keyOf(item)
    const attempt = this.#attempts.get(key)
    if (attempt === undefined) return
    const now = Math.min(recipients, attempt.left)
    attempt.left -= now
    attempt.site.ready(-now)
    if (attempt.left === 0) this.#attempts.delete(key)
  }
}

interface Mx {
  readonly exchange?: unknown
  readonly from_dns?: unknown
}

/** The exchanger's name; its address has replaced it where DNS gave that. */
function nameOf(mx: Mx | undefined): unknown {
  return mx?.from_dns ?? mx?.exchange
}

function recipientsOf(item: QueueItem): number {
  return item.todo?.rcpt_to.length ?? 1
}

function keyOf(item: QueueItem): unknown {
  return item.todo?.uuid ?? item
}
