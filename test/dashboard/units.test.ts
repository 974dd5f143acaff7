/** Units of families, and figures as people read them. */
import fc from 'fast-check'
import t from 'tap'
import type { FamilyType } from '../../src/front/contract/dashboard.js'
import { axisSteps, clock, count, format, type Unit, unitOf } from '../../src/front/page/units.js'

t.test('the name tells the unit, unless the family does', async t => {
  const cases: [string, FamilyType, string | undefined, Unit][] = [
    ['mail_delivery_seconds', 'histogram', undefined, 'seconds'],
    ['process_cpu_seconds_total', 'counter', undefined, 'seconds'],
    ['process_resident_memory_bytes', 'gauge', undefined, 'bytes'],
    ['sent_bytes_total', 'counter', undefined, 'bytes'],
    ['nodejs_eventloop_utilization', 'gauge', undefined, 'ratio'],
    ['disk_free_percent', 'gauge', undefined, 'percent'],
    ['deliver_message_latency_rollup', 'histogram', undefined, 'seconds'],
    ['timeq_pop_tardiness', 'histogram', undefined, 'seconds'],
    ['worst_latency', 'gauge', undefined, 'none'],
    ['seconds_of_fame', 'gauge', undefined, 'none'],
    ['mail_queued', 'gauge', undefined, 'none'],
    ['memory', 'gauge', 'bytes', 'bytes'],
  ]
  for (const [name, type, unit, expected] of cases)
    t.equal(unitOf({ name, type, ...(unit !== undefined && { unit }) }), expected, name)
})

t.test('a figure has three digits that count, and the sign of its size', async t => {
  const cases: [number | null, Unit, boolean, string][] = [
    [0.00125, 'seconds', false, '1.25 ms'],
    [0.000_350_4, 'seconds', false, '350 µs'],
    [1.5, 'seconds', false, '1.5 s'],
    [240, 'seconds', false, '4 min'],
    [86_400 * 3, 'seconds', false, '3 d'],
    [0, 'seconds', false, '0 s'],
    [1536, 'bytes', false, '1.5 KiB'],
    [1536, 'bytes', true, '1.5 KiB/s'],
    [0.375, 'ratio', false, '37.5 %'],
    [12.3, 'percent', false, '12.3 %'],
    [9999, 'none', false, '9999'],
    [12_345, 'none', false, '12.3 k'],
    [12_345, 'none', true, '12.3 k/s'],
    [2_500_000, 'none', false, '2.5 M'],
    [-3, 'none', false, '-3'],
    [0.5, 'none', true, '0.5/s'],
    [0.75, 'seconds', true, '75 %'],
    [-1e11, 'ratio', false, '-1e+13 %'],
    [1_234_567, 'percent', false, '1.23e+6 %'],
    [1e18, 'none', true, '1e+6 T/s'],
    [Number.MAX_VALUE, 'bytes', true, '1.63e+296 TiB/s'],
    [null, 'none', false, '–'],
  ]
  for (const [value, unit, perSecond, expected] of cases)
    t.equal(format(value, unit, perSecond).replaceAll('\u00a0', ' '), expected, `${value} ${unit}`)
})

t.test('every number has a short text', async () => {
  const units: Unit[] = ['seconds', 'bytes', 'ratio', 'percent', 'none']
  const sizes = fc
    .tuple(fc.double({ min: -10, max: 10, noNaN: true }), fc.integer({ min: -30, max: 30 }))
    .map(([value, power]) => value * 10 ** power)
  fc.assert(
    fc.property(
      fc.oneof(fc.double(), sizes),
      fc.constantFrom(...units),
      fc.boolean(),
      (value, unit, perSecond) => {
        const text = format(value, unit, perSecond)
        if (text.length > 16) throw new Error(text)
        return !text.includes('NaN') && !text.includes('undefined')
      },
    ),
    { numRuns: 2000 },
  )
})

t.test('the steps of an axis ascend, and are those of its unit', async t => {
  for (const unit of ['seconds', 'bytes', 'ratio', 'percent', 'none'] as const) {
    const steps = axisSteps(unit)
    t.ok(
      steps.every((step, at) => at === 0 || step > steps[at - 1]!),
      `${unit}: ascending`,
    )
  }
  // Seconds since the epoch are seconds, too.
  for (const unit of ['seconds', 'bytes', 'ratio', 'percent', 'none'] as const)
    for (const most of [1e-9, 1, 1.8e9, 1e18, 1e300])
      t.ok(
        axisSteps(unit).some(step => most / step >= 2 && most / step <= 10) ||
          (unit === 'bytes' && most < 1e-3),
        `${unit}: an axis to ${most} has figures`,
      )
  t.ok(axisSteps('bytes').includes(1024), 'powers of two of bytes')
  t.ok(axisSteps('seconds').includes(300), 'minutes of time')
  t.notOk(axisSteps('seconds').includes(100), 'and no hundreds of seconds')
})

t.test('counts have their thousands apart', async t => {
  t.same([0, 999, 1000, 12_345, 2_000_000].map(count), ['0', '999', '1,000', '12,345', '2,000,000'])
})

t.test('a time is that of the clock on the wall', async t => {
  t.equal(clock(new Date(2026, 0, 31, 7, 5, 9).getTime() / 1000), '07:05:09')
  t.equal(clock(new Date(2026, 6, 31, 23, 59, 59, 900).getTime() / 1000), '23:59:59')
})
