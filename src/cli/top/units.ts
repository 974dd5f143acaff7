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
  if (unit === 'time') return value > 0 ? ago(now - value) : NONE
  if (unit === 'seconds') return duration(value)
  return unit === 'bytes' ? bytes(value) : plain(value)
}

/** Of something per second. */
export function perSecond(value: number | undefined, unit: Unit): string {
  if (value === undefined || Number.isNaN(value)) return NONE
  return `${unit === 'bytes' ? bytes(value) : plain(value)}/s`
}

const STEPS = ['', 'k', 'M', 'G', 'T', 'P', 'E']
const BYTE_STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

export function plain(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e21 || (size > 0 && size < 0.001)) return value.toExponential(1)
  if (size < 10_000 && Number.isInteger(value)) return String(value)
  return stepped(value, 1000, STEPS, '')
}

export function bytes(value: number): string {
  return stepped(value, 1024, BYTE_STEPS, ' ')
}

function stepped(value: number, base: number, steps: readonly string[], between: string): string {
  let step = 0
  let rest = value
  // What would be rounded to the next step belongs there.
  while (Math.abs(rest) >= base - 0.5 && step < steps.length - 1) {
    rest /= base
    step++
  }
  return digits(rest) + (steps[step] === '' ? '' : between + steps[step]!)
}

/** Three digits that say something. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e21) return value.toExponential(1)
  const places = size >= 100 ? 0 : size >= 10 ? 1 : 2
  const text = value.toFixed(size < 1 ? 3 : places)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

function duration(seconds: number): string {
  const size = Math.abs(seconds)
  if (size === 0) return '0 s'
  if (size < 0.000_999_5)
    return size < 0.000_000_999_5 ? `${digits(seconds * 1e9)} ns` : `${digits(seconds * 1e6)} us`
  if (size < 0.999_5) return `${digits(seconds * 1e3)} ms`
  if (size < 119.5) return `${digits(seconds)} s`
  if (size < 7170) return `${digits(seconds / 60)} min`
  return size < 172_000
    ? `${digits(seconds / 3600)} h`
    : `${plain(Number((seconds / 86_400).toPrecision(3)))} d`
}

function ago(seconds: number): string {
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`
}
