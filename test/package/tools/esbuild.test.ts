/** esbuild: with the package outside of the bundle it works; inside, it works with its files beside, or says what to do. */
import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { check, copyFiles, installed, KEEP, refuses, writeOwnFiles, writePrograms } from './project.js'

t.test('esbuild', async t => {
  const modules = await neededOrSkip(t, 'esbuild', () => needTool('esbuild'))
  if (modules === undefined) return
  const esbuild = join(modules, '.bin', 'esbuild')
  const project = await installed(t)
  await writePrograms(project, 'src', 'js')
  const bundle = async (out: string, ...flags: string[]) => {
    const extension = flags.includes('--format=esm') ? 'mjs' : 'js'
    const entries = [`src/main.${extension}`, `src/worker.${extension}`]
    const common = ['--bundle', '--platform=node', `--outdir=${out}`, `--out-extension:.js=.${extension}`]
    await project.run(esbuild, [...entries, ...common, '--log-level=error', ...flags])
    await writeOwnFiles(project, out)
  }

  t.test('external', async t => {
    await bundle('external', '--external:postmeter')
    await check(t, project, process.execPath, ['external/main.js'])
    await bundle('external-esm', '--external:postmeter', '--format=esm')
    await check(t, project, process.execPath, ['external-esm/main.mjs'])
  })

  t.test('in the bundle, without its files', async t => {
    await bundle('bundled')
    t.match(await refuses(project, process.execPath, ['bundled/main.js']), KEEP)
    await bundle('bundled-esm', '--format=esm')
    t.match(await refuses(project, process.execPath, ['bundled-esm/main.mjs']), KEEP)
  })

  t.test('in the bundle, with its files beside', async t => {
    await bundle('beside')
    await copyFiles(project, 'beside')
    await check(t, project, process.execPath, ['beside/main.js'])
  })
})
