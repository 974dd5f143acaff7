/** The files in docs/fleet/: promtool reads them, and the page says what each is for. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { repository } from '../package/consumer.js'

const folder = join(repository, 'docs/fleet')
const monitoring = join(repository, 'docs/monitoring')
const page = readFileSync(join(repository, 'docs/FLEET.md'), 'utf8')
const names = readdirSync(folder)
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const { promtool } = await needPrometheus3()

function run(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise(resolve => {
    execFile(promtool, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr })
    })
  })
}

/** A folder as the page says that one is made: the files of both folders, and what discovery reads. */
function deployed(t: Test): string {
  const all = t.testdir({})
  for (const from of [monitoring, folder]) cpSync(from, all, { recursive: true })
  for (const name of ['targets', 'shards']) {
    mkdirSync(join(all, name))
    const [, example] = /^ +# (\[\{"targets".+\])$/m.exec(read('prometheus.yml'))!
    writeFileSync(join(all, name, 'one.json'), example!)
  }
  const shard = read('prometheus-shard.yml').replaceAll('SHARDS', '4').replaceAll('SHARD', '0')
  writeFileSync(join(all, 'prometheus-shard.yml'), shard)
  return all
}

t.test('promtool finds no mistake in a configuration, nor in what it names', async t => {
  const all = deployed(t)
  const configs = names.filter(name => name.startsWith('prometheus'))
  t.equal(configs.length, 4)
  for (const name of configs) {
    const agent = name === 'prometheus-agent.yml' ? ['--agent'] : []
    const { code, said } = await run(
      'check',
      'config',
      ...agent,
      '--lint=all',
      '--lint-fatal',
      join(all, name),
    )
    t.equal(code, 0, `${name}: ${said}`)
    t.notMatch(said, /WARNING/)
  }
})

t.test('each alert fires where it should and nowhere else', async t => {
  const all = deployed(t)
  const rules = names.filter(name => name.endsWith('.rules.yml')).map(name => join(all, name))
  t.match(await run('check', 'rules', '--lint=all', '--lint-fatal', ...rules), { code: 0, said: /SUCCESS/ })
  const tests = names.filter(name => name.endsWith('.test.yml'))
  const alerts = rules.flatMap(rule => [...readFileSync(rule, 'utf8').matchAll(/^ +- alert: (\w+)$/gm)])
  t.equal(alerts.length, 4)
  for (const name of tests) t.match(await run('test', 'rules', join(all, name)), { code: 0, said: /SUCCESS/ })
  for (const [, alert] of alerts) {
    t.ok(
      tests.some(name => read(name).includes(`alertname: ${alert}\n`)),
      `${alert} has a test`,
    )
  }
  // A test that cannot fail would pass here, too.
  for (const expr of ['vector(0) > 1', 'vector(1)']) {
    for (const name of names.filter(name => name.endsWith('.rules.yml'))) {
      const changed = read(name).replace(/(- alert: \w+\n +expr: )(\|\n(?: {10}.+\n)+|.+\n)/g, `$1${expr}\n`)
      writeFileSync(join(all, name), changed)
    }
    for (const name of tests)
      t.equal((await run('test', 'rules', join(all, name))).code, 1, `${name}: ${expr}`)
  }
})

t.test('the page says what each file is for, and of each alert what to do', t => {
  for (const name of names) t.match(page, `](fleet/${name})`)
  const alerts = names.flatMap(name =>
    [...read(name).matchAll(/^ +- alert: (\w+)$/gm)].map(([, alert]) => alert!),
  )
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, alert]) => alert!)
  t.same(rows.filter(row => /^(Mail|Fleet)/.test(row)).sort(), alerts.sort())
  t.end()
})
