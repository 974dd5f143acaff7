import { constants, crc32, deflateRawSync } from 'node:zlib'
import type { Registry } from '../../src/index.js'
import { Deflater } from '../../src/kernel/deflater.js'
import { openArena } from '../../src/memory/arena.js'
import { sweepSlot } from '../../src/memory/slots.js'
import { takeWorkspace } from '../../src/memory/workspaces.js'
import type { Contender } from '../harness/contender.js'
import { encoderInThread } from './encode-in-thread.js'

/** What makes a span a part of a gzip member, its checksum included; returns how many bytes it came to. */
export type Compress = (span: Uint8Array) => number

/** Of the last span, so that it is not for nothing. */
export let checksum = 0

/** Spans are in slots of the registry. */
export function ownCompressor(registry: Registry): Compress {
  const arena = openArena(registry.handle)
  const deflater = new Deflater(arena.memory)
  const workspace = takeWorkspace(arena, sweepSlot(arena))
  return span => {
    const { length } = deflater.compress(span, workspace)
    checksum = deflater.checksum
    return length
  }
}

/** Level 1, ended on a byte as ours is, so that spans can follow one another. */
export const zlibCompressor: Compress = span => {
  checksum = crc32(span)
  return deflateRawSync(span, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }).length
}

/** A registry encoded as text and compressed in this thread, span by span. */
export function compressing(
  registry: Registry,
  calls: number,
  compressor: (registry: Registry) => Compress,
): Contender {
  const compress = compressor(registry)
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
