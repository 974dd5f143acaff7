/**
 * Compresses a span where it lies: into the slot that it was encoded into, so that compressed scrapes are bounded as
 * others are. For a moment the compressed span, mostly a tenth of it, is in a workspace (memory/workspaces.ts).
 */
import { constants, crc32, deflateRawSync } from 'node:zlib'
import {
  Deflater,
  JSON_SEPARATORS,
  OTLP_SEPARATORS,
  PROTOBUF_SEPARATORS,
  type Separators,
  TEXT_SEPARATORS,
} from '../kernel/deflater.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { giveWorkspace, takeWorkspace } from '../memory/workspaces.js'

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
  if (plain.length === 0) {
    put(arena, slot, plain, 0)
    return
  }
  const deflater = level > 1 ? undefined : deflaterOf(arena.memory)
  if (deflater === undefined) {
    const part = deflateRawSync(plain, { level, finishFlush: constants.Z_SYNC_FLUSH })
    put(arena, slot, part, crc32(plain))
    return
  }
  // Before the text there are folded values, which are not needed any more; behind it there is slack.
  const workspace = takeWorkspace(arena, slot)
  const part = deflater.compress(plain, workspace, SEPARATORS[i32[slot * 2 + L.SLOT_FORMAT]])
  put(arena, slot, part, deflater.checksum)
  giveWorkspace(arena, workspace)
}

/** `checksum` is the CRC-32 of what it was. */
function put(arena: Arena, slot: number, part: Uint8Array, checksum: number): void {
  const { i32, u8 } = arena
  i32[slot * 2 + L.SLOT_PLAIN_CRC] = checksum
  if (part.length > arena.slotText) {
    i32[slot * 2 + L.SLOT_STATUS] = L.STATUS_FULL
    return
  }
  u8.set(part, (slot + L.SLOT_TEXT_WORD) * L.WORD_BYTES)
  i32[slot * 2 + L.SLOT_BYTES] = part.length
}

/** By format. */
const SEPARATORS: Record<number, Separators> = {
  [L.FORMAT_TEXT]: TEXT_SEPARATORS,
  [L.FORMAT_OPENMETRICS]: TEXT_SEPARATORS,
  [L.FORMAT_JSON]: JSON_SEPARATORS,
  [L.FORMAT_PROTOBUF]: PROTOBUF_SEPARATORS,
  [L.FORMAT_OTLP]: OTLP_SEPARATORS,
}

/** This thread's, by memory, made when they are needed. */
const deflaters = new WeakMap<WebAssembly.Memory, Deflater>()

/** None if its file is gone, because the package was replaced while the program ran. Then zlib does its work. */
function deflaterOf(memory: WebAssembly.Memory): Deflater | undefined {
  const known = deflaters.get(memory)
  if (known !== undefined) return known
  try {
    const deflater = new Deflater(memory)
    deflaters.set(memory, deflater)
    return deflater
  } catch {
    return undefined
  }
}
