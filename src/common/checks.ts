/** Options of a kind that several calls have: numbers, durations, sizes. Each error names the option and the value. */
import { createRequire } from 'node:module'
import { badOption, outOfRange } from './errors.js'

// Loaded where a duration or a size is given as text, and not in each thread that records.
const require = createRequire(import.meta.url)

/** A whole number from `min` to `max`; `fallback`, whatever it is, when left out. */
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

/** Times of places are Int32s of ms: what is longer could not be told from what is short. */
const MAX_DURATION = 20 * 24 * 3_600_000

/**
 * Milliseconds, from a number of them or a text such as `10m`; `fallback`, whatever it is, when left out. `others` are
 * values that the caller takes.
 */
export function duration(option: string, value: unknown, fallback: number, others = ''): number {
  if (value === undefined) return fallback
  // An empty text it throws for.
  const millis = typeof value === 'string' && value !== '' ? parseDuration(value) : value
  if (typeof millis !== 'number' || !Number.isFinite(millis)) {
    throw badOption(option, value, `is not a duration (a number of ms, or for example '10m'${others})`)
  }
  if (millis < 1 || millis > MAX_DURATION) throw outOfRange(option, value, 'is not from 1 ms to 20 days')
  return Math.round(millis)
}

/** What `never` is in ms. */
export const NEVER = 0

/** Option `expireAfter` in ms, 0 for never; `fallback` when left out. */
export function expiry(value: unknown, fallback: number): number {
  return value === 'never' ? NEVER : duration('expireAfter', value, fallback, ", or 'never'")
}

const SIZE = /^\s*[\d.]+\s*[a-z]+\s*$/i

/** A size in bytes, from a number or for example `'512MiB'`; undefined where it is none. */
export function bytesOf(size: unknown): number | undefined {
  // What stands behind a size it passes over.
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
