/** Labels in the bytes of a line. */
import { BACKSLASH, CLOSE, COMMA, OPEN, QUOTE, SPACE, TAB } from '../../bytes/kinds.js'
import { textOf } from '../../bytes/numbers.js'

export type Label = readonly [name: string, value: string]

/** Of a name with labels in braces, or without: `from` is behind the name. What cannot be read is left out. */
export function labelsOf(bytes: Uint8Array, from: number, to: number): Label[] {
  const labels: Label[] = []
  eachLabel(bytes, from, to, (name, open, close) => {
    labels.push([name, unescaped(textOf(bytes, open + 1, Math.min(close, to)))])
  })
  return labels
}

/** What all lines of a series begin with alike: the family's name, and the labels but the one that tells lines apart. */
export function seriesHead(
  family: string,
  part: string,
  bytes: Uint8Array,
  from: number,
  to: number,
): Buffer {
  let brace = from
  while (brace < to && bytes[brace] !== OPEN) brace++
  const labels: Uint8Array[] = []
  eachLabel(bytes, brace, to, (name, _, close, begin) => {
    if (name === part) return
    labels.push(labels.length === 0 ? OPENED : BETWEEN, bytes.subarray(begin, close + 1))
  })
  return Buffer.concat([Buffer.from(family), ...labels, ...(labels.length === 0 ? [] : [CLOSED])])
}

/** `from`: the brace. Calls with where the label begins, and where its quotes are; the last may have none at its end. */
function eachLabel(
  bytes: Uint8Array,
  from: number,
  to: number,
  take: (name: string, open: number, close: number, begin: number) => void,
): void {
  for (let at = from + 1; at < to; at++) {
    const c = bytes[at]!
    if (c === CLOSE) return
    if (c === COMMA || c === SPACE || c === TAB) continue
    const open = bytes.indexOf(QUOTE, at)
    if (open < 0 || open >= to) return
    let close = open + 1
    while (close < to && bytes[close] !== QUOTE) close += bytes[close] === BACKSLASH ? 2 : 1
    take(textOf(bytes, at, open).replace(/[\s=]+$/, ''), open, close, at)
    at = close
  }
}

const OPENED = Buffer.from('{')
const BETWEEN = Buffer.from(',')
const CLOSED = Buffer.from('}')

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' }

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (all, c: string) => ESCAPES[c] ?? all) : text
}

/** As a person reads them. `le` and `quantile` are of lines, not of series. */
export function shown(labels: readonly Label[]): string {
  return labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')
}
