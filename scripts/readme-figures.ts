/**
 * Writes the figures of a bench run into README.md, between its two marks:
 *
 *     npm run bench -- --json figures.json && node dist/scripts/readme-figures.js figures.json
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Figure, Machine, Report } from '../bench/report.js'

const BEGIN = '<!-- figures -->'
const END = '<!-- /figures -->'

interface Run {
  readonly machine: Machine
  readonly quick: boolean
  readonly reports: readonly Report[]
  readonly figures: readonly (Figure & { reached: boolean })[]
}

const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error('which file? npm run bench -- --json FILE writes one')
  process.exit(2)
}
const run: Run = JSON.parse(readFileSync(file, 'utf8'))
if (run.quick) {
  console.error(`${file} is of a quick run, whose figures mean nothing`)
  process.exit(1)
}
const readme = new URL('../../README.md', import.meta.url)
const text = readFileSync(readme, 'utf8')
const begin = text.indexOf(BEGIN)
const end = text.indexOf(END)
if (begin === -1 || end < begin) {
  console.error(`README.md has no place for figures: ${BEGIN} … ${END}`)
  process.exit(1)
}
writeFileSync(readme, `${text.slice(0, begin + BEGIN.length)}\n${section(run)}\n${text.slice(end)}`)

function section({ machine, reports, figures }: Run): string {
  const { date, node, platform, cores, cpu, memoryGiB } = machine
  const encoding = reports.find(report => report.suite === 'encoding')
  const recording = reports.find(report => report.suite === 'recording')
  return [
    `Measured on ${date.slice(0, 10)} with Node ${node}, ${platform}, ${cores} × ${cpu}, ${memoryGiB} GiB.`,
    '',
    ...(recording === undefined ? [] : ['Recording, ns a call:', '', ...peers(recording, 1, 'p50'), '']),
    ...(encoding === undefined ? [] : ['Encoding, ns a series:', '', ...peers(encoding, 1, 'p50'), '']),
    '| figure | wanted | measured |',
    '| --- | --- | --- |',
    ...figures.map(
      ({ what, wanted, unit, measured, reached }) =>
        `| ${what} | ${'atMost' in wanted ? `at most ${wanted.atMost}` : `at least ${wanted.atLeast}`}${unit} | ${spell(measured)}${unit}${reached ? '' : ' (short)'} |`,
    ),
  ].join('\n')
}

/** One column of a report's table. */
function peers(report: Report, column: number, title: string): string[] {
  return [
    `| | ${title} |`,
    '| --- | --- |',
    ...report.rows.map(row => `| ${row[0]} | ${spell(row[column] as number)} |`),
  ]
}

function spell(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}
