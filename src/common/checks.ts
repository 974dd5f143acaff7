/** Checks of options that several calls have: numbers, durations, sizes. Each error names the option and the value. */
import { createRequire } from 'node:module'
import { badOption, outOfRange } from './errors.js'

// Loaded only when a duration or a size is given as text, because most threads that record need neither.
const require = createRequire(import.meta.url)

/** A whole number from `min` to `max`. If it is left out, `fallback`, which is not checked. */
export function wholeNumber(
  option: string,
  value: unknown,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw badOption(option, value, 'is not a whole number')
  if (value < min || value > max) throw outOfRange(option, value, `is not from ${min} to ${max}`)
  return value
}

/** A place keeps its times as Int32s of ms, which wrap: a longer duration would look like a short one. */
const MAX_DURATION = 20 * 24 * 3_600_000

/**
 * Milliseconds, from a number of them or a text such as `10m`. If it is left out, `fallback`, which is not checked.
 * `others` adds to the error message what else the caller accepts.
 */
export function duration(option: string, value: unknown, fallback: number, others = ''): number {
  if (value === undefined) return fallback
  // `ms` throws for an empty text.
  const millis = typeof value === 'string' && value !== '' ? parseDuration(value) : value
  if (typeof millis !== 'number' || !Number.isFinite(millis)) {
    throw badOption(option, value, `is not a duration (a number of ms, or for example '10m'${others})`)
  }
  if (millis < 1 || millis > MAX_DURATION) throw outOfRange(option, value, 'is not from 1 ms to 20 days')
  return Math.round(millis)
}

/** The ms that stand for `never`. */
export const NEVER = 0

/** Option `expireAfter` in ms; 0 for never; `fallback` if it is left out. */
export function expiry(value: unknown, fallback: number): number {
  return value === 'never' ? NEVER : duration('expireAfter', value, fallback, ", or 'never'")
}

const SIZE = /^\s*[\d.]+\s*[a-z]+\s*$/i

/** A size in bytes, from a number or for example `'512MiB'`; undefined if it is no size. */
export function bytesOf(size: unknown): number | undefined {
  // xbytes ignores text that follows the size, so the whole text is checked first.
  const bytes = typeof size === 'string' ? (SIZE.test(size) ? parseSize(size) : undefined) : size
  return typeof bytes === 'number' && Number.isFinite(bytes) && bytes >= 0 ? bytes : undefined
}

function parseDuration(text: string): number | undefined {
  const ms = require('ms') as typeof import('ms')
  return ms(text as import('ms').StringValue)
}

function parseSize(text: string): number {
  const xbytes = require('xbytes') as typeof import('xbytes')
  return xbytes.parseSize(text)
}
