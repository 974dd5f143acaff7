import { textOf } from '../bytes/numbers.js'
import type { Code } from './codes.js'

/** Says that something is wrong at a byte. The message is made only where it is kept. */
export type Fail = (code: Code, at: number, message: () => string) => void

/** What stands there, for a message. */
export function found(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0x0a, at)
  if (end <= at) return 'the end of the line'
  const text = textOf(bytes, at, Math.min(end, at + 200))
  const some = Array.from(text).slice(0, 24).join('')
  return JSON.stringify(some.length < text.length ? `${some}…` : text)
}
