import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** See deflate/index.ts. */
interface DeflateModule {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  input(): number
  output(): number
  blockBytes(): number
  slack(): number
  begin(line: number, lead: number, otherLine: number, otherLead: number): void
  block(bytes: number): void
  end(): number
  shortest(): number
  shorten(bytes: number, register: number): number
  remainder(): number
}

const PAGE_BYTES = 65_536

/**
 * Where a format's entries end, as a byte, and after which byte their values begin. Where there are two such pairs, the
 * shorter outcome is found by trying.
 */
export type Separators = readonly [line: number, lead: number, otherLine: number, otherLead: number]

const separators = (pair: string, other = pair): Separators => [
  pair.charCodeAt(0),
  pair.charCodeAt(1),
  other.charCodeAt(0),
  other.charCodeAt(1),
]

export const TEXT_SEPARATORS = separators('\n ')
/** After a series with one label; after one with several, or with buckets. */
export const JSON_SEPARATORS = separators(',:', '}:')
/** The tag of a metric's first field and of a gauge's value: they are fields 1 and 2. */
export const PROTOBUF_SEPARATORS = separators('\x0a\x12')

/** Compresses spans for one thread, in memory of its own: about 1 MiB, and what a span takes compressed. */
export class Deflater {
  readonly #module: DeflateModule
  /** CRC-32 of what was compressed last, before it was. */
  checksum = 0

  constructor() {
    const compiled = new WebAssembly.Module(readFileSync(new URL('./deflate.wasm', import.meta.url)))
    this.#module = new WebAssembly.Instance(compiled).exports as unknown as DeflateModule
  }

  /**
   * Raw deflate (RFC 1951) of some bytes, which ends on a byte and is not the last of its stream. Valid until the next
   * call. Each 32 KiB that cannot be compressed take 7 bytes more, and so do all together.
   */
  compress(plain: Uint8Array, separators = TEXT_SEPARATORS): Uint8Array {
    const { memory } = this.#module
    const input = this.#module.input()
    const output = this.#module.output()
    const block = this.#module.blockBytes()
    const most = output + plain.length + this.#module.slack() + 8 * (Math.ceil(plain.length / 32_768) + 1)
    const missing = Math.ceil((most - memory.buffer.byteLength) / PAGE_BYTES)
    if (missing > 0) memory.grow(missing)
    const bytes = new Uint8Array(memory.buffer)
    this.#module.begin(...separators)
    this.checksum = 0
    for (let at = 0; at < plain.length; at += block) {
      const part = plain.subarray(at, at + block)
      bytes.set(part, input)
      this.checksum = this.#add(bytes, part)
      this.#module.block(part.length)
    }
    return bytes.subarray(output, output + this.#module.end())
  }
  /** The checksum of what came before with the part that is at `input` now. */
  #add(memory: Uint8Array, part: Uint8Array): number {
    if (part.length < this.#module.shortest()) return crc32(part, this.checksum)
    const length = this.#module.shorten(part.length, ~this.checksum)
    const from = this.#module.remainder()
    // zlib's checksum of nothing is the inverted register: this is one of 0.
    return crc32(memory.subarray(from, from + length), 0xffff_ffff)
  }
}
