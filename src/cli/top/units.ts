/** Figures as people read them: three or four digits, and a unit where the name of a family tells it. */
export type Unit = 'seconds' | 'bytes' | 'time' | ''

const NONE = '-'

/** What a family's figures are in. Names of latencies without a unit are in seconds, as Prometheus would have them. */
export function unitOf(family: string): Unit {
  const known = UNITS.get(family)
  if (known !== undefined) return known
  const unit = unitByName(family)
  // Families come and go, but not that many at once.
  if (UNITS.size >= MOST_UNITS) UNITS.clear()
  UNITS.set(family, unit)
  return unit
}

const UNITS = new Map<string, Unit>()
const MOST_UNITS = 10_000

function unitByName(family: string): Unit {
  const name = family.replace(/_(?:total|info|sum|count|bucket)$/, '')
  if (/_(?:timestamp|start_time)_seconds$/.test(name)) return 'time'
  if (/(?:^|_)seconds$/.test(name)) return 'seconds'
  if (/(?:^|_)bytes$/.test(name)) return 'bytes'
  return /latency(?:_rollup)?$/.test(name) ? 'seconds' : ''
}

export function inUnit(value: number | undefined, unit: Unit, now = Date.now() / 1000): string {
  if (value === undefined || Number.isNaN(value)) return NONE
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  // Its age: of what is yet to come it is below 0.
  if (unit === 'time') return value > 0 ? duration(now - value) : NONE
  if (unit === 'seconds') return duration(value)
  return unit === 'bytes' ? bytes(value) : plain(value)
}

/** Of something per second. */
export function perSecond(value: number | undefined, unit: Unit): string {
  if (value === undefined || Number.isNaN(value)) return NONE
  return `${inUnit(value, unit === 'bytes' ? unit : '')}/s`
}

const STEPS = ['', 'k', 'M', 'G', 'T', 'P', 'E']
const BYTE_STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** None is longer than `MOST`: that is how wide their columns are. */
const MOST = 9

export function plain(value: number): string {
  const size = Math.abs(value)
  if (size > 0 && size < 0.001) return exponential(value, '')
  if (size < 10_000 && Number.isInteger(value)) return String(value || 0)
  return stepped(value, 1000, STEPS, '') ?? exponential(value, '')
}

export function bytes(value: number): string {
  return stepped(value, 1024, BYTE_STEPS, ' ') ?? exponential(value, ' B')
}

/** Undefined beyond the last step. */
function stepped(value: number, base: number, steps: readonly string[], between: string): string | undefined {
  let rest = value
  for (const step of steps) {
    const text = digits(rest)
    // What is rounded to the next step belongs there.
    if (Math.abs(Number(text)) < base) return text + (step === '' ? '' : between + step)
    rest /= base
  }
  return undefined
}

function exponential(value: number, unit: string): string {
  const text = value.toExponential(1) + unit
  return text.length <= MOST ? text : value.toExponential(0) + unit
}

/** Three digits that say something. */
function digits(value: number): string {
  const size = Math.abs(value)
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  // Beyond, it would be one with an exponent, whose zeros say something.
  if (size >= 1e21) return value.toExponential(1)
  const text = value.toFixed(places)
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return short === '-0' ? '0' : short
}

/** How large each is, and from how many of them on the next one is told. */
const DURATIONS = [
  ['ns', 1e-9, 1000],
  ['us', 1e-6, 1000],
  ['ms', 1e-3, 1000],
  ['s', 1, 120],
  ['min', 60, 120],
  ['h', 3600, 48],
] as const
const DAY = 86_400

function duration(seconds: number): string {
  for (const [unit, size, most] of DURATIONS) {
    const text = digits(seconds / size)
    if (text === '0') return '0 s'
    if (Math.abs(Number(text)) < most) return `${text} ${unit}`
  }
  const days = Number((seconds / DAY).toPrecision(3))
  return stepped(days, 1000, STEPS, '') === undefined ? exponential(days, ' d') : `${plain(days)} d`
}
