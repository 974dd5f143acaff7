/**
 * Names of metrics and labels, label values and help: which are allowed, and how they are spelled.
 * Text format 0.0.4, 'Text format details'; OpenMetrics 1.0, 'ABNF'.
 */
import { badOption, outOfRange, show, typeError } from '../common/errors.js'
import { MAX_HELP_BYTES, MAX_NAME_BYTES } from '../memory/layout.js'

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** The prefix of the library's own families. */
export const SELF_PREFIX = 'postmeter_'

export function checkMetricName(name: unknown, self: boolean): string {
  if (typeof name !== 'string' || !METRIC_NAME.test(name)) {
    throw badOption('name', name, 'is not a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*)')
  }
  if (name.length > MAX_NAME_BYTES)
    throw outOfRange('name', name, `is longer than ${MAX_NAME_BYTES} characters`)
  if (!self && name.startsWith(SELF_PREFIX)) {
    throw badOption('name', name, `is reserved: names with ${SELF_PREFIX} are the library's own`)
  }
  return name
}

export function checkHelp(name: string, help: unknown): string {
  if (typeof help !== 'string') throw badOption('help', help, `of metric "${name}" is not a string`)
  if (Buffer.byteLength(help) > MAX_HELP_BYTES) {
    throw outOfRange('help', help, `of metric "${name}" is longer than ${MAX_HELP_BYTES} bytes`)
  }
  return help.toWellFormed()
}

export function isLabelName(label: string): boolean {
  return LABEL_NAME.test(label) && !label.startsWith('__')
}

export function checkLabelName(option: string, label: unknown): string {
  if (typeof label !== 'string' || !LABEL_NAME.test(label)) {
    throw badOption(option, label, 'is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)')
  }
  if (label.startsWith('__')) throw badOption(option, label, 'is reserved: label names with __ are internal')
  if (label.length > MAX_NAME_BYTES)
    throw outOfRange(option, label, `is longer than ${MAX_NAME_BYTES} characters`)
  return label
}

/** The label that a family's own lines use, by kind. */
const RESERVED_LABELS: Record<string, string> = {
  histogram: 'le',
  summary: 'quantile',
}

export function checkLabelNames(
  name: string,
  kind: string,
  labelNames: unknown,
  defaults: readonly string[],
): string[] {
  if (labelNames === undefined) return []
  if (!Array.isArray(labelNames))
    throw badOption('labelNames', labelNames, `of metric "${name}" is not a list`)
  const seen = new Set<string>()
  for (const label of labelNames) {
    checkLabelName('labelNames', label)
    if (label === RESERVED_LABELS[kind]) throw badOption('labelNames', label, `is a ${kind}'s own label`)
    if (seen.has(label)) throw badOption('labelNames', label, `is there twice in metric "${name}"`)
    if (defaults.includes(label)) {
      throw badOption('labelNames', label, `of metric "${name}" is a default label of the registry`)
    }
    seen.add(label)
  }
  return [...seen]
}

/** A label's value as text. Numbers and booleans are spelled as String() spells them. Undefined if it can be none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value)
  return undefined
}

/** The error for a label value of which textOf() makes nothing. */
export function badLabelValue(metric: string, label: string, value: unknown): TypeError {
  const why = value === undefined ? ' is missing' : `: ${show(value)} is not a string, a number or a boolean`
  return typeError('ERR_POSTMETER_LABEL', `metric "${metric}": label "${label}"${why}`)
}

/** As textOf. @throws TypeError that names metric and label. */
export function labelText(metric: string, label: string, value: unknown): string {
  const text = textOf(value)
  if (text === undefined) throw badLabelValue(metric, label, value)
  return text
}

export function escapeLabelValue(value: string): string {
  return value.replace(/[\\\n"]/g, c => (c === '\\' ? '\\\\' : c === '\n' ? '\\n' : '\\"'))
}

/** The values of a series' label text, which has all of the names in this order. */
export function readLabelValues(text: string, names: readonly string[]): string[] {
  let at = 0
  return names.map(name => {
    at += name.length + 2
    const from = at
    let escaped = false
    while (text[at] !== '"') {
      if (text[at] === '\\') {
        escaped = true
        at++
      }
      at++
    }
    const value = text.slice(from, at)
    at += 2
    return escaped ? value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)) : value
  })
}

export function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, c => (c === '\\' ? '\\\\' : '\\n'))
}

/** OpenMetrics escapes quotes, too. */
export function escapeOpenMetricsHelp(help: string): string {
  return escapeHelp(help).replaceAll('"', '\\"')
}

const NAME_ENDS: Readonly<Record<string, string>> = { counter: '_total', info: '_info' }

/** The name of a family in OpenMetrics: of a counter, without `_total`; of an info, without `_info`. */
export function baseName(kind: string, name: string): string {
  const end = NAME_ENDS[kind]
  // A name that is only the suffix stays, because OpenMetrics has no family without a name.
  return end !== undefined && name !== end && name.endsWith(end) ? name.slice(0, -end.length) : name
}

export function checkStates(name: string, states: unknown): string[] {
  if (!Array.isArray(states) || states.length === 0) {
    throw badOption('states', states, `of metric "${name}" is not a list of names`)
  }
  for (const state of states) {
    if (typeof state !== 'string') throw badOption('states', state, `of metric "${name}" is not a string`)
  }
  const wellFormed = states.map((state: string) => state.toWellFormed())
  const twice = wellFormed.find((state, n) => wellFormed.indexOf(state) !== n)
  if (twice !== undefined) throw badOption('states', twice, `is there twice in metric "${name}"`)
  return wellFormed
}

export function checkUnit(name: string, kind: string, unit: unknown): string {
  if (unit === undefined || unit === '') return ''
  if (typeof unit !== 'string') throw badOption('unit', unit, `of metric "${name}" is not a string`)
  if (!baseName(kind, name).endsWith(`_${unit}`)) {
    throw badOption('unit', unit, `is not what the name of metric "${name}" ends with`)
  }
  return unit
}

/** A bound as `le` spells it. The spelling never changes, because it is part of the identity of a series. */
export function spellBound(bound: number): string {
  return bound === Number.POSITIVE_INFINITY ? '+Inf' : Object.is(bound, -0) ? '0' : String(bound)
}

/**
 * A bound as OpenMetrics spells `le`: 1.0, not 1. Below 1e-4 and from 1e6 on it has an exponent, of at least two
 * digits.
 * OpenMetrics 1.0, 'Canonical Numbers'.
 */
export function spellCanonical(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf'
  if (bound === 0) return '0.0'
  const [digits, exponent] = bound.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 6) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  const text = String(bound)
  return text.includes('.') ? text : `${text}.0`
}
