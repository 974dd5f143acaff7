import fc from 'fast-check'
import t from 'tap'
import { loadKernel } from '../../src/kernel/loader.js'
import * as L from '../../src/memory/layout.js'
import { takeSlot } from '../../src/memory/slots.js'
import { SEED } from '../support/arbitrary.js'
import { spellNumber } from '../support/oracle.js'
import { fresh } from '../support/registry.js'

const { arena } = fresh(t, { memory: '4MiB' })
const kernel = loadKernel(arena)
const slot = takeSlot(arena, 0)
const text = (slot + L.SLOT_TEXT_WORD) * L.WORD_BYTES

function spell(value: number): string {
  const length = kernel.spell(slot, value)
  let spelled = ''
  for (let n = 0; n < length; n++) spelled += String.fromCharCode(arena.u8[text + n])
  return spelled
}

const number = new Float64Array(1)
const halves = new Uint32Array(number.buffer)

/** Values that are spelled otherwise than ECMAScript does; NaN and infinities as the formats want them. */
function wrong(values: Iterable<number>): { count: number; first: string[] } {
  let count = 0
  const first: string[] = []
  for (const value of values) {
    const spelled = spell(value)
    if (spelled === spellNumber(value)) continue
    count++
    if (first.length < 10) first.push(`${spellNumber(value)} is spelled ${spelled}`)
  }
  return { count, first }
}

const NONE = { count: 0, first: [] }

function* neighbours(value: number): Generator<number> {
  for (const sign of [1, -1]) {
    yield sign * value
    number[0] = value
    const low = halves[0]
    const high = halves[1]
    for (const step of [-2, -1, 1, 2]) {
      const moved = (BigInt(high) << 32n) + BigInt(low) + BigInt(step)
      if (moved < 0n) continue
      halves[0] = Number(moved & 0xffff_ffffn)
      halves[1] = Number(moved >> 32n)
      yield sign * number[0]
    }
  }
}

t.test('the oracle says of itself what the formats want', async t => {
  t.strictSame([0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map(spellNumber), [
    '0',
    '0',
    '+Inf',
    '-Inf',
    'NaN',
  ])
})

t.test('numbers where the spelling changes its form', async t => {
  const edges = [
    0, 1, 9, 10, 99, 100, 999, 1000, 9999, 1e4, 99999, 1e5, 999999, 1e6, 9999999, 1e7, 99999999, 1e8,
  ]
  edges.push(123456789, 1e15, 1e16, 1e17, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 2 ** 63, 2 ** 64, 1e21 - 2 ** 17)
  edges.push(
    1e20,
    1e21,
    1e22,
    1e23,
    1e-5,
    1e-6,
    1e-6 - 2 ** -72,
    1e-7,
    0.1,
    0.5,
    1.5,
    123.456,
    4.35,
    1.234e-6,
  )
  edges.push(
    5e-324,
    2.2250738585072014e-308,
    2.225073858507201e-308,
    Number.MAX_VALUE,
    9.5367431640625e-7,
    5e-7,
  )
  edges.push(2 ** 53 + 4, 2 ** 51 + 0.5, 2 ** 51 + 1.5, 9.0608011534336e15)
  t.strictSame(wrong(edges.flatMap(value => [...neighbours(value)])), NONE)
  t.strictSame(wrong([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]), NONE)
})

t.test('all powers of two and their neighbours', async t => {
  const powers = Array.from({ length: 1024 + 1074 }, (_, n) => 2 ** (n - 1074))
  t.equal(powers[0], 5e-324)
  t.strictSame(wrong(powers.flatMap(value => [...neighbours(value)])), NONE)
})

t.test('all powers of ten, times one to nine, and their neighbours', async t => {
  const values: number[] = []
  for (let e = -323; e <= 308; e++) for (let d = 1; d <= 9; d++) values.push(Number(`${d}e${e}`))
  t.strictSame(wrong(values.filter(Number.isFinite).flatMap(value => [...neighbours(value)])), NONE)
})

t.test('a million random bit patterns', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  let state = SEED >>> 0
  // mulberry32: the seed alone determines the numbers.
  const random = () => {
    state = (state + 0x6d2b_79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return (z ^ (z >>> 14)) >>> 0
  }
  function* patterns() {
    for (let n = 0; n < 1_000_000; n++) {
      halves[0] = random()
      halves[1] = random()
      yield number[0]
    }
  }
  t.strictSame(wrong(patterns()), NONE)
  function* everyday() {
    for (let n = 0; n < 200_000; n++) {
      yield Math.round(random() / 1000) / 1000
      yield Math.floor(random() * 2 ** (random() % 32))
      yield random() / 2 ** 32
    }
  }
  t.strictSame(wrong(everyday()), NONE)
  function* thousandths() {
    for (let n = 0; n < 50_000; n++)
      yield* neighbours(Math.floor((random() / 2 ** 32) * 10 ** (n % 18)) / 1000)
  }
  t.strictSame(wrong(thousandths()), NONE, 'up to three decimals, of all sizes, and their neighbours')
})

t.test('what is spelled reads back as the same number', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value =>
      Object.is(Number(spell(value)), value + 0),
    ),
    { seed: SEED, numRuns: 5_000 },
  )
  t.pass('5,000 numbers')
})
