/**
 * Joins parts that were compressed side by side to one gzip member (RFC 1952), because curl stops after the first of
 * several members. Each part is raw deflate (RFC 1951) that ends on a byte, with an empty stored block. The checksum of
 * the whole is combined from the checksums of the parts.
 */
import { crc32, gzipSync } from 'node:zlib'

/** ID, deflate, no flags, no time, system unknown. */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
/** The last block: it has fixed codes and ends at once. */
const LAST_BLOCK = [0x03, 0x00]
/** The most bytes of a stored block. */
const MAX_STORED = 65_535

export class GzipMember {
  #crc = 0
  #bytes = 0

  header(): Uint8Array {
    return Uint8Array.from(HEADER)
  }

  /** Adds a compressed part to checksum and size. `crc` and `bytes` are those of the uncompressed part. */
  add(crc: number, bytes: number): void {
    this.#crc = combineCrc(this.#crc, crc, bytes)
    this.#bytes += bytes
  }

  /** Returns a small part as an uncompressed block, and adds it to checksum and size. */
  stored(part: Uint8Array): Uint8Array {
    if (part.length === 0) return part
    if (part.length > MAX_STORED) throw new RangeError(`${part.length} bytes do not fit a stored block`)
    this.add(crc32(part), part.length)
    const block = Buffer.alloc(5 + part.length)
    block.writeUInt16LE(part.length, 1)
    block.writeUInt16LE(~part.length & 0xffff, 3)
    block.set(part, 5)
    return block
  }

  /** What follows the last part. */
  trailer(): Uint8Array {
    const end = Buffer.alloc(LAST_BLOCK.length + 8)
    end.set(LAST_BLOCK)
    end.writeUInt32LE(this.#crc, LAST_BLOCK.length)
    end.writeUInt32LE(this.#bytes % 2 ** 32, LAST_BLOCK.length + 4)
    return end
  }
}

/** Compresses a small exposition in this thread, as a member of its own. */
export function gzipWhole(bytes: Uint8Array, level: number): Uint8Array {
  return gzipSync(bytes, { level })
}

/** The CRC-32 polynomial, bits reversed: the coefficient of x^0 is the highest bit. */
const POLYNOMIAL = 0xedb88320

/** The product of two polynomials modulo POLYNOMIAL. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b
    b = (b & 1) !== 0 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1
  }
  return product >>> 0
}

/**
 * The checksum of two parts, one after the other, from their checksums: the first times x^(8 · bytes of the second),
 * plus the second.
 */
export function combineCrc(first: number, second: number, secondBytes: number): number {
  let shifted = first
  // x^8, then its repeated squares.
  let power = 0x00800000
  for (let bytes = secondBytes; bytes > 0; bytes = Math.floor(bytes / 2)) {
    if (bytes % 2 === 1) shifted = multiply(shifted, power)
    power = multiply(power, power)
  }
  return (shifted ^ second) >>> 0
}
