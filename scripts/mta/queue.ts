import type { MtaMetrics, ReadyQueueBundle, ScheduledQueueBundle } from '../../src/mta.js'
import { type RetryPolicy, retryDelay } from './backoff.js'
import { type ClassCounts, classify } from './bounce.js'
import { type Clock, secondsSince } from './clock.js'
import type { DeliveryLog, RecordType } from './delivery-log.js'
import { type Message, type Outcome, queueName } from './message.js'
import type { Random } from './random.js'
import { CLIENT, type Connect, type ReadyQueue, ReadyQueues } from './ready.js'
import type { Answer } from './resolver.js'
import { POOL, type Sources } from './sources.js'
import { TimeQueue } from './time-queue.js'

export interface QueueOptions {
  readonly clock: Clock
  readonly random: Random
  readonly metrics: MtaMetrics
  readonly classes: ClassCounts
  readonly resolver: { resolve(domain: string): Answer | Promise<Answer> }
  readonly sources: Sources
  readonly connect: Connect
  readonly retry: RetryPolicy
  readonly log: DeliveryLog
  /** Messages that one ready queue holds. */
  readonly maxReady: number
  /** Milliseconds after which a connection without work is closed. */
  readonly idleMs: number
  /** Milliseconds after which an empty queue is forgotten. */
  readonly reapMs: number
}

/** The scheduled queue of one domain (and tenant, and campaign): its counts show what is in it. */
interface ScheduledQueue {
  /** The label of its figures by provider, once that is known. */
  provider: string
  /** Made when the first message has to wait: most queues never need it. */
  counts: ScheduledQueueBundle | undefined
  /** Messages of this queue in hand, wherever they are. */
  messages: number
  lastUse: number
}

interface Item {
  readonly message: Message
  readonly queue: ScheduledQueue
}

/**
 * The messages in hand of one thread. A new one goes to the ready queue of its site at once; one that has to wait,
 * for its next attempt or for room, goes to its scheduled queue until `tick` finds it due.
 */
export class MailQueue {
  readonly #options: QueueOptions
  /** What ends before it gets to a ready queue counts in the total alone. */
  readonly #client: ReadyQueueBundle
  readonly #ready: ReadyQueues<Item>
  readonly #scheduled = new Map<string, ScheduledQueue>()
  readonly #timeq = new TimeQueue<Item>()
  #inHand = 0
  #stopped = false
  #lastTick: number
  #lastReap: number
  #idle: (() => void)[] = []

  constructor(options: QueueOptions) {
    this.#options = options
    this.#client = options.metrics.readyQueue({ service: CLIENT })
    this.#ready = new ReadyQueues<Item>(options, (item, outcome, ready) => this.#settle(item, outcome, ready))
    this.#lastTick = this.#lastReap = options.clock.now()
    options.metrics.scheduledQueueMaintainerCount.inc()
  }

  /** Messages in hand. */
  get size(): number {
    return this.#inHand
  }

  /** Takes over a message that was received. */
  accept(message: Message): void {
    const { clock, metrics, log } = this.#options
    const start = clock.now()
    this.#inHand++
    metrics.messageCount.inc()
    metrics.messageDataResidentCount.inc()
    metrics.messageMetaResidentCount.inc()
    const queue = this.#queueOf(message)
    metrics.queueResolveLatency.observe(secondsSince(clock, start))
    queue.messages++
    log.record('Reception', message, '')
    this.#place({ message, queue }, () => metrics.queueInsertLatency.observe(secondsSince(clock, start)))
  }

  /** Takes out what is due. To be called every so often: what is due waits for the next call. */
  tick(): void {
    const { clock, metrics } = this.#options
    const now = clock.now()
    metrics.totalQmaintRuns.inc()
    metrics.timeqPopInterval.observe((now - this.#lastTick) / 1000)
    this.#lastTick = now

    const due: Item[] = []
    for (let next = this.#timeq.popDue(now); next !== undefined; next = this.#timeq.popDue(now)) {
      metrics.timeqPopTardiness.observe((now - next.due) / 1000)
      due.push(next.item)
      const since = next.due
      next.item.queue.counts?.leave()
      this.#place(next.item, () => metrics.timeqReinsertTardiness.observe(secondsSince(clock, since)))
    }
    if (due.length > 0) metrics.timeqPopLatency.observe(secondsSince(clock, now))

    this.#ready.tick(now)
    if (now - this.#lastReap >= this.#options.reapMs) this.#reap(now)
  }

  /** Resolves once no message is in hand, at once if there is none. */
  idle(): Promise<void> {
    return new Promise(resolve => {
      if (this.#inHand === 0) resolve()
      else this.#idle.push(resolve)
    })
  }

  /** Closes all connections. Messages in hand stay where they are: there is no spool to keep them in. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#ready.stop()
    this.#options.metrics.scheduledQueueMaintainerCount.dec()
  }

  #queueOf(message: Message): ScheduledQueue {
    const name = queueName(message)
    let queue = this.#scheduled.get(name)
    if (queue === undefined) {
      queue = {
        provider: `DNSFAIL:${message.domain}`,
        counts: undefined,
        messages: 0,
        lastUse: 0,
      }
      this.#scheduled.set(name, queue)
      this.#options.metrics.scheduledQueueCount.inc()
    }
    queue.lastUse = this.#options.clock.now()
    return queue
  }

  /** Finds out where a message goes, and puts it there. */
  #place(item: Item, placed: () => void): void {
    const answer = this.#options.resolver.resolve(item.message.domain)
    if (!(answer instanceof Promise)) {
      this.#route(item, answer)
      placed()
      return
    }
    answer.then(
      known => {
        if (this.#stopped) return
        this.#route(item, known)
        placed()
      },
      (error: Error) => {
        if (!this.#stopped) this.#unresolved(item, `451 4.4.3 DNS: ${error.message}`)
      },
    )
  }

  #route(item: Item, { route }: Answer): void {
    const { clock, metrics, sources, retry } = this.#options
    const { message, queue } = item
    if (route === undefined) {
      // It never got as far as a site, so this counts in the total and for no provider.
      this.#client.fail()
      this.#bounce('Bounce', item, `550 5.4.4 no mail host for ${message.domain}`)
      return
    }
    queue.provider = route.provider
    const source = sources.pick()
    if (source === undefined) {
      this.#schedule(item, retry.intervalMs)
      return
    }
    const start = clock.now()
    const fits = this.#ready.get(source, route).push(item)
    metrics.readyQueueInsertLatency.observe(secondsSince(clock, start))
    if (!fits) this.#schedule(item, retry.intervalMs).delayedByReadyQueueFull()
  }

  #schedule(item: Item, delayMs: number): ScheduledQueueBundle {
    const { queue, message } = item
    const { domain, tenant, campaign } = message
    queue.counts ??= this.#options.metrics.scheduledQueue({
      queue: queueName(message),
      domain,
      tenant,
      campaign,
      provider: queue.provider,
      pool: POOL,
    })
    queue.counts.enter()
    this.#timeq.push(this.#options.clock.now() + delayMs, item)
    return queue.counts
  }

  /** Notes how a delivery attempt ended. */
  #settle(item: Item, outcome: Outcome, ready: ReadyQueue<Item>): void {
    item.message.attempts++
    switch (outcome.kind) {
      case 'delivered':
        ready.counts.delivered()
        this.#options.log.record('Delivery', item.message, outcome.response)
        this.#gone(item)
        return
      case 'transfail':
        ready.counts.transfail()
        this.#classified('TransientFailure', item, outcome.response)
        if (this.#again(item)) return
        ready.counts.fail()
        this.#bounce('Expiration', item, outcome.response)
        return
      case 'fail':
        ready.counts.fail()
        this.#bounce('Bounce', item, outcome.response)
        return
    }
  }

  #unresolved(item: Item, response: string): void {
    item.message.attempts++
    this.#client.transfail()
    this.#classified('TransientFailure', item, response)
    if (this.#again(item)) return
    this.#client.fail()
    this.#bounce('Expiration', item, response)
  }

  /** Schedules the next attempt, unless the last one is past. */
  #again(item: Item): boolean {
    const { retry, random } = this.#options
    if (item.message.attempts >= retry.maxAttempts) return false
    this.#schedule(item, retryDelay(retry, item.message.attempts, random))
    return true
  }

  #bounce(type: 'Bounce' | 'Expiration', item: Item, response: string): void {
    this.#classified(type, item, response)
    this.#gone(item)
  }

  #classified(type: RecordType, item: Item, response: string): void {
    const { clock, metrics, classes, log } = this.#options
    const start = clock.now()
    const bounceClass = classify(response)
    metrics.bounceClassifyLatency.observe(secondsSince(clock, start))
    classes[type === 'TransientFailure' ? 'transfail' : 'fail'][bounceClass].inc()
    log.record(type, item.message, response, bounceClass)
  }

  #gone(item: Item): void {
    const { metrics, clock } = this.#options
    item.queue.messages--
    item.queue.lastUse = clock.now()
    metrics.messageCount.dec()
    metrics.messageDataResidentCount.dec()
    metrics.messageMetaResidentCount.dec()
    if (--this.#inHand === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  #reap(now: number): void {
    this.#lastReap = now
    const before = now - this.#options.reapMs
    for (const [name, queue] of this.#scheduled) {
      if (queue.messages > 0 || queue.lastUse >= before) continue
      this.#scheduled.delete(name)
      this.#options.metrics.scheduledQueueCount.dec()
    }
    this.#ready.reap(before)
  }
}
