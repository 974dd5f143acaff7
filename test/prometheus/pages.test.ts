/** Prometheus' configurations in the pages are ones. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { needPrometheus } from '../../scripts/need-prometheus.js'
import { repository } from '../package/consumer.js'
import { neededOrSkip } from '../support/need.js'

const run = promisify(execFile)

t.test('promtool accepts each block of a page that has scrape_configs', async t => {
  const programs = await neededOrSkip(t, 'promtool', needPrometheus)
  if (programs === undefined) return
  const docs = readdirSync(join(repository, 'docs')).filter(name => name.endsWith('.md'))
  const file = join(t.testdir(), 'prometheus.yml')
  let checked = 0
  for (const page of ['README.md', ...docs.map(name => `docs/${name}`)]) {
    const text = readFileSync(join(repository, page), 'utf8')
    for (const [, block] of text.matchAll(/^```yaml\n(scrape_configs:.*?)^```/gms)) {
      writeFileSync(file, block!)
      // Files that it names, as of a password, are not on this machine.
      await t.resolves(run(programs.promtool, ['check', 'config', '--syntax-only', file]), page)
      checked++
    }
  }
  t.ok(checked >= 3, `${checked} blocks`)
  writeFileSync(file, 'scrape_configs:\n  - job_nam: mail\n')
  await t.rejects(
    run(programs.promtool, ['check', 'config', '--syntax-only', file]),
    'an error would be seen',
  )
})
