/** Units of families, and figures as people read them. */
import type { Family } from '../contract/dashboard.js'

export type Unit = 'seconds' | 'bytes' | 'ratio' | 'percent' | 'none'

/** What a name ends in, before `_total`; the first that fits. */
const ENDINGS: readonly (readonly [ending: RegExp, unit: Unit])[] = [
  [/_seconds$/, 'seconds'],
  [/_bytes$/, 'bytes'],
  [/_(ratio|utilization)$/, 'ratio'],
  [/_percent$/, 'percent'],
]

/** Histograms of time that do not name their unit, as those of a mail server, which have seconds. */
const TIMES = /_(latency|duration|interval|tardiness)(_rollup)?$/

type Named = Pick<Family, 'name' | 'type' | 'unit'>

export function unitOf({ name, type, unit }: Named): Unit {
  const named = unit === undefined || unit === '' ? name : `_${unit}`
  const base = named.replace(/_total$/, '')
  const found = ENDINGS.find(([ending]) => ending.test(base))?.[1]
  if (found !== undefined) return found
  return type === 'histogram' && TIMES.test(base) ? 'seconds' : 'none'
}

interface Scale {
  readonly from: number
  readonly by: number
  readonly sign: string
}

const THOUSANDS: readonly Scale[] = [
  { from: 1e12, by: 1e12, sign: 'T' },
  { from: 1e9, by: 1e9, sign: 'G' },
  { from: 1e6, by: 1e6, sign: 'M' },
  { from: 1e4, by: 1e3, sign: 'k' },
]

/** From the greatest down; what is below the last is written in the last. */
const SCALES: Readonly<Record<Unit, readonly Scale[]>> = {
  seconds: [
    { from: 2 * 86_400, by: 86_400, sign: 'd' },
    { from: 2 * 3600, by: 3600, sign: 'h' },
    { from: 120, by: 60, sign: 'min' },
    { from: 1, by: 1, sign: 's' },
    { from: 1e-3, by: 1e-3, sign: 'ms' },
    { from: 1e-6, by: 1e-6, sign: 'µs' },
    { from: 0, by: 1e-9, sign: 'ns' },
  ],
  bytes: [
    { from: 2 ** 40, by: 2 ** 40, sign: 'TiB' },
    { from: 2 ** 30, by: 2 ** 30, sign: 'GiB' },
    { from: 2 ** 20, by: 2 ** 20, sign: 'MiB' },
    { from: 2 ** 10, by: 2 ** 10, sign: 'KiB' },
    { from: 0, by: 1, sign: 'B' },
  ],
  ratio: [{ from: 0, by: 0.01, sign: '%' }],
  percent: [{ from: 0, by: 1, sign: '%' }],
  none: [...THOUSANDS, { from: 0, by: 1, sign: '' }],
}

/** No-break, so that a figure and its sign stay on one line. */
const SPACE = '\u00a0'

/** A figure with three digits that count, as `1.25 ms`; a dash where there is none. */
export function format(value: number | null | undefined, unit: Unit, perSecond = false): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  // A second in each second is a core, or whatever else is busy: a share.
  if (perSecond && unit === 'seconds') return format(value, 'ratio')
  const size = Math.abs(value)
  const scales = SCALES[unit]
  const { by, sign } =
    size === 0 ? zeroScale(unit) : (scales.find(({ from }) => size >= from) ?? scales.at(-1)!)
  return `${digits(value / by)}${sign === '' ? '' : SPACE + sign}${perSecond ? '/s' : ''}`
}

function zeroScale(unit: Unit): Scale {
  return SCALES[unit].find(({ by }) => by === 1) ?? SCALES[unit].at(-1)!
}

/**
 * Whole numbers as they are, others with three digits that count; with a power of ten where even the unit's greatest
 * sign, or its least, leaves a number that would not fit the page.
 */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return Number(value.toPrecision(3)).toExponential()
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value))
  if (size >= 0.001) return String(Number(value.toPrecision(3)))
  return value.toExponential(0)
}

/** Increments of an axis in the unit's own steps: powers of two of bytes, minutes, hours and days of time. */
export function axisSteps(unit: Unit): readonly number[] {
  if (unit === 'bytes') return Array.from({ length: 1030 }, (_, power) => 2 ** (power - 10))
  if (unit !== 'seconds') return decimals(LEAST_POWER, MOST_POWER)
  const times = [60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200]
  const days = decimals(0, MOST_POWER - 5).map(count => count * 86_400)
  return [...decimals(LEAST_POWER, 2).filter(step => step < 60), ...times, ...days]
}

/** An axis has no figures where no step is large enough, or none small enough. */
const LEAST_POWER = -12
const MOST_POWER = 308

function decimals(least: number, most: number): number[] {
  const found: number[] = []
  for (let power = least; power < most; power++)
    for (const step of [1, 2, 5]) found.push(Number(`${step}e${power}`))
  return found
}

/** 100,000 as `100,000`: for counts that are named, not measured. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/**
 * The time of day here, as `12:03:04`, of seconds since the epoch. Not by Intl, which takes longer to load than the page
 * takes to draw its first picture.
 */
export function clock(time: number): string {
  const date = new Date(time * 1000)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map(part => String(part).padStart(2, '0'))
    .join(':')
}
