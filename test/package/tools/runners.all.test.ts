/** Test runners: each file of tests has a registry of its own, and Workers, a front and a pool. */
import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { installed, TESTS, WORKER } from './project.js'

const IMPORTS = `
  import { fileURLToPath } from 'node:url'
  import { Worker } from 'node:worker_threads'
  import { createRegistry, getRegistry, serve } from 'postmeter'
  const worker = fileURLToPath(new URL('./worker.cjs', import.meta.url))`
const FILES = {
  'test/worker.cjs': `
    const { parentPort } = require('node:worker_threads')
    const { getRegistry } = require('postmeter')
    ${WORKER}`,
}
/** Enough of what the tests call, over node:assert. */
const EXPECT = `
  import assert from 'node:assert/strict'
  const expect = value => ({
    toBe: other => assert.equal(value, other),
    toEqual: other => assert.deepEqual(value, other),
    toContain: part => assert.ok(value.includes(part)),
    toThrow: kind => assert.throws(value, kind),
  })`

t.test('vitest', async t => {
  const modules = await neededOrSkip(t, 'vitest', () => needTool('vitest'))
  if (modules === undefined) return
  const project = await installed(t, 'module')
  await project.link(modules, 'vitest')
  await project.write(FILES)
  for (const name of ['a', 'b']) {
    await project.write({
      [`test/${name}.test.js`]: `
        import { afterAll, beforeAll, expect, test } from 'vitest'
        ${IMPORTS}
        ${TESTS}`,
    })
  }
  for (const pool of ['threads', 'forks', 'vmThreads', 'vmForks']) {
    for (const isolate of ['', '--no-isolate']) {
      if (isolate !== '' && pool.startsWith('vm')) continue
      await t.test(`${pool} ${isolate}`, async t => {
        const args = [
          join(modules, 'vitest/vitest.mjs'),
          'run',
          `--pool=${pool}`,
          ...[isolate].filter(Boolean),
        ]
        const { stdout, stderr } = await project
          .run(process.execPath, args, { CI: 'true', NO_COLOR: '1' })
          .catch((error: { stdout: string; stderr: string }) => error)
        t.match(stdout, /^ +Tests +6 passed \(6\)$/m, stdout + stderr)
        t.notMatch(stdout + stderr, /close timed out|hanging|PostmeterWarning|MaxListeners/i)
      })
    }
  }
})

t.test('node:test', async t => {
  const project = await installed(t, 'module')
  await project.write(FILES)
  for (const name of ['a', 'b']) {
    await project.write({
      [`test/${name}.test.js`]: `
        import { after as afterAll, before as beforeAll, test } from 'node:test'
        ${EXPECT}
        ${IMPORTS}
        ${TESTS}`,
    })
  }
  const { stdout } = await project
    .run(process.execPath, ['--test', '--test-reporter=tap', 'test/a.test.js', 'test/b.test.js'])
    .catch((error: { stdout: string }) => error)
  t.match(stdout, /^# pass 6$/m, stdout)
  t.match(stdout, /^# fail 0$/m)
})

t.test('ava', async t => {
  const modules = await neededOrSkip(t, 'ava', () => needTool('ava'))
  if (modules === undefined) return
  const project = await installed(t, 'module')
  await project.link(modules, 'ava')
  await project.write(FILES)
  for (const name of ['a', 'b']) {
    await project.write({
      [`test/${name}.test.js`]: `
        import ava from 'ava'
        const beforeAll = act => ava.serial.before(() => { act() })
        const afterAll = act => ava.after.always(() => act())
        const test = (title, act) => ava.serial(title, async t => { await act(); t.pass() })
        ${EXPECT}
        ${IMPORTS}
        ${TESTS}`,
    })
  }
  for (const threads of ['--worker-threads', '--no-worker-threads']) {
    const { stdout, stderr } = await project
      .run(process.execPath, [join(modules, '.bin/ava'), threads], { CI: 'true' })
      .catch((error: { stdout: string; stderr: string }) => error)
    t.match(stdout, /6 tests passed/, stdout + stderr)
    t.notMatch(stdout, /Failed to exit|timed out/)
  }
})
