const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')

/**
 * HalfSipHash with one round for each word and three at the end, of 32 or 64 bits, as its authors wrote it down; in
 * hexadecimal digits, the first half first.
 */
export function halfSipHash(key: readonly [number, number], words: readonly number[], bits: 32 | 64): string {
  const left = (word: number, bits: number) => ((word << bits) | (word >>> (32 - bits))) >>> 0
  let [v0, v1, v2, v3] = [key[0], key[1], 0x6c79_6765 ^ key[0], 0x7465_6462 ^ key[1]]
  const round = () => {
    v0 = (v0 + v1) >>> 0
    v1 = left(v1, 5) ^ v0
    v0 = left(v0, 16)
    v2 = (v2 + v3) >>> 0
    v3 = left(v3, 8) ^ v2
    v0 = (v0 + v3) >>> 0
    v3 = left(v3, 7) ^ v0
    v2 = (v2 + v1) >>> 0
    v1 = left(v1, 13) ^ v2
    v2 = left(v2, 16)
  }
  if (bits === 64) v1 ^= 0xee
  for (const word of words) {
    v3 ^= word
    round()
    v0 ^= word
  }
  v2 ^= bits === 64 ? 0xee : 0xff
  for (let n = 0; n < 3; n++) round()
  const first = hex(v1 ^ v3)
  if (bits === 32) return first
  v1 ^= 0xdd
  for (let n = 0; n < 3; n++) round()
  return first + hex(v1 ^ v3)
}
