// Label pairs, as Prometheus' schemas have them: in what is scraped, and in remote write 1.0.
import { copy } from './copy'
import { nameBytes, nextMark } from './marks'
import { varint } from './varint'
import { lengthBytes, put, unescaped } from './wire'

/** A message's first field; and its own. */
export const PAIR = 0x0a
export const PAIR_NAME = 0x0a
export const PAIR_VALUE = 0x12

/**
 * Label pairs from `a="x",b="y"`, unescaped, `most` at most; the first one's name may have a prefix. A text that is
 * overwritten meanwhile ends where it makes no sense: it takes no more room than so many labels of its length can.
 */
export function labels(to: usize, text: usize, bytes: i32, most: i32, prefix: usize = 0, prefixBytes: i32 = 0): usize {
  const end = text + bytes
  for (; text < end && most > 0; most--) {
    const name = nameBytes(text, end)
    const value = text + name + 2
    let quote = nextMark(value, end)
    let escapes = 0
    while (quote < end && load<u8>(quote) != 0x22) {
      escapes++
      quote = nextMark(quote + 2, end)
    }
    if (quote >= end) break
    const raw = <i32>(quote - value)
    const valueBytes = raw - escapes
    const whole = prefixBytes + name
    to = put(to, PAIR)
    to = varint(to, 2 + lengthBytes(whole) + whole + lengthBytes(valueBytes) + valueBytes)
    to = put(to, PAIR_NAME)
    to = varint(to, whole)
    if (prefixBytes != 0) {
      to = copy(to, prefix, prefixBytes)
      prefixBytes = 0
    }
    to = copy(to, text, name)
    to = put(to, PAIR_VALUE)
    to = varint(to, valueBytes)
    to = escapes == 0 ? copy(to, value, raw) : unescaped(to, value, quote)
    text = quote + 2
  }
  return to
}
