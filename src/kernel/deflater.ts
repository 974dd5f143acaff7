import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { ownFile } from '../common/files.js'

/** See deflate/index.ts. */
interface DeflateModule {
  output(): number
  blockBytes(): number
  begin(at: number, span: number, bytes: number, ...separators: Separators): void
  block(from: number, bytes: number): void
  end(): number
  shortest(): number
  shorten(from: number, bytes: number, register: number): number
  remainder(): number
}

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
/** The tag of a point's value, and of the first attribute of the next one. */
export const OTLP_SEPARATORS = separators('!:')

let compiled: WebAssembly.Module | undefined

/** Compresses spans of one registry for one thread, in workspaces of its memory (memory/workspaces.ts). */
export class Deflater {
  readonly #module: DeflateModule
  readonly #bytes: Uint8Array
  /** CRC-32 of what was compressed last, before it was. */
  checksum = 0

  constructor(memory: WebAssembly.Memory) {
    compiled ??= new WebAssembly.Module(readFileSync(ownFile(new URL('./deflate.wasm', import.meta.url))))
    this.#module = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as DeflateModule
    this.#bytes = new Uint8Array(memory.buffer)
  }

  /**
   * Raw deflate (RFC 1951) of some bytes of the same memory, which ends on a byte and is not the last of its stream; at
   * most as many as a slot's text has. 64 bytes before and behind them are overwritten. Valid until the workspace is used
   * again. Each 32 KiB that cannot be compressed take 7 bytes more, and so do all together.
   */
  compress(plain: Uint8Array, workspace: number, separators = TEXT_SEPARATORS): Uint8Array {
    const deflate = this.#module
    const block = deflate.blockBytes()
    deflate.begin(workspace, plain.byteOffset, plain.length, ...separators)
    this.checksum = 0
    for (let at = 0; at < plain.length; at += block) {
      const part = plain.subarray(at, at + block)
      this.checksum = this.#add(part, workspace)
      deflate.block(part.byteOffset, part.length)
    }
    const from = workspace + deflate.output()
    return this.#bytes.subarray(from, from + deflate.end())
  }

  /** The checksum of what came before with the next part. */
  #add(part: Uint8Array, workspace: number): number {
    if (part.length < this.#module.shortest()) return crc32(part, this.checksum)
    const length = this.#module.shorten(part.byteOffset, part.length, ~this.checksum)
    const from = workspace + this.#module.remainder()
    // zlib's checksum of nothing is the inverted register: this is one of 0.
    return crc32(this.#bytes.subarray(from, from + length), 0xffff_ffff)
  }
}
