/** Prometheus' own tool reads the configuration and the rules, and runs the unit tests of the alerts. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { repository } from '../package/consumer.js'
import { neededOrSkip } from '../support/need.js'
import { ALERTS, CONFIG, folder, RECORDING, read, UNIT_TESTS, wholeConfig } from './files.js'

const alerts = [...read(ALERTS).matchAll(/^ +- alert: (\w+)$/gm)].map(([, name]) => name!)

function run(promtool: string, ...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise(resolve => {
    execFile(promtool, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr })
    })
  })
}

t.test('promtool finds no mistake, and each alert fires where it should and nowhere else', async t => {
  const programs = await neededOrSkip(t, 'Prometheus 3.5', needPrometheus3)
  if (!programs) return
  const { promtool } = programs
  const rules = [join(folder, RECORDING), join(folder, ALERTS)]
  const lint = ['--lint=all', '--lint-fatal']
  t.match(await run(promtool, 'check', 'rules', ...lint, ...rules), { code: 0, said: /SUCCESS/ })
  t.match(await run(promtool, 'check', 'config', join(folder, CONFIG)), {
    code: 0,
    said: /2 rule files found/,
  })
  const all = join(t.testdir({ [RECORDING]: read(RECORDING), [ALERTS]: read(ALERTS) }), CONFIG)
  writeFileSync(all, wholeConfig())
  t.match(wholeConfig(), /^alerting:$/m)
  t.match(
    await run(promtool, 'check', 'config', all),
    { code: 0, said: /2 rule files found/ },
    'with all that is in comments',
  )
  t.match(await run(promtool, 'test', 'rules', join(folder, UNIT_TESTS)), { code: 0, said: /SUCCESS/ })
})

t.test('the unit tests see an alert that never fires, and one that always does', async t => {
  const programs = await neededOrSkip(t, 'Prometheus 3.5', needPrometheus3)
  if (!programs) return
  const copy = mkdtempSync(join(tmpdir(), 'postmeter-rules-'))
  t.teardown(() => rmSync(copy, { recursive: true }))
  cpSync(folder, copy, { recursive: true })
  t.equal(alerts.length, 18)
  for (const [what, expr] of [
    ['never', 'vector(0) > 1'],
    ['always', 'vector(1)'],
  ] as const) {
    // One run tells of all of them.
    const changed = read(ALERTS).replace(/^( +expr: )(\|\n(?: {10}.+\n)+|.+\n)/gm, `$1${expr}\n`)
    t.equal(changed.split(`expr: ${expr}\n`).length - 1, alerts.length)
    writeFileSync(join(copy, ALERTS), changed)
    const { code, said } = await run(programs.promtool, 'test', 'rules', join(copy, UNIT_TESTS))
    t.equal(code, 1)
    const seen = new Set([...said.matchAll(/alertname: (\w+)/g)].map(([, name]) => name!))
    t.strictSame([...seen].sort(), [...alerts].sort(), `an alert that fires ${what} fails its test`)
  }
})

t.test('the page says of each alert what to do, and of each file what it is for', async t => {
  const page = readFileSync(join(repository, 'docs/MONITORING.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!)
  t.strictSame(rows.sort(), [...alerts].sort())
  for (const name of [RECORDING, ALERTS, CONFIG, UNIT_TESTS, 'grafana-dashboard.json']) t.match(page, name)
})
