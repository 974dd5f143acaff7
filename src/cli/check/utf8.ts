import { isUtf8 } from 'node:buffer'

/** Whether bytes are UTF-8. Asked only where one of them is no ASCII. */
export function isValidUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  return isUtf8(bytes.subarray(from, to))
}

/** How many characters that are. */
export function characters(bytes: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = from; at < to; at++) if ((bytes[at]! & 0xc0) !== 0x80) count++
  return count
}
