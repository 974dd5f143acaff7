import { createWriteStream, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { MtaMetrics } from '../../src/mta.js'
import { type Clock, secondsSince } from './clock.js'
import type { Message } from './message.js'

/** kumod's names for the records of its log. */
export type RecordType = 'Reception' | 'Delivery' | 'TransientFailure' | 'Bounce' | 'Expiration'

/** The log of what became of each message. */
export interface DeliveryLog {
  record(type: RecordType, message: Message, response: string, bounceClass?: string): void
  /** Writes what is still held, and closes. */
  close(): Promise<void>
}

/** Where nobody asked for a log. */
export const noLog: DeliveryLog = {
  record() {},
  close: () => Promise.resolve(),
}

export interface FileLogOptions {
  /** A directory that is there. */
  readonly directory: string
  readonly thread: number
  readonly metrics: MtaMetrics
  readonly clock: Clock
  readonly date: () => Date
  /** Bytes that may wait for a slow disk (8 MiB); beyond them records are left out, and counted. */
  readonly highWater?: number
}

/** One JSON object to a line, in a file of this thread's own. */
export async function fileLog(options: FileLogOptions): Promise<DeliveryLog> {
  const { directory, thread, metrics, clock, date, highWater = 8 * 1024 * 1024 } = options
  const stream = createWriteStream(join(directory, `delivery-${thread}.jsonl`), { flags: 'a' })
  await opened(stream)
  const logger = `dir-${directory}`
  const latency = metrics.logSubmitLatency.labels({ logger })
  const full = metrics.logSubmitFull.labels({ logger })
  return {
    record(type, message, response, bounceClass) {
      const start = clock.now()
      if (stream.writableLength > highWater) {
        full.inc()
        return
      }
      const { id, sender, recipient, attempts } = message
      const record = {
        type,
        id,
        sender,
        recipient,
        attempts,
        response,
        bounceClass,
        timestamp: date(),
      }
      stream.write(`${JSON.stringify(record)}\n`)
      latency.observe(secondsSince(clock, start))
    },
    close: () => new Promise(resolve => stream.end(resolve)),
  }
}

function opened(stream: WriteStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', reject)
  })
}
