/** Jest: files of tests have realms of their own, in one process or in several; of CommonJS and of ES modules. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { installed, TESTS, WORKER } from './project.js'

/** Runs two files of tests, each way that is asked for. */
export async function tryJest(
  t: Test,
  ways: readonly (readonly ['common' | 'modules', string])[],
): Promise<void> {
  const modules = await neededOrSkip(t, 'Jest', () => needTool('jest'))
  if (modules === undefined) return
  const project = await installed(t)
  const config = (match: string) =>
    JSON.stringify({ testEnvironment: 'node', testMatch: [`<rootDir>/${match}`], transform: {} })
  await project.write({
    'common.json': config('test/*.test.cjs'),
    'modules.json': config('test/*.test.mjs'),
    'test/worker.cjs': `
      const { parentPort } = require('node:worker_threads')
      const { getRegistry } = require('postmeter')
      ${WORKER}`,
  })
  for (const name of ['a', 'b']) {
    await project.write({
      [`test/${name}.test.cjs`]: `
        const { join } = require('node:path')
        const { Worker } = require('node:worker_threads')
        const { createRegistry, getRegistry, serve } = require('postmeter')
        const worker = join(__dirname, 'worker.cjs')
        ${TESTS}`,
      [`test/${name}.test.mjs`]: `
        import { fileURLToPath } from 'node:url'
        import { Worker } from 'node:worker_threads'
        import { createRegistry, getRegistry, serve } from 'postmeter'
        const worker = fileURLToPath(new URL('./worker.cjs', import.meta.url))
        ${TESTS}`,
    })
  }
  const flags = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning']
  for (const [form, workers] of ways) {
    t.test(`${form}, ${workers}`, async t => {
      const args = [...flags, join(modules, 'jest/bin/jest.js'), '--config', `${form}.json`, workers]
      const { stderr } = await project
        .run(process.execPath, args, { CI: 'true' })
        .catch((error: { stderr: string }) => error)
      t.match(stderr, /^Tests: +6 passed, 6 total$/m)
      t.notMatch(stderr, /did not exit|failed to exit|open handle|PostmeterWarning|MaxListeners/)
    })
  }
}
