/** Numbers as expositions spell them, read from bytes: what Prometheus' parsers take, and no more. */

const POWERS = Array.from({ length: 16 }, (_, n) => 10 ** n)
/** So many digits are a double without rounding; their quotient by a power of ten is rounded once, as it should be. */
const EXACT_DIGITS = 15

const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|(?<infinite>[+-]?inf(?:inity)?)|(?<nan>nan))$/i
const INTEGER = /^[+-]?\d+$/
const INT64 = 2n ** 63n

export class NumberReader {
  /** Whether the last text was no number: then what was returned means nothing. */
  bad = false

  read(bytes: Uint8Array, from: number, to: number): number {
    this.bad = false
    let at = from
    const sign = bytes[at]!
    if (sign === 0x2d || sign === 0x2b) at++
    let digits = 0
    let mantissa = 0
    let scale = 0
    for (; at < to; at++) {
      const digit = bytes[at]! - 0x30
      if (digit >>> 0 > 9) break
      mantissa = mantissa * 10 + digit
      digits++
    }
    if (at < to && bytes[at] === 0x2e) {
      for (at++; at < to; at++) {
        const digit = bytes[at]! - 0x30
        if (digit >>> 0 > 9) break
        mantissa = mantissa * 10 + digit
        digits++
        scale++
      }
    }
    if (at < to || digits === 0) {
      // The bound of each last bucket.
      if (
        to - from === 4 &&
        sign === 0x2b &&
        bytes[at] === 0x49 &&
        bytes[at + 1] === 0x6e &&
        bytes[at + 2] === 0x66
      )
        return Number.POSITIVE_INFINITY
      return this.#readSlowly(bytes, from, to)
    }
    // It is a number, and only has too many digits.
    if (digits > EXACT_DIGITS) return this.#finite(Number(textOf(bytes, from, to)))
    const value = mantissa / POWERS[scale]!
    return sign === 0x2d ? -value : value
  }

  #readSlowly(bytes: Uint8Array, from: number, to: number): number {
    const text = textOf(bytes, from, to)
    const found = NUMBER.exec(text)
    this.bad = found === null
    if (found?.groups?.infinite !== undefined)
      return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    if (found === null || found.groups?.nan !== undefined) return Number.NaN
    return this.#finite(Number(text))
  }

  /** A number that no double holds is refused; one that is nearly zero is zero. */
  #finite(value: number): number {
    this.bad = !Number.isFinite(value)
    return value
  }

  /** A time of the text format: milliseconds in 64 bits. */
  readInteger(bytes: Uint8Array, from: number, to: number): number {
    const text = textOf(bytes, from, to)
    this.bad = !INTEGER.test(text)
    if (this.bad) return Number.NaN
    if (text.length > EXACT_DIGITS) {
      const exact = BigInt(text.replace(/^\+/, ''))
      this.bad = exact >= INT64 || exact < -INT64
    }
    return Number(text)
  }
}

/** Bytes as text, for messages and for what is seldom: a byte that is no UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
}
