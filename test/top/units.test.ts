/** Figures as people read them: short enough for their columns, and what they say is what was measured. */
import fc from 'fast-check'
import t from 'tap'
import { inUnit, perSecond, plain, type Unit, unitOf } from '../../src/cli/top/units.js'
import { WIDTHS } from '../../src/cli/top/view/columns.js'

const NOW = 1.7e9

t.test('units come from the name of a family', async t => {
  const units: Record<string, Unit> = {
    a_seconds: 'seconds',
    a_seconds_total: 'seconds',
    a_bytes: 'bytes',
    sent_bytes_total: 'bytes',
    b_total: '',
    seconds_of_fame: '',
    x_timestamp_seconds: 'time',
    process_start_time_seconds: 'time',
    deliver_message_latency_rollup: 'seconds',
  }
  for (const [name, unit] of Object.entries(units)) t.equal(unitOf(name), unit, name)
})

t.test('figures have three or four digits', async t => {
  const cases: [number | undefined, Unit, string][] = [
    ...([
      [0, '', '0'],
      [-0, '', '0'],
      [7, '', '7'],
      [9999, '', '9999'],
      [10_000, '', '10k'],
      [12_345, '', '12.3k'],
      [999_999, '', '1M'],
      [0.5, '', '0.5'],
      [0.1234, '', '0.123'],
      [0.9999, '', '1'],
      [1.005e9, '', '1G'],
      [-2500.5, '', '-2.5k'],
      [1e-9, '', '1.0e-9'],
      [999.4e18, '', '999E'],
      [999.5e18, '', '1.0e+21'],
      [-1e300, '', '-1.0e+300'],
      [undefined, '', '-'],
      [Number.NaN, 'bytes', '-'],
      [Number.POSITIVE_INFINITY, 'seconds', '+Inf'],
      [Number.NEGATIVE_INFINITY, '', '-Inf'],
    ] as const),
    ...([
      [0, 'seconds', '0 s'],
      [1e-30, 'seconds', '0 s'],
      [-1e-30, 'seconds', '0 s'],
      [2e-9, 'seconds', '2 ns'],
      [0.000_25, 'seconds', '250 us'],
      [0.0123, 'seconds', '12.3 ms'],
      [0.9994, 'seconds', '999 ms'],
      [0.9995, 'seconds', '1 s'],
      [0.000_999_6, 'seconds', '1 ms'],
      [90, 'seconds', '90 s'],
      [119.4, 'seconds', '119 s'],
      [119.5, 'seconds', '1.99 min'],
      [600, 'seconds', '10 min'],
      [7200, 'seconds', '2 h'],
      [-7200, 'seconds', '-2 h'],
      [47.94 * 3600, 'seconds', '47.9 h'],
      [47.95 * 3600, 'seconds', '2 d'],
      [1e6, 'seconds', '11.6 d'],
      [1.7e9, 'seconds', '19.7k d'],
      [1e30, 'seconds', '1.2e+25 d'],
    ] as const),
    ...([
      [0, 'bytes', '0 B'],
      [-0.0001, 'bytes', '0 B'],
      [1023, 'bytes', '1023 B'],
      [1023.5, 'bytes', '1 KiB'],
      [1024, 'bytes', '1 KiB'],
      [1536, 'bytes', '1.5 KiB'],
      [2 ** 20 - 1, 'bytes', '1 MiB'],
      [2 ** 31, 'bytes', '2 GiB'],
      [-(2 ** 31), 'bytes', '-2 GiB'],
      [1.6e298, 'bytes', '2e+298 B'],
    ] as const),
    ...([
      [NOW - 60, 'time', '60 s'],
      [NOW - 700, 'time', '11.7 min'],
      [NOW + 60, 'time', '-60 s'],
      [0, 'time', '-'],
    ] as const),
  ].map(([value, unit, text]) => [value, unit, text])
  for (const [value, unit, text] of cases) t.equal(inUnit(value, unit, NOW), text, `${value} ${unit}`)
  t.equal(perSecond(2048, 'bytes'), '2 KiB/s')
  t.equal(perSecond(undefined, ''), '-')
  t.equal(perSecond(Number.POSITIVE_INFINITY, 'bytes'), '+Inf/s')
})

/** Of any size; some lie at the edge of a step, or one number beside it. */
const edges = [1, 60, 120, 3600, 7200, 172_800, 86_400, ...Array.from({ length: 8 }, (_, n) => 1024 ** n)]
const sizes = fc.oneof(
  fc.double({ noNaN: true }),
  fc
    .tuple(fc.double({ min: -10, max: 10, noNaN: true }), fc.integer({ min: -320, max: 307 }))
    .map(([value, power]) => value * 10 ** power),
  fc
    .tuple(
      fc.constantFrom(...edges),
      fc.integer({ min: -21, max: 21 }),
      fc.double({ min: -0.006, max: 0.001 }),
    )
    .map(([edge, power, off]) => edge * 10 ** power * (1 + (Number.isNaN(off) ? 0 : off))),
)
const units = fc.constantFrom<Unit[]>('seconds', 'bytes', 'time', '')
const SIZES: Readonly<Record<string, number>> = {
  ...{ ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86_400 },
  ...{ B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50, EiB: 2 ** 60 },
  ...{ '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
}
const FIGURE = /^(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)([kMGTPE]?)(?: (\w+))?$/

/** What a text says. */
function read(text: string): number {
  if (text === '-Inf' || text === '+Inf') return Number(`${text}inity`)
  const [, number, step, unit = ''] = FIGURE.exec(text) ?? []
  if (number === undefined) throw new Error(`${text} is no figure`)
  // Rounded up, the greatest number would be none.
  const size = Math.min(Number.MAX_VALUE, Math.abs(Number(number)) * SIZES[step!]! * SIZES[unit]!)
  return number.startsWith('-') ? -size : size
}

const RUNS = { numRuns: 20_000 }

t.test('every figure is short enough for its column', async () => {
  const least = Math.min(WIDTHS.value, WIDTHS.p50, WIDTHS.p90, WIDTHS.p99)
  fc.assert(
    fc.property(sizes, units, (value, unit) => {
      const text = inUnit(value, unit, NOW)
      if (text.length > least) throw new Error(text)
      const rate = perSecond(value, unit)
      if (rate.length > WIDTHS.rate) throw new Error(rate)
    }),
    RUNS,
  )
})

t.test('every figure says what it is of, to three digits, and has its sign', async () => {
  fc.assert(
    fc.property(sizes, units, (given, unit) => {
      const text = inUnit(given, unit, NOW)
      if (unit === 'time' && !(given > 0)) return text === '-' || text === '-Inf'
      const value = unit === 'time' && Number.isFinite(given) ? NOW - given : given
      const said = read(text)
      if (/-0(?:$| )/.test(text)) throw new Error(text)
      if (said === 0) return Math.abs(value) < (unit === 'seconds' || unit === 'time' ? 1e-12 : 1e-3)
      // One digit is left of what has an exponent of three.
      const off = /e[+-]\d\d/.test(text) ? 0.5 : /e/.test(text) ? 0.06 : 0.006
      const isNear =
        said === value ||
        Math.abs(said - value) <= Math.max(off * Math.abs(value), Math.abs(value) < 1 ? 0.0006 : 0)
      if (Math.sign(said) !== Math.sign(value) || !isNear) throw new Error(`${text} for ${value}`)
      return true
    }),
    RUNS,
  )
})

t.test('what would be rounded to the next unit is told in that', async () => {
  const most: Readonly<Record<string, number>> = {
    ...{ ns: 1000, us: 1000, ms: 1000, s: 120, min: 120, h: 48 },
    ...{ B: 1024, KiB: 1024, MiB: 1024, GiB: 1024, TiB: 1024, PiB: 1024, EiB: 1024 },
    ...{ k: 1000, M: 1000, G: 1000, T: 1000, P: 1000, E: 1000 },
  }
  fc.assert(
    fc.property(sizes, units, (value, unit) => {
      const text = inUnit(value, unit, NOW)
      const [, number, step, name] = FIGURE.exec(text) ?? []
      if (number === undefined || number.includes('e')) return true
      if (step !== '' && Math.abs(Number(number)) >= most[step!]!) throw new Error(text)
      if (name !== undefined && name !== 'd' && Math.abs(Number(number)) >= most[name]!) throw new Error(text)
      return true
    }),
    RUNS,
  )
})

t.test('greater figures never say less', async () => {
  fc.assert(
    fc.property(sizes, fc.double({ min: 1, max: 1.5, noNaN: true }), units, (value, by, unit) => {
      if (unit === 'time' || !Number.isFinite(value * by)) return true
      const [less, more] = [Math.min(value, value * by), Math.max(value, value * by)]
      const texts = [less, more].map(one => inUnit(one, unit))
      const [first, second] = texts.map(read)
      // 1 KiB is 1024 B, and 1023.5 B are 1 KiB. Of what has an exponent and a sign one digit may be left: 1.4 is 1 then.
      const rounding = texts.some(text => text.includes('e')) ? 0.34 : 0.005
      if (first! > second! + Math.abs(second!) * rounding)
        throw new Error(`${less}: ${first}, ${more}: ${second}`)
      return true
    }),
    RUNS,
  )
})

t.test('numbers without a unit need none', async t => {
  t.equal(plain(1234), '1234')
  t.equal(plain(1234.5), '1.23k')
})
