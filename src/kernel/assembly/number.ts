// Spells Float64s as ECMAScript's Number::toString does (ECMA-262, 6.1.6.1.20): the shortest digits that read back as
// the same number, no exponent from 1e-6 up to below 1e21; so -0 is 0, in every format and in value() alike: shares that
// are added up lose that sign anyway. Infinities and NaN are spelled as the exposition formats want them.
//
// Shortest digits by Schubfach (R. Giulietti, 'The Schubfach way to render doubles'): the decimal of the fewest
// digits in the rounding interval, found with one 64 x 128 bit product and a table of powers of ten. Before it come whole
// numbers, and those of up to three decimals, which are nearly all that is written.
import { byte } from './copy'
import { FOURS } from './fours'
import { POWERS, POWERS_MIN } from './powers'

const MAX_SAFE: f64 = 9007199254740992

/** 2^52: a whole number below it, added, has its bits in the lowest of the sum's. */
const WHOLE: f64 = 4503599627370496
const WHOLE_BITS: u64 = 0x4330000000000000

/** The whole number from 0 to 99,999,999 that a value is, if `isSmall` says that it is one. */
// @ts-ignore: decorator
@inline
export function smallOf(value: f64): u64 {
  return reinterpret<u64>(value + WHOLE) - WHOLE_BITS
}

/** Whether it is one: neither too large, below 0, not whole, nor -0, which differ in their bits. */
// @ts-ignore: decorator
@inline
export function isSmall(value: f64, n: u64): bool {
  if (n >= 100000000) return false
  return reinterpret<u64>(value + WHOLE - WHOLE) == reinterpret<u64>(value)
}

/** As text formats spell it: `+Inf`, `-Inf`, `NaN` where it is no finite number. */
// @ts-ignore: decorator
@inline
export function number(to: usize, value: f64): usize {
  const n = smallOf(value)
  return isSmall(value, n) ? upToEight(to, <u32>n) : anyNumber(to, value)
}

/** As JSON spells it: null where it is no finite number. */
export function jsonNumber(to: usize, value: f64): usize {
  if (value - value != 0) {
    store<u32>(to, 0x6c6c756e) // null
    return to + 4
  }
  return number(to, value)
}

/** The digits of a number below 10^8 as eight bytes, the most significant lowest, with leading zeros; not yet ASCII. */
// @ts-ignore: decorator
@inline
function digits(n: u32): u64 {
  const high = n / 10000
  const low = n - high * 10000
  return <u64>load<u32>(FOURS + (<usize>high << 2)) | (<u64>load<u32>(FOURS + (<usize>low << 2)) << 32)
}

/**
 * Spells a number below 10^8, without a branch that depends on how many digits it has: series differ in that, and a
 * misprediction costs more than all of this. Writes 8 bytes always; what follows overwrites those past the digits.
 */
// @ts-ignore: decorator
@inline
export function upToEight(to: usize, n: u32): usize {
  const all = digits(n)
  // The last digit is there even if it is zero.
  const zeros = ctz<u64>(all | 0x0100000000000000) & ~7
  store<u64>(to, (all | 0x3030303030303030) >> zeros)
  return to + <usize>(8 - (zeros >> 3))
}

/** All digits of n. */
function allDigits(to: usize, n: u64): usize {
  if (n < 100000000) return upToEight(to, <u32>n)
  const high = n / 100000000
  to = allDigits(to, high)
  store<u64>(to, digits(<u32>(n - high * 100000000)) | 0x3030303030303030)
  return to + 8
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

/**
 * The upper 64 bits of g * c, the lowest of them set when anything below was (Schubfach, 'round to odd'), from the
 * products of g's halves: of the lower one only the upper 64 bits count.
 */
// @ts-ignore: decorator
@inline
function roundToOdd(high: u64, low: u64, carried: u64): u64 {
  const middle = low + carried
  return (high + u64(middle < low)) | u64(middle > 1)
}

function anyNumber(to: usize, value: f64): usize {
  if (Math.abs(value) < MAX_SAFE) {
    const n = <i64>value
    if (<f64>n == value) {
      if (n >= 0) return allDigits(to, n)
      return allDigits(byte(to, 0x2d), -n)
    }
    // What a person or a clock gave has three decimals at most. A decimal of up to 15 digits that reads back as the
    // value is its shortest, trailing zeros apart.
    const thousandths = value * 1000
    if (Math.abs(thousandths) < 1e15 && Math.trunc(thousandths) == thousandths && thousandths / 1000 == value) {
      return decimals(to, <i64>thousandths)
    }
  }
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
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22
  const h = q + ((-k * 1741647) >> 19) + 1
  const g = POWERS + (<usize>(-k - POWERS_MIN) << 4)
  const gHigh = load<u64>(g)
  const gLow = load<u64>(g, 8)
  // One product of 192 bits; its neighbours are g, shifted, below and above it.
  const scaled = (4 * c) << h
  const xHigh = mulHigh(gLow, scaled)
  const xLow = gLow * scaled
  const yHigh = mulHigh(gHigh, scaled)
  const yLow = gHigh * scaled
  const middle = roundToOdd(yHigh, yLow, xHigh)
  const down = <u64>h + u64(!closer)
  const lower =
    odd +
    roundToOdd(
      yHigh - (gHigh >> (64 - down)) - u64(yLow < gHigh << down),
      yLow - (gHigh << down),
      xHigh - (gLow >> (64 - down)) - u64(xLow < gLow << down),
    )
  const up = <u64>h + 1
  const yAbove = yLow + (gHigh << up)
  const xAbove = xLow + (gLow << up)
  const upper =
    roundToOdd(
      yHigh + (gHigh >> (64 - up)) + u64(yAbove < yLow),
      yAbove,
      xHigh + (gLow >> (64 - up)) + u64(xAbove < xLow),
    ) - odd

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

/** Thousandths that are no whole number. */
function decimals(to: usize, thousandths: i64): usize {
  if (thousandths < 0) {
    to = byte(to, 0x2d)
    thousandths = -thousandths
  }
  const whole = <u64>thousandths / 1000
  const rest = <u32>(<u64>thousandths - whole * 1000)
  to = byte(allDigits(to, whole), 0x2e)
  // The table has four digits, the first of which is 0.
  store<u32>(to, (load<u32>(FOURS + (<usize>rest << 2)) >> 8) | 0x303030)
  return to + (rest % 10 != 0 ? 3 : rest % 100 != 0 ? 2 : 1)
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
    // At most 16 digits follow the point.
    v128.store(to + point + 1, v128.load(to + point))
    store<u8>(to + point, 0x2e)
    return end + 1
  }
  const zeros = 2 - point
  const first = v128.load(to)
  const seventeenth = load<u8>(to, 16)
  store<u64>(to, 0x3030303030302e30) // 0.000000
  v128.store(to + zeros, first)
  store<u8>(to + zeros, seventeenth, 16)
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
  return upToEight(end, abs(exponent))
}
