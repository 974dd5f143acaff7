import { type Refusal, refuse } from './request.js'

/** RFC 9112, 2.3: a server may refuse what it finds too long. No reader of metrics sends as much. */
const MAX_HEADERS = 64
export const MAX_HEADER_BYTES = 16 * 1024
/** A body on GET means nothing (RFC 9110, 9.3.1) and is read away. kumod's own client sends a short one. */
export const MAX_BODY_BYTES = 64 * 1024

/** Headers that have a meaning here, or that two parsers of a request must not understand differently. */
const ONCE = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'authorization',
  'expect',
  'x-prometheus-scrape-timeout-seconds',
])
/** RFC 9110, 5.5: a value has no control characters except the tab. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const LENGTH = /^\d{1,15}$/

/** Reads a request's headers one after the other. It is strict, because not all parsers before it are. */
export class HeaderReader {
  /** What is wrong with them, if anything is. */
  wrong: Refusal | undefined
  authorization = false
  forwarded = false
  host: string | undefined
  accept: string | undefined
  acceptEncoding: string | undefined
  timeout: string | undefined
  #count = 0
  #bytes = 0
  #seen = ''
  #chunked = false
  #length = false

  /** `name` is in lower case. Bytes outside of ASCII are as the parser gives them. */
  add(name: string, value: string): void {
    this.#count++
    this.#bytes += name.length + value.length + 4
    if (this.#count > MAX_HEADERS)
      this.#refuse(431, 'oversized', `there are more than ${MAX_HEADERS} headers`)
    if (this.#bytes > MAX_HEADER_BYTES)
      this.#refuse(431, 'oversized', `the headers are longer than ${MAX_HEADER_BYTES} bytes`)
    if (!TOKEN.test(name) || CONTROL.test(value)) this.#refuse(400, 'malformed', 'a header is malformed')
    if (ONCE.has(name)) this.#once(name)
    switch (name) {
      case 'content-length':
        this.#length = true
        this.#body(value)
        break
      case 'transfer-encoding':
        this.#chunked = true
        if (value.toLowerCase() !== 'chunked')
          this.#refuse(400, 'malformed', 'the transfer coding is not known')
        break
      case 'authorization':
        this.authorization = true
        break
      case 'host':
        this.host = value
        break
      case 'forwarded':
      case 'x-forwarded-for':
        this.forwarded = true
        break
      case 'accept':
        // Several lines of a list are one list (RFC 9110, 5.3).
        this.accept = this.accept === undefined ? value : `${this.accept},${value}`
        break
      case 'accept-encoding':
        this.acceptEncoding = this.acceptEncoding === undefined ? value : `${this.acceptEncoding},${value}`
        break
      case 'x-prometheus-scrape-timeout-seconds':
        this.timeout = value
        break
    }
    // RFC 9112, 6.3: with both, two readers can differ about where the request ends.
    if (this.#length && this.#chunked)
      this.#refuse(400, 'malformed', 'there is a Content-Length beside a Transfer-Encoding')
  }

  #once(name: string): void {
    const mark = `\n${name}\n`
    if (this.#seen.includes(mark)) this.#refuse(400, 'malformed', `header ${name} comes twice`)
    this.#seen += mark
  }

  #body(length: string): void {
    if (!LENGTH.test(length)) this.#refuse(400, 'malformed', 'the Content-Length is not a number of bytes')
    else if (Number(length) > MAX_BODY_BYTES)
      this.#refuse(413, 'oversized', `the body is longer than ${MAX_BODY_BYTES} bytes`)
  }

  /** Only the first mistake is reported. */
  #refuse(status: 400 | 413 | 431, denial: 'malformed' | 'oversized', reason: string): void {
    this.wrong ??= refuse(status, denial, reason)
  }
}

/** The value of `X-Prometheus-Scrape-Timeout-Seconds`, ms; undefined if it is not a time that can be kept. */
export function scrapeTimeout(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,7}(\.\d{1,9})?$/.test(value)) return undefined
  const timeout = Number(value) * 1000
  return timeout > 0 ? timeout : undefined
}

/**
 * How long a scrape may take for a reader that waits so long, ms: a little less, so that the reader still gets the
 * refusal.
 */
export function inTime(timeout: number): number {
  return timeout - Math.min(500, timeout / 10)
}
