/** What a contributor does first, on a system or behind a mirror that has no optional packages. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { repository } from './consumer.js'

const run = promisify(execFile)

t.test('a clone without optional dependencies installs, builds and tests', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'postmeter-clone-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  // The work tree as it is, so that what is not yet committed is tried.
  const listed = await run('git', ['ls-files', '-z'], { cwd: repository })
  const paths = listed.stdout.split('\0').filter(path => path !== '')
  for (const path of paths) await cp(join(repository, path), join(folder, path))

  const { TAP: _tap, TAP_TIMEOUT: _timeout, NODE_OPTIONS: _options, ...env } = process.env
  const options = { cwd: folder, env, maxBuffer: 1 << 26 }
  await run('npm', ['ci', '--omit=optional', '--prefer-offline', '--no-audit', '--no-fund'], options)
  const { stdout } = await run('npm', ['test', '--', '/instruments/recording', '/package/install'], options)
  t.match(stdout, /^[1-9]\d* passed, 0 failed$/m)
})
