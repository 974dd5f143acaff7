import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { answerQuestions } from '../harness/child.js'

/** Scrapes one after the other, each to its end. */
export interface Order {
  readonly url: string
  readonly count: number
  /** Start them on a schedule of so many milliseconds, and count lateness as latency; without it at once. */
  readonly every?: number
  /** As Prometheus asks by default; the body is not decompressed. */
  readonly gzip?: boolean
  /** Look in the body for a sample without labels of this name. */
  readonly sample?: string
}

export interface Answer {
  /** From the moment it was due to the last byte, and to the first byte of the body, in milliseconds. */
  readonly whole: number
  readonly firstByte: number
  readonly bytes: number
  readonly value: number
}

/** One buffer for all that comes, so that the client's own garbage is not measured. */
const buffer = Buffer.allocUnsafe(1 << 20)

answerQuestions<Order>('ready', async order => {
  const answers: Answer[] = []
  const start = performance.now()
  for (let at = 0; at < order.count; at++) {
    let due = performance.now()
    if (order.every !== undefined) {
      due = start + at * order.every
      const ahead = due - performance.now()
      if (ahead > 0) await wait(ahead)
    }
    answers.push(await scrapeOnce(order, due))
  }
  return answers
})

/**
 * A client of its own on a bare socket: node's and curl's cost more than what is measured.
 * Knows just enough of HTTP/1.1 to see where a body ends, with its length given or in chunks.
 */
function scrapeOnce({ url: address, gzip, sample }: Order, due: number): Promise<Answer> {
  const url = new URL(address)
  return new Promise((resolve, reject) => {
    let head = ''
    let inBody = false
    let length = -1
    let bytes = 0
    let firstByte = 0
    let tail = ''
    let text = ''
    const socket = connect({
      port: Number(url.port),
      host: url.hostname,
      noDelay: true,
      onread: { buffer, callback: take },
    })
    socket.once('error', reject)
    socket.once('close', () =>
      reject(new Error(`${url}: the connection ended after ${bytes} bytes of the body`)),
    )
    socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n${gzip ? 'Accept-Encoding: gzip\r\n' : ''}\r\n`,
    )

    function take(count: number): boolean {
      let from = 0
      if (!inBody) {
        head += buffer.toString('latin1', 0, count)
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return true
        from = count - (head.length - end - 4)
        inBody = true
        const headers = head.slice(0, end)
        if (!headers.startsWith('HTTP/1.1 200')) {
          socket.destroy(new Error(`${url}: ${headers.split('\r\n')[0]}`))
          return false
        }
        if (gzip && !/^content-encoding: *gzip/im.test(headers)) {
          socket.destroy(new Error(`${url}: not compressed`))
          return false
        }
        length = Number(/^content-length: *(\d+)/im.exec(headers)?.[1] ?? -1)
      }
      if (count === from) return true
      if (bytes === 0) firstByte = performance.now() - due
      bytes += count - from
      if (sample !== undefined) text += buffer.toString('utf8', from, count)
      tail = (tail + buffer.toString('latin1', Math.max(from, count - 7), count)).slice(-7)
      if (length >= 0 ? bytes < length : tail !== '\r\n0\r\n\r\n') return true
      const whole = performance.now() - due
      socket.removeAllListeners('close')
      socket.destroy()
      const found = sample === undefined ? undefined : new RegExp(`^${sample} (.+?)\\r?$`, 'm').exec(text)
      resolve({
        whole,
        firstByte,
        bytes,
        value: found ? Number(found[1]) : Number.NaN,
      })
      return false
    }
  })
}
