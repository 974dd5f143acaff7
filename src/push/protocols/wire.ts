/** As much of protobuf's wire as a push reads of answers, and writes around spans. */

/** The fields of a message: numbers and bytes by their number, the last of each. undefined if it is no message. */
export function readFields(bytes: Uint8Array): Map<number, number | Uint8Array> | undefined {
  const fields = new Map<number, number | Uint8Array>()
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) return Number.NaN
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const tag = varint()
    const type = tag % 8
    const field = Math.floor(tag / 8)
    if (type === 0) fields.set(field, varint())
    else if (type === 1) at += 8
    else if (type === 5) at += 4
    else if (type === 2) {
      const length = varint()
      if (!(at + length <= bytes.length)) return undefined
      fields.set(field, bytes.subarray(at, at + length))
      at += length
    } else return undefined
    if (Number.isNaN(fields.get(field)) || at > bytes.length) return undefined
  }
  return fields
}

/** A field of bytes: its tag, their length, and they. */
export function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([before(number, bytes.length), bytes])
}

/** What stands before so many bytes of a field. */
export function before(number: number, length: number): Buffer {
  return Buffer.from([...varint(number * 8 + 2), ...varint(length)])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80)
  return [...bytes, value]
}
