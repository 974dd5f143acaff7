/** Without any tool: what the others are to do. */
import t from 'tap'
import { COMMON, check, installed, MODULES } from './project.js'

t.test('ES modules and CommonJS', async t => {
  const project = await installed(t)
  const modules = MODULES('worker.mjs')
  const common = COMMON('worker.cjs')
  await project.write({
    'main.mjs': modules.main,
    'worker.mjs': modules.worker,
    'main.cjs': common.main,
    'worker.cjs': common.worker,
  })
  await check(t, project, process.execPath, ['main.mjs'])
  await check(t, project, process.execPath, ['main.cjs'])
})
