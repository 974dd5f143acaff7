import { constants, deflateRawSync } from 'node:zlib'
import type { Registry } from '../src/index.js'
import { Deflater } from '../src/kernel/deflater.js'
import type { Contender } from './contender.js'
import { encoderInThread } from './encode-in-thread.js'

/** What compresses a span; returns how many bytes it came to. */
export type Compress = (span: Uint8Array) => number

export function ownCompressor(): Compress {
  const deflater = new Deflater()
  return span => deflater.compress(span).length
}

/** Level 1, ended on a byte as ours is, so that spans can follow one another. */
export const zlibCompressor: Compress = span =>
  deflateRawSync(span, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }).length

/** A registry encoded as text and compressed in this thread, span by span. */
export function compressing(registry: Registry, calls: number, compress: Compress): Contender {
  let compressed = 0
  const encode = encoderInThread(registry, 'text', '', span => {
    compressed += compress(span)
  })
  return {
    calls,
    batch: () => {
      compressed = 0
      return encode()
    },
    bytes: () => compressed,
  }
}
