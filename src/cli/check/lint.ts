/** Remarks on style: what Prometheus' own linter looks at, over the families. */

import type { Format } from '../source/format.js'
import type { Code } from './codes.js'
import type { Family } from './families.js'
import type { Findings } from './findings.js'

/** Units, and the base unit to use. */
const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amperes: 'amperes',
    bytes: 'bytes bits',
    celsius: 'celsius fahrenheit rankine',
    grams: 'grams pounds ounces',
    joules: 'joules calories',
    kelvin: 'kelvin kelvins',
    meters: 'meters inches yards miles',
    metres: 'metres',
    seconds: 'seconds minutes hours days weeks',
    volts: 'volts',
  }).flatMap(([base, units]) => units.split(' ').map(unit => [unit, base] as const)),
)
const PREFIX =
  /^(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)/
const ABBREVIATION = /_(?:s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(?=_|$)/i
const TYPE_IN_NAME = /_(?:counter|gauge|summary|histogram|gauge_histogram)(?=_|$)/i
const CAMEL_CASE = /[a-z][A-Z]/

/** The linter's words for the types of OpenMetrics; it does not know the others. */
const AS_TEXT: Readonly<Record<string, string>> = { unknown: 'untyped', gaugehistogram: 'gaugehistogram' }

export function lint(families: readonly Family[], format: Format, findings: Findings): void {
  for (const family of families) if (family.samples > 0 && !family.shared) lintOne(family, format, findings)
}

function lintOne(family: Family, format: Format, findings: Findings): void {
  const type = AS_TEXT[family.type ?? ''] ?? family.type ?? 'untyped'
  // OpenMetrics names a counter without what its lines have.
  const name = format === 'openmetrics' && type === 'counter' ? `${family.name}_total` : family.name
  const line = family.helpLine || family.typeLine || family.firstSample
  const remark = (code: Code, why: string) => findings.add(code, line, 0, family.name, () => `${name} ${why}`)

  if (!family.helped) remark('no-help', 'has no HELP')
  const unit = unitOf(name)
  if (unit !== undefined && UNITS.get(unit) !== unit) {
    const base = UNITS.get(unit) ?? UNITS.get(unit.replace(PREFIX, ''))
    remark('base-unit', `has the unit ${unit}: use ${base}`)
  }
  if (type !== 'untyped') lintTyped(family, name, type, remark)
  if (TYPE_IN_NAME.test(name)) remark('type-in-name', 'has a type in its name')
  if (name.includes(':')) remark('colon', 'has a colon in its name, which is for recording rules')
  if (CAMEL_CASE.test(name)) remark('camel-case', 'is written in camelCase: use snake_case')
  for (const label of family.labels)
    if (CAMEL_CASE.test(label.name)) remark('camel-case', `has the label ${label.name}: use snake_case`)
  if (ABBREVIATION.test(name)) remark('abbreviation', 'has a unit in short in its name: write it out')
}

function lintTyped(
  family: Family,
  name: string,
  type: string,
  remark: (code: Code, why: string) => void,
): void {
  const total = name.endsWith('_total')
  if (type === 'counter' && !total) remark('counter-name', 'is a counter: its name ends with _total')
  if (type !== 'counter' && total) remark('counter-name', `is a ${type}, and ends with _total as a counter`)
  if (type !== 'gauge' && name.endsWith('_timestamp_seconds'))
    remark('timestamp-name', `is a ${type}, and a _timestamp_seconds is a gauge`)
  const histogram = type === 'histogram'
  const counts = histogram || type === 'summary'
  if (!histogram && name.endsWith('_bucket'))
    remark('reserved-name', 'ends with _bucket, and is no histogram')
  for (const suffix of ['_count', '_sum'])
    if (!counts && name.endsWith(suffix))
      remark('reserved-name', `ends with ${suffix}, and is neither a histogram nor a summary`)
  for (const { own } of family.labels) {
    if (own === 'le' && !histogram && type !== 'gaugehistogram')
      remark('reserved-label', 'has a label le, and is no histogram')
    if (own === 'quantile' && type !== 'summary')
      remark('reserved-label', 'has a label quantile, and is no summary')
  }
}

/** The first part of a name that is a unit, with its prefix. */
function unitOf(name: string): string | undefined {
  return name.split('_').find(part => UNITS.has(part) || UNITS.has(part.replace(PREFIX, '')))
}
