// Spells Float64s as ECMAScript's Number::toString does (ECMA-262, 6.1.6.1.20): the shortest digits that read back as
// the same number, no exponent from 1e-6 up to below 1e21. But -0 keeps its sign, and infinities and NaN are spelled
// as the exposition formats want them.
//
// Shortest digits by Schubfach (R. Giulietti, 'The Schubfach way to render doubles'): the decimal of the fewest
// digits in the rounding interval, found with three 64 x 128 bit products and a table of powers of ten.
import { byte } from './copy'
import { POWERS, POWERS_MIN } from './powers'

/** 00 to 99. */
const PAIRS: usize = memory.data<u8>([
  48, 48, 48, 49, 48, 50, 48, 51, 48, 52, 48, 53, 48, 54, 48, 55, 48, 56, 48, 57, 49, 48, 49, 49, 49, 50, 49, 51, 49,
  52, 49, 53, 49, 54, 49, 55, 49, 56, 49, 57, 50, 48, 50, 49, 50, 50, 50, 51, 50, 52, 50, 53, 50, 54, 50, 55, 50, 56,
  50, 57, 51, 48, 51, 49, 51, 50, 51, 51, 51, 52, 51, 53, 51, 54, 51, 55, 51, 56, 51, 57, 52, 48, 52, 49, 52, 50, 52,
  51, 52, 52, 52, 53, 52, 54, 52, 55, 52, 56, 52, 57, 53, 48, 53, 49, 53, 50, 53, 51, 53, 52, 53, 53, 53, 54, 53, 55,
  53, 56, 53, 57, 54, 48, 54, 49, 54, 50, 54, 51, 54, 52, 54, 53, 54, 54, 54, 55, 54, 56, 54, 57, 55, 48, 55, 49, 55,
  50, 55, 51, 55, 52, 55, 53, 55, 54, 55, 55, 55, 56, 55, 57, 56, 48, 56, 49, 56, 50, 56, 51, 56, 52, 56, 53, 56, 54,
  56, 55, 56, 56, 56, 57, 57, 48, 57, 49, 57, 50, 57, 51, 57, 52, 57, 53, 57, 54, 57, 55, 57, 56, 57, 57,
])

const MAX_SAFE: f64 = 9007199254740992

/** As text formats spell it: `+Inf`, `-Inf`, `NaN` where it is no finite number. */
// @ts-ignore: decorator
@inline
export function number(to: usize, value: f64): usize {
  if (Math.abs(value) < MAX_SAFE) {
    const n = <i64>value
    if (<f64>n == value) {
      // Nearly all that is counted: no call, no loop.
      if (n > 0 && n < 10) return byte(to, 0x30 + <i32>n)
      return integer(to, n, value)
    }
  }
  return special(to, value)
}

/** As JSON spells it: null where it is no finite number. */
export function jsonNumber(to: usize, value: f64): usize {
  if (value - value != 0) {
    store<u32>(to, 0x6c6c756e) // null
    return to + 4
  }
  return number(to, value)
}

function integer(to: usize, n: i64, value: f64): usize {
  if (reinterpret<i64>(value) < 0) {
    to = byte(to, 0x2d)
    n = -n
  }
  if (n < 100000000) return small(to, <u32>n)
  const high = <u32>(<u64>n / 100000000)
  to = small(to, high)
  return eight(to, <u32>(<u64>n - <u64>high * 100000000))
}

// @ts-ignore: decorator
@inline
function pair(to: usize, n: u32): void {
  store<u16>(to, load<u16>(PAIRS + (<usize>n << 1)))
}

/** Up to 8 digits and, as the upper half of a 16-digit number, up to 99,999,999. */
// @ts-ignore: decorator
@inline
function small(to: usize, n: u32): usize {
  if (n < 10) return byte(to, 0x30 + n)
  if (n < 100) {
    pair(to, n)
    return to + 2
  }
  if (n < 10000) return four(to, n)
  const high = n / 10000
  const low = n - high * 10000
  if (high < 10) to = byte(to, 0x30 + high)
  else if (high < 100) {
    pair(to, high)
    to += 2
  } else to = four(to, high)
  pair(to, low / 100)
  pair(to + 2, low % 100)
  return to + 4
}

/** 100 to 9,999, without leading zeros. */
// @ts-ignore: decorator
@inline
function four(to: usize, n: u32): usize {
  const high = n / 100
  if (high < 10) to = byte(to, 0x30 + high)
  else {
    pair(to, high)
    to += 2
  }
  pair(to, n - high * 100)
  return to + 2
}

/** Exactly 8 digits. */
// @ts-ignore: decorator
@inline
function eight(to: usize, n: u32): usize {
  const high = n / 10000
  const low = n - high * 10000
  pair(to, high / 100)
  pair(to + 2, high % 100)
  pair(to + 4, low / 100)
  pair(to + 6, low % 100)
  return to + 8
}

/** All digits of n, most significant first. */
function allDigits(to: usize, n: u64): usize {
  if (n < 100000000) return small(to, <u32>n)
  const high = n / 100000000
  to = allDigits(to, high)
  return eight(to, <u32>(n - high * 100000000))
}

// @ts-ignore: decorator
@inline
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff
  const ah = a >> 32
  const bl = b & 0xffffffff
  const bh = b >> 32
  const lh = al * bh
  const hl = ah * bl
  const middle = ((al * bl) >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff)
  return ah * bh + (lh >> 32) + (hl >> 32) + (middle >> 32)
}

/** The upper 64 bits of g * c, the lowest of them set when anything below was (Schubfach, 'round to odd'). */
// @ts-ignore: decorator
@inline
function roundToOdd(gHigh: u64, gLow: u64, c: u64): u64 {
  const x = mulHigh(gLow, c)
  const y = gHigh * c
  const low = y + x
  const high = mulHigh(gHigh, c) + u64(low < x)
  return high | u64(low > 1)
}

/** Everything but the integers below 2^53. */
function special(to: usize, value: f64): usize {
  if (value != value) {
    store<u32>(to, 0x004e614e) // NaN
    return to + 3
  }
  const bits = reinterpret<u64>(value)
  if (Math.abs(value) == Infinity) {
    store<u32>(to, (bits >> 63) != 0 ? 0x666e492d : 0x666e492b) // -Inf, +Inf
    return to + 4
  }
  if (bits >> 63 != 0) to = byte(to, 0x2d)
  const fraction = bits & 0xfffffffffffff
  const exponent = <i32>((bits >> 52) & 0x7ff)
  let c = fraction
  let q = 1 - 1075
  if (exponent != 0) {
    c |= 0x10000000000000
    q = exponent - 1075
  }
  // Below a power of two the next number is only half as far away.
  const closer = fraction == 0 && exponent > 1
  const odd = c & 1
  const left = 4 * c - 2 + u64(closer)
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22
  const h = q + ((-k * 1741647) >> 19) + 1
  const g = POWERS + (<usize>(-k - POWERS_MIN) << 4)
  const gHigh = load<u64>(g)
  const gLow = load<u64>(g, 8)
  const lower = roundToOdd(gHigh, gLow, left << h) + odd
  const middle = roundToOdd(gHigh, gLow, (4 * c) << h)
  const upper = roundToOdd(gHigh, gLow, (4 * c + 2) << h) - odd

  const s = middle >> 2
  if (s >= 10) {
    const tens = s / 10
    const below = lower <= 40 * tens
    const above = 40 * tens + 40 <= upper
    if (below != above) return decimal(to, tens + u64(above), k + 1)
  }
  const below = lower <= 4 * s
  const above = 4 * s + 4 <= upper
  if (below != above) return decimal(to, s + u64(above), k)
  const half = 4 * s + 2
  return decimal(to, s + u64(middle > half || (middle == half && (s & 1) != 0)), k)
}

/** Lays out digits * 10^exponent. */
function decimal(to: usize, digits: u64, exponent: i32): usize {
  while (digits % 10 == 0) {
    digits /= 10
    exponent++
  }
  const end = allDigits(to, digits)
  const count = <i32>(end - to)
  const point = count + exponent
  if (point > 21 || point <= -6) return scientific(to, end, point - 1)
  if (exponent >= 0) {
    memory.fill(end, 0x30, exponent)
    return end + exponent
  }
  if (point > 0) {
    memory.copy(to + point + 1, to + point, count - point)
    store<u8>(to + point, 0x2e)
    return end + 1
  }
  const zeros = 2 - point
  memory.copy(to + zeros, to, count)
  memory.fill(to, 0x30, zeros)
  store<u8>(to + 1, 0x2e)
  return end + zeros
}

/** d.ddde±x, the digits standing at `to`. */
function scientific(to: usize, end: usize, exponent: i32): usize {
  if (end - to > 1) {
    memory.copy(to + 2, to + 1, end - to - 1)
    store<u8>(to + 1, 0x2e)
    end++
  }
  end = byte(end, 0x65)
  end = byte(end, exponent < 0 ? 0x2d : 0x2b)
  return small(end, <u32>abs(exponent))
}
