import type { MtaMetrics, ReadyQueueBundle } from '../../src/mta.js'
import { type Clock, secondsSince } from './clock.js'
import type { Route } from './directory.js'
import { Fifo } from './fifo.js'
import type { Message, Outcome } from './message.js'
import { POOL, type Source } from './sources.js'

/** kumod's name for delivery over SMTP, and the service that its totals are counted under. */
export const CLIENT = 'smtp_client'

/** A connection to a site. */
export interface Session {
  /** Never rejects: what goes wrong is an outcome. One message at a time. */
  send(message: Message): Promise<Outcome>
  /** Whether another message may be sent. */
  readonly usable: boolean
  close(): void
}

export type Connect = (source: Source, route: Route) => Promise<Session>

export interface ReadyOptions {
  readonly clock: Clock
  readonly metrics: MtaMetrics
  readonly connect: Connect
  /** Messages that one ready queue holds. */
  readonly maxReady: number
  /** Milliseconds after which a connection without work is closed. */
  readonly idleMs: number
}

interface Waiter<T> {
  readonly since: number
  readonly give: (item: T | undefined) => void
}

/** Messages from one source to one site that are due, and the connections that take them. */
export class ReadyQueue<T extends { readonly message: Message }> {
  readonly source: Source
  readonly counts: ReadyQueueBundle
  readonly #options: ReadyOptions
  readonly #route: Route
  readonly #settle: (item: T, outcome: Outcome, queue: ReadyQueue<T>) => void
  readonly #fifo = new Fifo<T>()
  readonly #waiters: Waiter<T>[] = []
  readonly #sessions = new Set<Session>()
  #open = 0
  #stopped = false
  /** When something last moved here. */
  lastUse: number

  constructor(
    options: ReadyOptions,
    source: Source,
    route: Route,
    settle: (item: T, outcome: Outcome, queue: ReadyQueue<T>) => void,
  ) {
    this.#options = options
    this.#route = route
    this.#settle = settle
    this.source = source
    this.counts = options.metrics.readyQueue({
      service: `${CLIENT}:${source.name}->${route.site}@${CLIENT}`,
      protocol: CLIENT,
      provider: route.provider,
      source: source.name,
      pool: POOL,
    })
    this.lastUse = options.clock.now()
  }

  /** Whether there is nothing here: no message, no connection. */
  get empty(): boolean {
    return this.#fifo.length === 0 && this.#open === 0
  }

  /** False if there is no room. */
  push(item: T): boolean {
    if (this.#fifo.length >= this.#options.maxReady) {
      this.counts.full()
      return false
    }
    this.lastUse = this.#options.clock.now()
    this.#fifo.push(item)
    this.counts.enter()
    this.#maintain()
    return true
  }

  /** Closes connections that have had nothing to do for long enough. */
  tick(now: number): void {
    // The longest without work stands first: work is given to the last.
    while (this.#waiters.length > 0 && now - this.#waiters[0]!.since >= this.#options.idleMs) {
      this.#waiters.shift()!.give(undefined)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const waiter of this.#waiters.splice(0)) waiter.give(undefined)
    for (const session of this.#sessions) session.close()
  }

  /** Gives messages to connections that wait for one, and opens more while there are messages left. */
  #maintain(): void {
    this.#options.metrics.totalReadyqRuns.inc()
    while (this.#fifo.length > 0 && this.#waiters.length > 0) this.#waiters.pop()!.give(this.#take())
    const wanted = Math.min(this.#fifo.length, this.#route.maxConnections)
    while (this.#open < wanted && !this.#stopped) {
      this.#open++
      void this.#run()
    }
  }

  #take(): T | undefined {
    const item = this.#fifo.shift()
    if (item !== undefined) this.counts.leave()
    return item
  }

  #next(): T | undefined | Promise<T | undefined> {
    if (this.#stopped) return undefined
    const item = this.#take()
    if (item !== undefined) return item
    return new Promise(give => this.#waiters.push({ since: this.#options.clock.now(), give }))
  }

  /** One connection, from its opening to its end. */
  async #run(): Promise<void> {
    let session: Session
    try {
      session = await this.#options.connect(this.source, this.#route)
    } catch (error) {
      // One message pays for the attempt, so that a site that is down is asked once for each, not for ever.
      const item = this.#take()
      if (item !== undefined) {
        this.#settle(
          item,
          {
            kind: 'transfail',
            response: `cannot connect: ${(error as Error).message}`,
          },
          this,
        )
      }
      this.#closed()
      return
    }
    this.counts.connected()
    this.#sessions.add(session)
    try {
      await this.#work(session)
    } finally {
      session.close()
      this.#sessions.delete(session)
      this.counts.disconnected()
      this.#closed()
    }
  }

  async #work(session: Session): Promise<void> {
    const { clock } = this.#options
    while (session.usable) {
      const item = await this.#next()
      if (item === undefined) return
      if (!session.usable) {
        // It was closed under us while it waited. The message has not been tried: it keeps its place and its count.
        this.#fifo.push(item)
        this.counts.enter()
        return
      }
      const start = clock.now()
      const outcome = await session.send(item.message)
      this.counts.attempted(secondsSince(clock, start))
      this.lastUse = clock.now()
      if (!this.#stopped) this.#settle(item, outcome, this)
    }
  }

  #closed(): void {
    this.#open--
    if (!this.#stopped) this.#maintain()
  }
}

/** The ready queues of one thread, by source and site. */
export class ReadyQueues<T extends { readonly message: Message }> {
  readonly #queues = new Map<string, ReadyQueue<T>>()
  readonly #options: ReadyOptions
  readonly #settle: (item: T, outcome: Outcome, queue: ReadyQueue<T>) => void

  constructor(options: ReadyOptions, settle: (item: T, outcome: Outcome, queue: ReadyQueue<T>) => void) {
    this.#options = options
    this.#settle = settle
  }

  get(source: Source, route: Route): ReadyQueue<T> {
    const key = `${source.name}->${route.site}`
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = new ReadyQueue(this.#options, source, route, this.#settle)
      this.#queues.set(key, queue)
    }
    return queue
  }

  tick(now: number): void {
    for (const queue of this.#queues.values()) queue.tick(now)
  }

  /** Forgets queues that nothing has moved in since that time. */
  reap(before: number): void {
    for (const [key, queue] of this.#queues) {
      if (queue.empty && queue.lastUse < before) this.#queues.delete(key)
    }
  }

  stop(): void {
    for (const queue of this.#queues.values()) queue.stop()
  }
}
