import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type FileReport, runFile } from '../../scripts/test-file.js'

const tap = import.meta.resolve('tap')

/** Runs a test file with this body as `npm test` would. */
async function run(folder: string, body: string, timeoutSeconds = 30): Promise<FileReport> {
  const path = join(folder, 'some.test.mjs')
  await writeFile(path, `import t from ${JSON.stringify(tap)}\n${body}`)
  const env = { ...process.env, TAP: '1' }
  return runFile('some.test.ts', path, {
    node: process.execPath,
    timeoutSeconds,
    env,
  })
}

/** Assertions that held, that failed, and what else was wrong. */
const outcome = ({ passed, failed, troubles }: FileReport) => [passed, failed, troubles]

t.test('npm test sees each way in which a test file can fail', async t => {
  const folder = t.testdir()

  t.test('counts assertions, not the subtests around them', async t => {
    const body = `t.test('a', async t => { t.ok(1); t.test('b', async t => { t.ok(1); t.equal(1, 1) }) })`
    t.same(outcome(await run(folder, body)), [3, 0, []])
  })

  t.test('a failed assertion', async t => {
    t.same(outcome(await run(folder, `t.ok(1); t.ok(0, 'wrong')`)), [1, 1, []])
  })

  t.test('an error thrown', async t => {
    t.same(outcome(await run(folder, `t.ok(1); throw new Error('wrong')`)), [1, 1, []])
  })

  t.test('no test at all', async t => {
    t.same((await run(folder, '')).troubles, ['ran no test'])
  })

  t.test('an end in the middle', async t => {
    t.same(outcome(await run(folder, `t.plan(2); t.ok(1); process.exit(0)`)), [1, 1, []])
  })

  t.test('a signal after all assertions held', async t => {
    const report = await run(
      folder,
      `t.ok(1); process.on('exit', () => process.kill(process.pid, 'SIGKILL'))`,
    )
    t.same(outcome(report), [1, 0, ['ended by SIGKILL']])
  })

  t.test('an exit code after all assertions held', async t => {
    const report = await run(folder, `t.ok(1); process.on('exit', () => { process.exitCode = 7 })`)
    t.same(outcome(report), [1, 0, ['exit code 7 without a failed assertion']])
  })

  t.test('a loop without end', async t => {
    const report = await run(folder, 't.ok(1); for (;;);', 2)
    t.same(report.troubles, ['not done after 2 s: killed'])
  })

  t.test('a process left behind', async t => {
    const body = `
      import { spawn } from 'node:child_process'
      const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
      left.unref()
      await new Promise(resolve => left.once('spawn', resolve))
      t.ok(1)`
    const report = await run(folder, body)
    t.same(report.troubles, ['left processes behind: killed'])
  })

  t.test('a skip, with its reason', async t => {
    const report = await run(folder, `t.test('a', { skip: 'not here' }, async () => {}); t.ok(1)`)
    t.same(report.skips, [{ name: 'a', reason: 'not here' }])
    t.equal(report.passed, 1)
  })
})
