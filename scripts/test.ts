import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type FileReport, killGroup, runFile } from './test-file.js'
import { askNode, whyAccepted } from './test-skips.js'

const usage = `npm test [-- [--node PATH] [--in FOLDER] [--jobs N] [--timeout SECONDS] [--verbose] [--all] [--counts FILE] [--without FILTER]… [FILTER…]]
  FILTER      only test files whose path contains one of these
  --without   none whose path contains this
  --node      the node binary to run the tests with (default: this one)
  --in        the folder to run them in: uWebSockets.js is looked for there, too (default: this one)
  --jobs      test files at a time (default: 2, or 1 on one core)
  --timeout   seconds that a file may take (default: 180)
  --verbose   print each file's TAP and stderr, not only those of files that failed
  --all       also those named *.all.test.ts: tools of which npm test runs one of each kind
  --counts    write {"passed", "failed", "skipped"} to this file`

const root = fileURLToPath(new URL('../..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: process.execPath },
    in: { type: 'string', default: '.' },
    jobs: {
      type: 'string',
      default: String(Math.min(2, availableParallelism())),
    },
    timeout: { type: 'string', default: '180' },
    verbose: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    counts: { type: 'string' },
    without: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const inCi = process.env.CI === 'true'
const node = resolve(values.node)
const folder = resolve(values.in)
const jobs = positive('jobs', values.jobs)
const timeoutSeconds = positive('timeout', values.timeout)
const about = { ...askNode(node), folder }
const files = findTests()
if (files.length === 0) {
  console.error(
    `no test file${positionals.length > 0 ? ` contains ${positionals.join(' or ')}` : ''} under ${join(root, 'test')}`,
  )
  process.exit(1)
}
console.log(`${files.length} test files on node ${about.version}, ${jobs} at a time`)

const groups = new Set<number>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const group of groups) killGroup(group)
    process.kill(process.pid, signal)
  })
}

const env: NodeJS.ProcessEnv = {
  ...process.env,
  TAP: '1',
  // tap's own limit comes first: it names the test that hung.
  TAP_TIMEOUT: String(Math.max(1, timeoutSeconds - 10)),
  // Whatever a test starts by the name `node` is the same node.
  PATH: [dirname(node), process.env.PATH].join(delimiter),
}
let passed = 0
let failed = 0
let skipped = 0
const queue = [...files]
await Promise.all(Array.from({ length: jobs }, work))

if (values.counts !== undefined) writeFileSync(values.counts, JSON.stringify({ passed, failed, skipped }))
if (passed + failed === 0) {
  console.log('no test ran: that is a failure')
  failed++
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 ? 1 : 0

async function work(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const built = join(root, 'dist', file.replace(/\.ts$/, '.js'))
    if (!existsSync(built)) {
      failed++
      console.log(`FAIL ${file}: not built (expected ${built})`)
      continue
    }
    printReport(
      await runFile(file, built, {
        node,
        folder,
        timeoutSeconds,
        env,
        onGroup: (group, alive) => (alive ? groups.add(group) : groups.delete(group)),
      }),
    )
  }
}

function printReport(report: FileReport): void {
  const troubles = [...report.troubles]
  const notes: string[] = []
  for (const skip of report.skips) {
    const why = whyAccepted(skip, about)
    const line = `skipped: ${skip.name}: ${skip.reason || 'no reason given'}`
    if (inCi && why === undefined)
      troubles.push(`${line} (CI accepts no skip but those in scripts/test-skips.ts)`)
    else notes.push(why === undefined ? line : `${line} (${why})`)
  }
  passed += report.passed
  skipped += report.skips.length
  failed += report.failed + troubles.length
  const bad = report.failed + troubles.length > 0
  console.log(
    `${bad ? 'FAIL' : 'ok  '} ${report.file}  ${report.passed} passed` +
      `${report.failed > 0 ? `, ${report.failed} failed` : ''}` +
      `${report.skips.length > 0 ? `, ${report.skips.length} skipped` : ''}  ${report.seconds.toFixed(1)} s`,
  )
  for (const note of notes) console.log(`     ${note}`)
  for (const trouble of troubles) console.log(`     ${trouble}`)
  if (bad || values.verbose) {
    console.log(indent(values.verbose ? report.tap : failuresOf(report.tap)))
    if (report.stderr !== '') console.log(indent(`stderr:\n${report.stderr.slice(-20_000)}`))
  }
}

/** The TAP of a file without the lines of what went well: several thousand lines of `ok` hide the one that matters. */
function failuresOf(tap: string): string {
  return tap
    .split('\n')
    .filter(line => !/^\s*(ok \d|1\.\.\d+\s*$|$)/.test(line))
    .join('\n')
    .slice(0, 50_000)
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '     | ')
}

/** Test sources, as paths from the root: a built test whose source is gone must not run. */
function findTests(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts') && (values.all || !name.endsWith('.all.test.ts')))
    .map(name => `test/${name.replaceAll('\\', '/')}`)
    .filter(name => !values.without.some(filter => name.includes(filter)))
    .filter(name => positionals.length === 0 || positionals.some(filter => name.includes(filter)))
    .sort()
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) {
    console.error(`option --${option}: ${JSON.stringify(text)} is not a whole number above 0\n\n${usage}`)
    process.exit(2)
  }
  return value
}
