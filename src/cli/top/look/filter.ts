/** Which series a text is in: in their names and labels as they are written, in any case of letters. */
import { textOf } from '../../bytes/numbers.js'

export class Filter {
  readonly text: string
  readonly #lowered: string
  readonly #needle: Uint8Array

  constructor(text: string) {
    this.text = text
    // A value in quotes is written with these escaped.
    this.#lowered = text.toLowerCase().replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
    this.#needle = Buffer.from(this.#lowered)
  }

  get isAll(): boolean {
    return this.#needle.length === 0
  }

  takes(bytes: Uint8Array, from: number, to: number): boolean {
    const needle = this.#needle
    // Only of ASCII a letter's other case is one bit away.
    if (needle.length !== this.#lowered.length)
      return textOf(bytes, from, to).toLowerCase().includes(this.#lowered)
    const first = needle[0]!
    const last = to - needle.length
    for (let at = from; at <= last; at++) {
      if (lower(bytes[at]!) !== first) continue
      let n = 1
      while (n < needle.length && lower(bytes[at + n]!) === needle[n]) n++
      if (n === needle.length) return true
    }
    return false
  }

  takesIn(head: Uint8Array): boolean {
    return this.takes(head, 0, head.length)
  }

  takesName(name: string): boolean {
    return name.toLowerCase().includes(this.text.toLowerCase())
  }
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c + 0x20 : c
}
