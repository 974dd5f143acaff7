// Lines of the kind that a scrape has most of: a label set of up to 126 bytes, and a whole number below 10^8. Loops
// without a call, so that all they need stays in registers; whatever is not of this kind ends them, and is
// written by text.ts and histogram-text.ts.
//
// A function returns one value; what else these find out is left in a global, of which each instance has its own, and
// read at once.
import { beforeCopy } from './hook'
import { STATE_LIVE, STATE_MASK } from './layout'
import { isSmall, smallOf, upToEight } from './number'
import { address } from './record'
import { Place } from './records'
import { next, textBytesOf, textOf } from './place'
import { nextSpelling, Spelling } from './suffix'

/** Most bytes of a head: it is kept in registers. */
export const QUICK_HEAD = 64
/** Most bytes of label text. */
export const QUICK_TEXT: u32 = 126
/** Most bytes between label text and value. */
export const QUICK_SUFFIX = 32

/** Up to QUICK_TEXT bytes, and the two that follow them in memory. */
// @ts-ignore: decorator
@inline
function quickText(to: usize, text: usize, bytes: i32): void {
  v128.store(to, v128.load(text))
  v128.store(to, v128.load(text, 16), 16)
  v128.store(to, v128.load(text, 32), 32)
  v128.store(to, v128.load(text, 48), 48)
  if (bytes <= 62) return
  v128.store(to, v128.load(text, 64), 64)
  v128.store(to, v128.load(text, 80), 80)
  v128.store(to, v128.load(text, 96), 96)
  v128.store(to, v128.load(text, 112), 112)
}

/** Up to 64 bytes, of which the upper 32 are seldom needed. */
// @ts-ignore: decorator
@inline
function quickHead(to: usize, bytes: i32, head0: v128, head1: v128, head2: v128, head3: v128): void {
  v128.store(to, head0)
  v128.store(to, head1, 16)
  if (bytes <= 32) return
  v128.store(to, head2, 32)
  v128.store(to, head3, 48)
}

/** The place that ended the last run; the one behind it if none did. */
export let stopped: Place = changetype<Place>(0)

/**
 * Lines of places from `place` on. `limit` is where a line may end that has no label text. Returns where the next line
 * goes.
 */
export function quickLines(
  to: usize,
  limit: usize,
  seq: i32,
  head: usize,
  headBytes: i32,
  place: Place,
  last: Place,
  values: usize,
  step: usize,
): usize {
  const head0 = v128.load(head)
  const head1 = v128.load(head, 16)
  const head2 = v128.load(head, 32)
  const head3 = v128.load(head, 48)
  for (; place != last; place = next(place), values += step) {
    // As isExposed(), but with branches alone.
    if ((place.state & STATE_MASK) != STATE_LIVE) continue
    if (place.born - seq > 0) continue
    beforeCopy(changetype<usize>(place))
    const bytes = textBytesOf(place)
    const value = load<f64>(values)
    const n = smallOf(value)
    if (!isSmall(value, n)) break
    if (<u32>bytes > QUICK_TEXT) break
    if (to + bytes > limit) break
    const text = textOf(place)
    quickHead(to, headBytes, head0, head1, head2, head3)
    to += headBytes
    quickText(to, text, bytes)
    // The text is followed by its `} ` in memory.
    to = upToEight(to + bytes + 2, <u32>n)
    store<u8>(to, 0x0a)
    to++
  }
  stopped = place
  return to
}

/** What the last buckets added up to. */
export let total: f64 = 0

/**
 * The bucket lines of one histogram, `lines` in number; each spelling is `,le="…"} `, of so many bytes at
 * most. 0 where a count is not of the kind.
 */
export function quickBuckets(
  to: usize,
  head: usize,
  headBytes: i32,
  text: usize,
  textBytes: i32,
  spelling: Spelling,
  mostBytes: i32,
  values: usize,
  lines: i32,
): usize {
  const head0 = v128.load(head)
  const head1 = v128.load(head, 16)
  const head2 = v128.load(head, 32)
  const head3 = v128.load(head, 48)
  const last = values + (<usize>lines << 3)
  let sum: f64 = 0
  for (; values != last; values += 8) {
    sum += load<f64>(values)
    const n = smallOf(sum)
    if (!isSmall(sum, n)) return 0
    quickHead(to, headBytes, head0, head1, head2, head3)
    to += headBytes
    quickText(to, text, textBytes)
    to += textBytes
    const le = address(spelling.text)
    v128.store(to, v128.load(le))
    v128.store(to, v128.load(le, 16), 16)
    to = upToEight(to + min(<u32>spelling.bytes, <u32>mostBytes), <u32>n)
    store<u8>(to, 0x0a)
    to++
    spelling = nextSpelling(spelling)
  }
  total = sum
  return to
}
