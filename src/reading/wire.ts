/** Why bytes are no exposition. */
export class ReadingError extends Error {}

export function fail(why: string): never {
  throw new ReadingError(`this is no protobuf exposition: ${why}`)
}

/** A byte order mark is a character here. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The wire format of protobuf, read from one piece of bytes. */
export class Wire {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  #view: DataView = new DataView(new ArrayBuffer(0))

  begin(bytes: Buffer): void {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
  }

  /** Whether a whole varint is there. */
  hasVarint(): boolean {
    for (let at = this.at; at < this.bytes.length; at++) if (this.bytes[at]! < 0x80) return true
    return false
  }

  /** Up to 2^53 exactly; beyond, as near as a number can be. */
  varint(): number {
    const { bytes } = this
    let byte = bytes[this.at++]!
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let unit = 0x80; unit < 2 ** 70; unit *= 0x80) {
      byte = bytes[this.at++]!
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
    }
    // Behind the end each byte is undefined, which is below nothing.
    return fail('a number is too long')
  }

  /** A signed number in zigzag. */
  signed(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) fail('a number is not whole')
    const value = this.#view.getFloat64(this.at, true)
    this.at += 8
    return value
  }

  /** Where the field of a length that begins here ends. */
  span(end: number): number {
    const length = this.varint()
    const to = this.at + length
    if (to > end) fail('a field is longer than its message')
    return to
  }

  text(to: number): string {
    const text = decoder.decode(this.bytes.subarray(this.at, to))
    this.at = to
    return text
  }

  /** Goes behind a field of a tag that is not read. */
  skip(tag: number, end: number): void {
    const type = tag & 7
    if (type === 0) this.varint()
    else if (type === 1) this.at += 8
    else if (type === 2) this.at = this.span(end)
    else if (type === 5) this.at += 4
    else fail('a field is of no known kind')
    if (this.at > end) fail('a field is longer than its message')
  }
}
