/**
 * Writes the figures of a bench run into README.md, between its two marks, and their plot into docs/figures.svg:
 *
 *     npm run bench && node dist/scripts/readme-figures.js
 *
 * or of another run than the last whole one: node dist/scripts/readme-figures.js FILE
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Machine } from '../bench/report/machine.js'
import { type Figure, type Report, wantedOf } from '../bench/report/model.js'
import { drawSummary, SUMMARY, spell } from '../bench/report/plot.js'
import { summarise } from '../bench/report/summary.js'

const BEGIN = '<!-- figures -->'
const END = '<!-- /figures -->'
const root = new URL('../../', import.meta.url)

interface Run {
  readonly machine: Machine
  readonly quick: boolean
  readonly reports: readonly Report[]
  readonly figures: readonly (Figure & { reached: boolean })[]
}

const file = process.argv[2] ?? 'bench-report/figures.json'
const run: Run = JSON.parse(readFileSync(file, 'utf8'))
if (run.quick) fail(`${file} is of a quick run, whose figures mean nothing`)
const svg = await drawSummary(run.reports)
if (svg === undefined) fail(`${file} has neither recording nor encoding in it`)
const readme = new URL('README.md', root)
const text = readFileSync(readme, 'utf8')
const begin = text.indexOf(BEGIN)
const end = text.indexOf(END)
if (begin === -1 || end < begin) fail(`README.md has no place for figures: ${BEGIN} … ${END}`)
writeFileSync(readme, `${text.slice(0, begin + BEGIN.length)}\n${section(run)}\n${text.slice(end)}`)
// A picture stands on whatever the reader's page has: it brings its own paper.
const paper = '<rect width="100%" height="100%" rx="6" fill="#fff"/>'
writeFileSync(
  new URL('docs/figures.svg', root),
  `${svg!.replace('<svg ', '<svg color="#1a1a1a" ').replace(/(<svg [^>]*>)/, `$1${paper}`)}\n`,
)

function section({ machine, reports, figures }: Run): string {
  const { date, node, platform, cores, cpu, memoryGiB, versions } = machine
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured on ${date.slice(0, 10)} with Node ${node}, ${platform}, ${cores} × ${cpu}, ${memoryGiB} GiB: ${packages.join(', ')}.`,
    '',
    `![${SUMMARY}](docs/figures.svg)`,
    '',
    ...summaryTable(reports),
    '',
    '| figure | wanted | measured |',
    '| --- | --- | --- |',
    ...figures.map(figure => {
      const short = figure.reached ? '' : ' (short)'
      const wanted = wantedOf(figure).replace('<=', 'at most').replace('>=', 'at least')
      return `| ${figure.what} | ${wanted} | ${spell(figure.measured)}${figure.unit}${short} |`
    }),
  ].join('\n')
}

/** Operations down, libraries across. */
function summaryTable(reports: readonly Report[]): string[] {
  const told = summarise(reports)
  const names = [...new Set(told.map(({ name }) => name))]
  const operations = [...new Set(told.map(({ operation }) => operation))]
  return [
    `| ns, median | ${names.join(' | ')} |`,
    `| --- |${' --- |'.repeat(names.length)}`,
    ...operations.map(operation => {
      const values = names.map(name => told.find(one => one.operation === operation && one.name === name)?.ns)
      return `| ${operation} | ${values.map(ns => (ns === undefined ? '' : spell(ns))).join(' | ')} |`
    }),
  ]
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
