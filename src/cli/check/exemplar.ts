/** An exemplar of OpenMetrics, behind a sample: ` # {trace_id="…"} value [time]`. */

import { NumberReader, textOf } from '../bytes/numbers.js'
import { type Fail, found } from './fail.js'

const EXEMPLAR =
  /^# \{(?<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[^\n])*"(?:,(?=[^}])|(?=\})))*)\} (?<value>[^ ]+)(?: (?<time>[^ ]+))?$/u
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/gu

/** Of the names and values of all its labels together, by the specification. */
const MOST_CHARACTERS = 128

const numbers = new NumberReader()

/** Checks what stands from `at` to the end of the line. */
export function readExemplar(bytes: Uint8Array, at: number, fail: Fail): boolean {
  const end = bytes.indexOf(0x0a, at)
  const text = textOf(bytes, at, end)
  const { labels, value, time } = EXEMPLAR.exec(text)?.groups ?? {}
  if (labels === undefined || value === undefined) {
    fail('exemplar', at, () => `expected an exemplar as # {name="value"} 1, found ${found(bytes, at)}`)
    return false
  }
  for (const [what, number] of [
    ['value', value],
    ['time', time],
  ] as const) {
    if (number === undefined) continue
    const read = numbers.read(Buffer.from(number), 0, number.length)
    if (!numbers.bad && (what === 'value' || Number.isFinite(read))) continue
    fail('exemplar', at, () => `the ${what} of an exemplar is no number: ${JSON.stringify(number)}`)
    return false
  }
  let characters = 0
  const names = new Set<string>()
  for (const [, name, value] of labels.matchAll(LABEL)) {
    if (names.has(name!)) fail('exemplar', at, () => `an exemplar has label ${name} twice`)
    names.add(name!)
    characters += Array.from(name!).length + Array.from(value!.replaceAll(/\\(["\\n])/g, '_')).length
  }
  if (characters > MOST_CHARACTERS)
    fail('exemplar', at, () => `an exemplar has ${characters} characters of labels, at most 128 may be`)
  return true
}
