import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Figure, print, printFigures, reached, thisMachine } from './report.js'
import { full, quick, suites } from './suites.js'

const usage = `npm run bench [-- [--only NAME]… [--json FILE] [--quick]]
  --only    only this suite: ${Object.keys(suites).join(', ')}
  --json    write all figures to this file, too
  --quick   a short run that shows that the bench works; its figures mean nothing`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const unknown = values.only.filter(name => !Object.hasOwn(suites, name))
if (unknown.length > 0) console.error(`option --only: there is no suite ${unknown.join(', ')}\n\n${usage}`)
if (unknown.length > 0 || values.help) {
  if (values.help) console.log(usage)
  process.exit(unknown.length > 0 ? 2 : 0)
}

const machine = thisMachine(new Date())
console.log(
  `${machine.date}, node ${machine.node}, ${machine.platform}, ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB`,
)
if (values.quick) console.log('a quick run: the figures mean nothing')

const reports = []
for (const [name, run] of Object.entries(suites)) {
  if (values.only.length > 0 && !values.only.includes(name)) continue
  const report = await run(values.quick ? quick : full)
  print(report)
  reports.push(report)
}
const figures: Figure[] = reports.flatMap(report => report.figures)
printFigures(figures)

if (values.json !== undefined) {
  const told = figures.map(figure => ({
    ...figure,
    reached: reached(figure),
  }))
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine, quick: values.quick, reports, figures: told }, null, 2)}\n`,
  )
}
