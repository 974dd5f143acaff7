/** What was found, for people and for programs. */

import { EXITS, type Exit } from '../source/exits.js'
import type { Cardinality } from './cardinality.js'
import type { Code } from './codes.js'
import type { Finding } from './findings.js'
import type { Look } from './look.js'

export interface Reported {
  readonly source: string
  /** Milliseconds. */
  readonly took: number
}

const number = (value: number) => value.toLocaleString('en')
const several = (count: number, one: string, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`

/** Lines for a terminal. */
export function asText(look: Look, { source, took }: Reported): string {
  const { findings, changes } = look
  const format = look.format === 'text' ? 'text 0.0.4' : 'OpenMetrics 1.0'
  const size = `${several(look.series, 'series', 'series')} in ${several(look.families, 'family', 'families')}`
  const lines = [`${source}: ${format}, ${size}, ${number(look.bytes)} bytes, ${number(Math.round(took))} ms`]
  for (const finding of findings.kept) lines.push(lineOf(finding))
  const kept = new Map<Code, number>()
  for (const { code } of findings.kept) kept.set(code, (kept.get(code) ?? 0) + 1)
  for (const [code, count] of findings.counts) {
    const more = count - (kept.get(code) ?? 0)
    if (more > 0) lines.push(`and ${number(more)} more of ${code}`)
  }
  if (changes !== undefined) {
    const { appeared, vanished, fell, restarted } = changes
    if (restarted)
      lines.push(`the process was started again: ${several(fell, 'counter begins', 'counters begin')} anew`)
    if (appeared + vanished > 0)
      lines.push(`${number(appeared)} series appeared, ${number(vanished)} vanished`)
  }
  lines.push(`${several(findings.errors, 'error')}, ${several(findings.remarks, 'remark')}`)
  // Once is enough for whoever watches.
  if (changes === undefined) lines.push(...cardinalityLines(look.cardinality))
  return `${lines.join('\n')}\n`
}

function lineOf({ severity, code, line, column, message }: Finding): string {
  const place = line === 0 ? '' : column === 0 ? `line ${line}: ` : `line ${line}, column ${column}: `
  return `${place}${severity} ${code}: ${message}`
}

function cardinalityLines(families: readonly Cardinality[]): string[] {
  if (families.length === 0) return []
  const lines = [
    '',
    'series by family; of each label its values, and the series that there would be without it',
  ]
  for (const { family, type, series, labels } of families) {
    lines.push(`${number(series).padStart(11)}  ${family} (${type})`)
    for (const { name, values, without, estimated } of labels) {
      const about = (which: 'values' | 'without') => (estimated.includes(which) ? 'about ' : '')
      const has = `${about('values')}${several(values, 'value')}`
      lines.push(`${' '.repeat(15)}${name}: ${has}, ${about('without')}${number(without)} without it`)
    }
  }
  return lines
}

/** One line of JSON. Its shape is in docs/CHECK.md; members may be added. */
export function asJson(look: Look, { source, took }: Reported): string {
  const { exit, format, bytes, lines, series, families, findings, cardinality, changes } = look
  const { kept } = findings
  const of = (wanted: string) =>
    kept.filter(({ severity }) => severity === wanted).map(({ severity: _, ...finding }) => finding)
  return `${JSON.stringify({
    ...{ source, exit: EXITS[exit][0], format, bytes, lines, series, families },
    milliseconds: Math.round(took),
    counts: Object.fromEntries(findings.counts),
    errors: of('error'),
    remarks: of('remark'),
    cardinality,
    ...(changes === undefined ? {} : { changes }),
  })}\n`
}

export function failureAsJson(exit: Exit, message: string, source: string): string {
  return `${JSON.stringify({ source, exit: EXITS[exit][0], failure: { kind: exit, message } })}\n`
}
