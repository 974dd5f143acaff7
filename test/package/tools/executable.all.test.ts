/** A single executable application: the program is in Node's own binary, and what it needs beside that. */
import { chmod, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { COMMON, check, copyFiles, installed, KEEP, refuses, writeOwnFiles } from './project.js'

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

t.test('a single executable application', async t => {
  const esbuild = await neededOrSkip(t, 'esbuild', () => needTool('esbuild'))
  const postject = await neededOrSkip(t, 'postject', () => needTool('postject'))
  if (esbuild === undefined || postject === undefined) return
  const project = await installed(t)
  const { main, worker } = COMMON('worker.cjs')
  await project.write({
    'src/main.js': main,
    // In the executable `require` knows Node's own modules alone.
    'src/beside.js': `const load = require('node:module').createRequire(__filename)\n${main.replace(`require('postmeter')`, `load('postmeter')`)}`,
    'worker.cjs': worker,
  })
  await writeOwnFiles(project, '.')
  const build = async (name: string) => {
    const flags = ['--bundle', '--platform=node', '--log-level=error', `--outfile=${name}.bundle.js`]
    await project.run(join(esbuild, '.bin/esbuild'), [`src/${name}.js`, ...flags])
    await project.write({
      'sea.json': JSON.stringify({
        main: `${name}.bundle.js`,
        output: `${name}.blob`,
        disableExperimentalSEAWarning: true,
      }),
    })
    await project.run(process.execPath, ['--experimental-sea-config', 'sea.json'])
    const executable = join(project.folder, name)
    await copyFile(process.execPath, executable)
    await chmod(executable, 0o755)
    const args = [executable, 'NODE_SEA_BLOB', `${name}.blob`, '--sentinel-fuse', FUSE]
    await project.run(process.execPath, [join(postject, 'postject/dist/cli.js'), ...args])
    return executable
  }

  t.test('with the package beside', async t => {
    await check(t, project, await build('beside'), [])
  })

  t.test('with the package in it', async t => {
    const executable = await build('main')
    t.match(await refuses(project, executable, []), KEEP)
    await copyFiles(project, '.')
    await check(t, project, executable, [])
  })
})
