import type { Form } from '../../harness/member.js'

/** What happens in the scenario: the same for each library, drawn from the seed and the number of a message alone. */
export interface Shape {
  readonly form: Form
  readonly seed: number
  /** Threads, or processes, that record. */
  readonly threads: number
  /** Queues at any one time, over all threads; each is a series of one counter. */
  readonly series: number
  /** Part of the queues that go, while others come in their place. */
  readonly churn: number
  readonly seconds: number
  /** Messages that each thread accepts in a second; each is recorded three times. */
  readonly rate: number
  /** Between scrapes, and how long the reader waits for one, in ms. */
  readonly every: number
  readonly patience: number
  /** One that waits where nothing can wake it (a process: is stopped): from when, for how long, in seconds. */
  readonly block: { readonly thread: number; readonly at: number; readonly seconds: number }
  /** One that hangs in a loop while it records, and is killed for it. */
  readonly kill: { readonly thread: number; readonly at: number }
}

/** Counters of one label. */
export const DELIVERED = 'mail_delivered_total'
export const MESSAGES = 'mail_messages_total'
/** A histogram of one label. */
export const SECONDS = 'mail_accept_seconds'
export const HELP = {
  [DELIVERED]: 'Messages delivered, by queue.',
  [MESSAGES]: 'Messages accepted, by service.',
  [SECONDS]: 'Time to accept a message, by service.',
}
export const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
export const SERVICES = Array.from({ length: 20 }, (_, at) => `service-${at}`)

/** Recordings a message: a counter by queue, a counter by service, a histogram by service. */
export const RECORDINGS = 3

export const messagesOf = (shape: Shape) => Math.floor(shape.rate * shape.seconds)
/** Queues of one thread at any one time. */
export const slotsOf = (shape: Shape) => shape.series / shape.threads
/** Queues of one thread that come after the start. */
export const comingOf = (shape: Shape) =>
  Math.min(messagesOf(shape), Math.round(slotsOf(shape) * shape.churn))
/** All the queues that a thread may ever have: their ids are 0 to this. */
export const queuesOf = (shape: Shape) => slotsOf(shape) + comingOf(shape)

export const queueName = (thread: number, id: number) =>
  `tenant-${id % 100}.example:t${thread}-${String(id).padStart(7, '0')}.example`

const QUEUE = /^tenant-\d+\.example:t(\d+)-(\d+)\.example$/

/** The thread and id in a queue's name; undefined for any other name. */
export function queueOf(name: string): readonly [thread: number, id: number] | undefined {
  const found = QUEUE.exec(name)
  return found ? [Number(found[1]), Number(found[2])] : undefined
}

/** Numbers from 0 to 1, the same ones for a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
