/** Labels in the bytes of a line. */
import { BACKSLASH, CLOSE, COMMA, QUOTE, SPACE, TAB } from '../../bytes/kinds.js'
import { textOf } from '../../bytes/numbers.js'

export type Label = readonly [name: string, value: string]

/** Of a name with labels in braces, or without: `from` is behind the name. What cannot be read is left out. */
export function labelsOf(bytes: Uint8Array, from: number, to: number): Label[] {
  const labels: Label[] = []
  for (let at = from + 1; at < to; at++) {
    const c = bytes[at]!
    if (c === CLOSE) break
    if (c === COMMA || c === SPACE || c === TAB) continue
    const open = bytes.indexOf(QUOTE, at)
    if (open < 0 || open >= to) break
    let close = open + 1
    while (close < to && bytes[close] !== QUOTE) close += bytes[close] === BACKSLASH ? 2 : 1
    const name = textOf(bytes, at, open).replace(/[\s=]+$/, '')
    labels.push([name, unescaped(textOf(bytes, open + 1, Math.min(close, to)))])
    at = close
  }
  return labels
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' }

function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (all, c: string) => ESCAPES[c] ?? all) : text
}

/** As a person reads them. `le` and `quantile` are of lines, not of series. */
export function shown(labels: readonly Label[]): string {
  return labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ')
}
