/**
 * Compresses a span where it lies: into the slot that it was encoded into, so that compressed scrapes are bounded as
 * others are. For a moment the thread has the compressed span, mostly a tenth of it, in memory of its own.
 */
import { constants, crc32, deflateRawSync } from 'node:zlib'
import {
  Deflater,
  JSON_SEPARATORS,
  PROTOBUF_SEPARATORS,
  type Separators,
  TEXT_SEPARATORS,
} from '../kernel/deflater.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'

/**
 * Makes the span a part of a gzip member (exposition/gzip.ts): raw deflate that ends on a byte, and what it was before noted
 * in the slot. `skip` bytes at its beginning are left out. Level 1 is done by an encoder of our own, which knows lines;
 * higher ones by zlib.
 */
export function compressSpan(arena: Arena, slot: number, level: number, skip: number): void {
  const { i32, u8 } = arena
  if (i32[slot * 2 + L.SLOT_STATUS] !== L.STATUS_OK) return
  const from = (slot + L.SLOT_TEXT_WORD) * L.WORD_BYTES
  const plain = u8.subarray(from + skip, from + Math.max(skip, i32[slot * 2 + L.SLOT_BYTES]))
  i32[slot * 2 + L.SLOT_PLAIN_BYTES] = plain.length
  const { part, checksum } = compress(plain, level, SEPARATORS[i32[slot * 2 + L.SLOT_FORMAT]]!)
  i32[slot * 2 + L.SLOT_PLAIN_CRC] = checksum
  if (part.length > i32[L.H_SLOT_TEXT]) {
    i32[slot * 2 + L.SLOT_STATUS] = L.STATUS_FULL
    return
  }
  u8.set(part, from)
  i32[slot * 2 + L.SLOT_BYTES] = part.length
}

/** By format. */
const SEPARATORS: Record<number, Separators> = {
  [L.FORMAT_TEXT]: TEXT_SEPARATORS,
  [L.FORMAT_OPENMETRICS]: TEXT_SEPARATORS,
  [L.FORMAT_JSON]: JSON_SEPARATORS,
  [L.FORMAT_PROTOBUF]: PROTOBUF_SEPARATORS,
}

/** This thread's, made when it is needed. */
let deflater: Deflater | undefined

interface Compressed {
  readonly part: Uint8Array
  /** CRC-32 of what it was. */
  readonly checksum: number
}

function compress(plain: Uint8Array, level: number, separators: Separators): Compressed {
  if (plain.length === 0) return { part: plain, checksum: 0 }
  if (level > 1) {
    const part = deflateRawSync(plain, { level, finishFlush: constants.Z_SYNC_FLUSH })
    return { part, checksum: crc32(plain) }
  }
  deflater ??= new Deflater()
  const part = deflater.compress(plain, separators)
  return { part, checksum: deflater.checksum }
}
