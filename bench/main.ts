import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { calibrate } from './gate/calibrate.js'
import { FLOORS, GENERATIONS } from './gate/floors.js'
import { failures, gate } from './gate/gate.js'
import { floorsFile } from './gate/limits.js'
import { thisMachine } from './report/machine.js'
import { asJson, figuresOf, type Run } from './report/run.js'
import { print, printFigures, printMachine } from './report/terminal.js'
import { suites } from './suites/all.js'
import { full, quick } from './suites/effort.js'

const floorNames = FLOORS.map(({ name }) => name)
const usage = `npm run bench [-- [--only NAME]… [--json FILE] [--report FOLDER] [--quick]]
  --only        only this suite: ${Object.keys(suites).join(', ')}
  --json        write all figures to this file, too
  --report      write index.html, with tables and plots, and figures.json into this folder
                (default: bench-report, unless --only or --quick)
  --quick       a short run that shows that the bench works; its figures mean nothing

npm run bench -- --gate [--floor NAME]…
  compares ratios within the run with limits from earlier runs, then shows that all suites run; fails if a floor does
  --floor       only this floor, and no suites: ${floorNames.join(', ')}
  --floors      the file of limits (default: bench/gate/floors.json)
  --generations pairs of processes to measure a floor in (default: ${GENERATIONS})

npm run bench -- --calibrate N [--add] [--floor NAME]…
  sets the limits of machines like this one from N runs
  --add         beside the runs that they came from before`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    report: { type: 'string' },
    quick: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    calibrate: { type: 'string' },
    add: { type: 'boolean', default: false },
    floor: { type: 'string', multiple: true, default: [] },
    generations: { type: 'string', default: String(GENERATIONS) },
    floors: { type: 'string', default: floorsFile },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit()
}
refuse('--only: there is no suite', unknown(values.only, Object.keys(suites)))
refuse('--floor: there is no floor', unknown(values.floor, floorNames))
const runs = count('calibrate', values.calibrate ?? '1')
const generations = count('generations', values.generations)

const machine = thisMachine(new Date())
printMachine(machine)
const floors = { file: values.floors, only: values.floor, generations }
if (values.calibrate !== undefined) {
  const trusted = await calibrate({ ...floors, runs, add: values.add, now: new Date() })
  process.exit(trusted ? 0 : 1)
}
const verdicts = values.gate ? await gate(floors) : []
if (values.floor.length === 0) await runSuites(values.quick || values.gate)
const failed = failures(verdicts)
if (failed.length > 0) console.log('')
for (const line of failed) console.log(line)
process.exitCode = failed.length > 0 ? 1 : 0

async function runSuites(isQuick: boolean): Promise<void> {
  if (isQuick) console.log('\na quick run of all suites: the figures mean nothing')
  const reports = []
  for (const [name, run] of Object.entries(suites)) {
    if (values.only.length > 0 && !values.only.includes(name)) continue
    const report = await run(isQuick ? quick : full)
    print(report)
    reports.push(report)
  }
  const run: Run = { machine, quick: isQuick, reports }
  printFigures(figuresOf(run))
  const json = asJson(run)
  if (values.json !== undefined) writeFileSync(values.json, json)
  const folder = values.report ?? (isQuick || values.only.length > 0 ? undefined : 'bench-report')
  if (folder === undefined) return
  // Only here: what draws takes a second to load.
  const { page } = await import('./report/page.js')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'figures.json'), json)
  writeFileSync(join(folder, 'index.html'), await page(run))
  console.log(`\nreport: ${join(folder, 'index.html')}`)
}

function count(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) refuse(`--${option}: not a whole number above 0:`, [text])
  return number
}

function unknown(names: readonly string[], known: readonly string[]): string[] {
  return names.filter(name => !known.includes(name))
}

function refuse(why: string, names: readonly string[]): void {
  if (names.length === 0) return
  console.error(`option ${why} ${names.join(', ')}\n\n${usage}`)
  process.exit(2)
}
