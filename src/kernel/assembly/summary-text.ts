// Summaries in text and OpenMetrics: a line for each quantile, the sum, the count.
import { byte, copy } from './copy'
import { number } from './number'
import { address, ownProcess } from './record'
import { Place } from './records'
import { firstSpelling, nextSpelling, suffixBytes } from './suffix'
import { BUCKET, HEAD_OF_VALUE, TextEncoder } from './text'

@unmanaged
export class SummaryEncoder extends TextEncoder {
  begin(to: usize): usize {
    const family = this.family
    this.valueHead = this.lineHead(HEAD_OF_VALUE, family.nameBytes, BUCKET, 0, true)
    this.beginSums()
    return this.beginLines(to, family.bounds + 2, 0)
  }

  // @ts-ignore: decorator
  @inline
  write(to: usize, place: Place, bytes: i32, _control: bool, values: usize): usize {
    const text = this.labelText(place)
    to = this.quantileLines(to, text, bytes, values + 16)
    to = this.sumLine(to, text, bytes, load<f64>(values, 8))
    to = this.countLine(to, text, bytes, load<f64>(values))
    return this.createdLine(to, text, bytes, place)
  }

  quantileLines(to: usize, text: usize, bytes: i32, values: usize): usize {
    const family = this.family
    // `,quantile="…"} `, without the comma where nothing stands before it.
    const bare: i32 = text == 0 && ownProcess().defaultsBytes == 0 ? 1 : 0
    const count = family.bounds
    let spelling = firstSpelling(family, this.isOpenMetrics)
    for (let n = 0; n < count; n++) {
      to = copy(to, this.head, this.valueHead)
      if (text != 0) to = copy(to, text, bytes)
      to = copy(to, address(spelling.text) + bare, suffixBytes(family, spelling.bytes) - bare)
      to = number(to, load<f64>(values + (<usize>n << 3)))
      to = byte(to, 0x0a)
      spelling = nextSpelling(spelling)
    }
    return to
  }
}
