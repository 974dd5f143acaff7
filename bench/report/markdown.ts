import type { Machine } from './machine.js'
import { type Figure, type Report, reached, wantedOf } from './model.js'
import { drawSummary, SUMMARY, spell } from './plot.js'
import { figuresOf, type Run } from './run.js'
import { OWN, summarise } from './summary.js'

/** What a chooser wants to know: the libraries side by side. `picture` is the path of the plot, as the page sees it. */
export function comparison({ machine, reports }: Run, picture: string): string {
  return [measuredOn(machine), '', `![${SUMMARY}](${picture})`, '', ...peersTable(reports)].join('\n')
}

/** All figures of the run: those to reach with their verdict, those of the machine without one. */
export function figuresPage(run: Run): string {
  const figures = figuresOf(run)
  const toReach = figures.filter(({ wanted }) => wanted !== undefined)
  const shown = figures.filter(({ wanted }) => wanted === undefined)
  return [
    '# Figures',
    '',
    'This page is written by `node dist/scripts/readme-figures.js` from a run of `npm run bench`.',
    '',
    measuredOn(run.machine),
    ...servedThrough(run),
    '',
    '## Figures to reach',
    '',
    'Each is a ratio to a reference in the same run, an amount of bytes or a count, so that it reads the same on a slow machine and on a fast one.',
    '',
    '| figure | wanted | measured |',
    '| --- | --- | --- |',
    ...toReach.map(
      figure =>
        `| ${figure.what} | ${wantedOf(figure)} | ${measured(figure)}${reached(figure) ? '' : ' (short)'} |`,
    ),
    '',
    '## Figures of this machine',
    '',
    'These depend on the machine, and have no verdict.',
    '',
    '| figure | measured |',
    '| --- | --- |',
    ...shown.map(figure => `| ${figure.what} | ${measured(figure)} |`),
    '',
  ].join('\n')
}

/** The plot of the comparison as a file of its own; undefined without a suite to draw. */
export async function pictureOf({ reports }: Run): Promise<string | undefined> {
  const svg = await drawSummary(reports)
  if (svg === undefined) return undefined
  // A picture stands on whatever the reader's page has: it brings its own paper.
  const paper = '<rect width="100%" height="100%" rx="6" fill="#fff"/>'
  return `${svg.replace('<svg ', '<svg color="#1a1a1a" ').replace(/(<svg [^>]*>)/, `$1${paper}`)}\n`
}

function measuredOn({ date, node, platform, cores, cpu, memoryGiB, versions }: Machine): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `Measured on ${date.slice(0, 10)} with Node ${node}, ${platform}, ${cores} × ${cpu}, ${memoryGiB} GiB: ${packages.join(', ')}.`
}

/** What served the scrapes that were measured. */
function servedThrough({ machine, reports }: Run): string[] {
  const all = new Set(reports.flatMap(({ served }) => (served === undefined ? [] : [served])))
  return all.size === 0
    ? []
    : ['', `Scrapes were served through ${[...all].join(' and ')} on Node ${machine.node}.`]
}

/** Operations down, libraries across: what ours takes, and the others as multiples of it. */
function peersTable(reports: readonly Report[]): string[] {
  const medians = summarise(reports)
  const others = [...new Set(medians.map(({ name }) => name))].filter(name => name !== OWN)
  const operations = [...new Set(medians.map(({ operation }) => operation))]
  const find = (operation: string, name: string) =>
    medians.find(median => median.operation === operation && median.name === name)?.ns
  return [
    `| median | ${OWN} | ${others.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(others.length)}`,
    ...operations.flatMap(operation => {
      const own = find(operation, OWN)
      if (own === undefined) return []
      const ratios = others.map(name => {
        const ns = find(operation, name)
        return ns === undefined ? '' : `${spell(ns / own)} x`
      })
      return [`| ${operation} | ${spell(own)} ns | ${ratios.join(' | ')} |`]
    }),
  ]
}

/** JSON has null for what is no number. */
function measured({ measured, unit }: Figure): string {
  return Number.isFinite(measured) ? `${spell(measured)}${unit}` : '-'
}
