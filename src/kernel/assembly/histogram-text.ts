// Histograms in text and OpenMetrics: a line for each bucket, cumulative, the sum, the count.
import { byte, copy } from './copy'
import { exemplar, exemplarLines } from './exemplars'
import { number } from './number'
import { indexOf, pageOf } from './place'
import { QUICK_HEAD, QUICK_SUFFIX, QUICK_TEXT, quickBuckets, total } from './quick'
import { address, ownProcess } from './record'
import { Place } from './records'
import { firstSpelling, firstSuffix, nextSpelling, suffixBytes } from './suffix'
import { BUCKET, HEAD_OF_VALUE, OWN_FIRST, TextEncoder } from './text'

/**
 * Which sums are exposed, and counts with them. In OpenMetrics a sum is a counter: there is none where a bound is
 * negative, and none that is negative or no number; and no count without it. OpenMetrics 1.0, 'Histogram'.
 */
const SUMS_ALL = 0
const SUMS_RISING = 1
const SUMS_NONE = 2

@unmanaged
export class HistogramEncoder extends TextEncoder {
  /** SUMS_ALL to SUMS_NONE. */
  sums: i32

  begin(to: usize): usize {
    const family = this.family
    const falls = firstSuffix(family).bound < 0
    this.sums = !this.isOpenMetrics ? SUMS_ALL : falls ? SUMS_NONE : SUMS_RISING
    this.valueHead = this.lineHead(HEAD_OF_VALUE, family.nameBytes, BUCKET, 7, true)
    this.beginSums()
    return this.beginLines(to, family.bounds + 3, exemplarLines(family))
  }

  /** All lines of one from its snapshot. */
  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    const family = this.family
    const text = this.labelText(place)
    const bounds = family.bounds
    const head = this.head
    const headBytes = this.valueHead
    const room = this.room
    const first = firstSpelling(family, this.isOpenMetrics)
    let counted: f64 = 0
    let after: usize = 0
    const quick = headBytes <= QUICK_HEAD && family.suffixMax <= QUICK_SUFFIX
    const ownFirst = this.slot.created == OWN_FIRST && !this.isOpenMetrics
    if (quick && !ownFirst && room == 0 && text != 0 && <u32>bytes <= QUICK_TEXT) {
      after = quickBuckets(to, head, headBytes, text, bytes, first, family.suffixMax, values, bounds + 1)
      counted = total
    }
    if (after != 0) to = after
    else if (ownFirst) {
      let spelling = first
      for (let n = 0; n <= bounds; n++) {
        to = copy(to, head, headBytes)
        // `,le="…"} `, without the comma and what ends the labels.
        to = copy(to, address(spelling.text) + 1, spelling.bytes - 3)
        if (text != 0) to = copy(byte(to, 0x2c), text, bytes + 2)
        else to = byte(byte(to, 0x7d), 0x20)
        counted += load<f64>(values + (<usize>n << 3))
        to = byte(number(to, counted), 0x0a)
        spelling = nextSpelling(spelling)
      }
    } else {
      // `,le="…"} `, without the comma where nothing stands before it.
      const bare: i32 = text == 0 && ownProcess().defaultsBytes == 0 ? 1 : 0
      const begin = to
      to = copy(to, head, headBytes)
      if (text != 0) to = copy(to, text, bytes)
      const beginBytes = <i32>(to - begin)
      let spelling = first
      counted = 0
      for (let n = 0; n <= bounds; n++) {
        // Each line begins as the first did.
        if (n != 0) to = copy(to, begin, beginBytes)
        to = copy(to, address(spelling.text) + bare, suffixBytes(family, spelling.bytes) - bare)
        counted += load<f64>(values + (<usize>n << 3))
        to = number(to, counted)
        if (room != 0) to = exemplar(to, family, pageOf(place), indexOf(place), n, room)
        to = byte(to, 0x0a)
        spelling = nextSpelling(spelling)
      }
    }
    const sum = load<f64>(values + (<usize>(bounds + 1) << 3))
    const sums = this.sums
    if (sums == SUMS_ALL || (sums == SUMS_RISING && sum >= 0)) {
      to = this.sumLine(to, text, bytes, sum)
      to = this.countLine(to, text, bytes, counted)
    }
    return this.createdLine(to, text, bytes, place)
  }
}
