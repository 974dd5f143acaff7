/** Labels as prom-client's calls take them: which are wrong, and how they are spelled. */
import { createRequire } from 'node:module'
import { escapeLabelValue } from '../catalogue/names.js'
import { plainError, typeError } from '../common/errors.js'

// For error messages alone: its import reads all its exports, which on some Nodes opens the process' output.
const require = createRequire(import.meta.url)

type Util = typeof import('node:util')

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Whether a metric may have this name. */
export function validateMetricName(name: string): boolean {
  return METRIC_NAME.test(name)
}

export function validateLabelName(names: readonly string[] = []): boolean {
  return names.every(name => LABEL_NAME.test(name))
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object'
}

/** @throws Error naming a label that is not among those registered. */
export function checkLabels(known: readonly string[], labels: object): void {
  for (const label in labels) {
    if (known.includes(label)) continue
    const { inspect } = require('node:util') as Util
    throw plainError(
      'ERR_POSTMETER_LABEL',
      `Added label "${label}" is not included in initial labelset: ${inspect(known)}`,
    )
  }
}

/** What `labels()` and `remove()` were given: an object, or a value for each label name. */
export function labelsOf(names: readonly string[], given: readonly unknown[]): Record<string, unknown> {
  const [first] = given
  if (typeof first === 'object') return (first ?? {}) as Record<string, unknown>
  if (names.length !== given.length) {
    throw plainError(
      'ERR_POSTMETER_LABEL',
      `Invalid number of arguments (${given.length}): "${given.join(', ')}" for label names ` +
        `(${names.length}): "${names.join(', ')}".`,
    )
  }
  const labels: Record<string, unknown> = {}
  for (let n = 0; n < names.length; n++) labels[names[n]] = given[n]
  return labels
}

/** The error for what is no number that can be recorded. */
export function notANumber(what: 'Value' | 'Delta', value: unknown): TypeError {
  const { format } = require('node:util') as Util
  return typeError('ERR_POSTMETER_VALUE', `${what} is not a valid number: ${format(value)}`)
}

/** A label's value as text: one that is left out is the empty text, which is the same to every reader. */
export function spell(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : String(value)
}

/** `a="x",b="y"` of those that have a value; what is in `but` is left out. */
export function spellLabels(labels: object, but?: object): string {
  let text = ''
  for (const [name, value] of Object.entries(labels)) {
    if (value === undefined || (but !== undefined && Object.hasOwn(but, name))) continue
    text += `${text === '' ? '' : ','}${name}="${escapeLabelValue(spell(value).toWellFormed())}"`
  }
  return text
}

/** Two texts of spellLabels(), or one of them, or none. */
export function join(first: string, second: string): string {
  return first === '' ? second : second === '' ? first : `${first},${second}`
}

/** In braces, where there is something. */
export function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** How the catalogue spells label values: all names, in order. */
export function catalogued(names: readonly string[], values: readonly string[]): string {
  return names.map((name, n) => `${name}="${escapeLabelValue(values[n].toWellFormed())}"`).join(',')
}
