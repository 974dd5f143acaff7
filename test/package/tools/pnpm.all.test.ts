/** pnpm: a program sees its own dependencies alone, and a package its own. */
import { join } from 'node:path'
import t from 'tap'
import { cacheOf } from '../../../scripts/need.js'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { check, makeProject, writePrograms } from './project.js'

t.test('pnpm', async t => {
  const modules = await neededOrSkip(t, 'pnpm', () => needTool('pnpm'))
  if (modules === undefined) return
  const project = await makeProject(t)
  await writePrograms(project, '.', 'cjs')
  // With its store among the other caches, and not in the home of who runs the tests.
  const folders = [`--store-dir=${cacheOf('tools/pnpm-store')}`, `--cache-dir=${cacheOf('tools/pnpm-cache')}`]
  await project.run(process.execPath, [
    join(modules, 'pnpm/bin/pnpm.cjs'),
    ...['add', '--no-optional', '--ignore-workspace', ...folders, project.tarball],
  ])
  await check(t, project, process.execPath, ['main.cjs'])
  await check(t, project, process.execPath, ['main.mjs'])
})
