/** Without any tool: what the others are to do. */
import t from 'tap'
import { check, installed, writePrograms } from './project.js'

t.test('ES modules and CommonJS', async t => {
  const project = await installed(t)
  await writePrograms(project, '.', 'cjs')
  await check(t, project, process.execPath, ['main.mjs'])
  await check(t, project, process.execPath, ['main.cjs'])
})
