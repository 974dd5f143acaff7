/** What `postmeter check` finds in a text, without its command. */
import { Checker } from '../../src/cli/check/checker.js'
import type { Code } from '../../src/cli/check/codes.js'
import { type Finding, Findings } from '../../src/cli/check/findings.js'
import { Series } from '../../src/cli/check/series.js'
import type { Format } from '../../src/cli/source/format.js'

export interface Checked {
  readonly errors: number
  readonly remarks: number
  readonly kept: readonly Finding[]
  readonly codes: readonly Code[]
  /** As `line:column code`. */
  readonly places: readonly string[]
  readonly checker: Checker
}

/** `cut`: bytes of each chunk. */
export function checked(
  text: string | Uint8Array,
  format: Format = 'text',
  cut = Number.POSITIVE_INFINITY,
): Checked {
  const bytes = Buffer.from(text as string)
  const findings = new Findings(1000)
  const series = new Series(false)
  series.begin()
  const checker = new Checker(format, findings, series)
  for (let at = 0; at < bytes.length; at += cut)
    checker.write(bytes.subarray(at, Math.min(bytes.length, at + cut)))
  checker.end()
  const { kept, errors, remarks } = findings
  return {
    ...{ errors, remarks, kept, checker },
    codes: kept.map(({ code }) => code),
    places: kept.map(({ line, column, code }) => `${line}:${column} ${code}`),
  }
}
