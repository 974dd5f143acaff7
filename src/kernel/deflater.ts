import { readFileSync } from 'node:fs'

/** See deflate/index.ts. */
interface DeflateModule {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  input(): number
  output(): number
  blockBytes(): number
  begin(): void
  block(bytes: number): void
  end(): number
}

const PAGE_BYTES = 65_536

/** Compresses spans for one thread, in memory of its own: about 1 MiB, and what a span takes compressed. */
export class Deflater {
  readonly #module: DeflateModule

  constructor() {
    const compiled = new WebAssembly.Module(readFileSync(new URL('./deflate.wasm', import.meta.url)))
    this.#module = new WebAssembly.Instance(compiled).exports as unknown as DeflateModule
  }

  /**
   * Raw deflate (RFC 1951) of some bytes, which ends on a byte and is not the last of its stream. Valid until the next
   * call. Each 128 KiB that cannot be compressed take 20 bytes more.
   */
  compress(plain: Uint8Array): Uint8Array {
    const { memory } = this.#module
    const input = this.#module.input()
    const output = this.#module.output()
    const block = this.#module.blockBytes()
    const most = output + plain.length + 32 * (Math.ceil(plain.length / block) + 2)
    const missing = Math.ceil((most - memory.buffer.byteLength) / PAGE_BYTES)
    if (missing > 0) memory.grow(missing)
    const bytes = new Uint8Array(memory.buffer)
    this.#module.begin()
    for (let at = 0; at < plain.length; at += block) {
      const part = plain.subarray(at, at + block)
      bytes.set(part, input)
      this.#module.block(part.length)
    }
    return bytes.subarray(output, output + this.#module.end())
  }
}
