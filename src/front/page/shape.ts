/**
 * Whether what came over the network is what the front says. What stands between here and there answers, too: a proxy, or
 * the page of a hotel's network. Pure.
 */
import type { Answer, Family, FamilyType, PanelAnswer, Value } from '../contract/dashboard.js'

const TYPES: Readonly<Record<FamilyType, true>> = {
  counter: true,
  gauge: true,
  histogram: true,
  summary: true,
  info: true,
  stateset: true,
}
/** Of a pause, ms: a page that asked oftener would do harm, and no clock of a browser waits for longer than it can count. */
const LEAST_EVERY = 50
const MOST_EVERY = 3_600_000

/** @param count of the panels that were asked for. */
export function isAnswer(what: unknown, count: number): what is Answer {
  if (!isObject(what)) return false
  const { time, started, every, panels } = what
  return (
    isNumber(time) &&
    isNumber(started) &&
    isNumber(every) &&
    every >= LEAST_EVERY &&
    every <= MOST_EVERY &&
    Array.isArray(panels) &&
    panels.length === count &&
    panels.every(isPanel)
  )
}

export function isFamilies(what: unknown): what is { families: Family[] } {
  return isObject(what) && Array.isArray(what.families) && what.families.every(isFamily)
}

function isFamily(what: unknown): boolean {
  if (!isObject(what)) return false
  const { name, type, help, labels, series, unit } = what
  return (
    typeof name === 'string' &&
    isType(type) &&
    typeof help === 'string' &&
    isNumber(series) &&
    (unit === undefined || typeof unit === 'string') &&
    Array.isArray(labels) &&
    labels.every(label => typeof label === 'string')
  )
}

function isPanel(what: unknown): what is PanelAnswer {
  if (!isObject(what) || typeof what.name !== 'string') return false
  if ('problem' in what) return typeof what.problem === 'string'
  const { type, series, total, lines, others, seconds, increase } = what
  return (
    isType(type) &&
    isNumber(series) &&
    isValue(total) &&
    isNumberOrNone(seconds) &&
    isNumberOrNone(increase) &&
    Array.isArray(lines) &&
    lines.every(line => isPart(line) && typeof line.label === 'string') &&
    (others === undefined || isPart(others))
  )
}

function isPart(what: unknown): what is Record<string, unknown> {
  return isObject(what) && isNumber(what.series) && isValue(what.value) && isNumberOrNone(what.increase)
}

function isValue(what: unknown): what is Value {
  if (what === null || isNumber(what)) return true
  if (!isObject(what) || !isNumber(what.count)) return false
  return isPairs(what.buckets) || isPairs(what.quantiles)
}

/** Bounds with their counts, or shares with their values; either may be what JSON has no number for. */
function isPairs(what: unknown): boolean {
  return (
    Array.isArray(what) &&
    what.every(
      pair => Array.isArray(pair) && pair.length === 2 && pair.every(one => one === null || isNumber(one)),
    )
  )
}

function isType(what: unknown): what is FamilyType {
  return typeof what === 'string' && Object.hasOwn(TYPES, what)
}

function isNumberOrNone(what: unknown): boolean {
  return what === undefined || isNumber(what)
}

function isNumber(what: unknown): what is number {
  return typeof what === 'number' && Number.isFinite(what)
}

function isObject(what: unknown): what is Record<string, unknown> {
  return typeof what === 'object' && what !== null
}
