/** Rollup and webpack, as esbuild.test.ts has it. */
import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { check, copyFiles, installed, KEEP, refuses, writeOwnFiles, writePrograms } from './project.js'

t.test('Rollup', async t => {
  const modules = await neededOrSkip(t, 'Rollup', () => needTool('rollup'))
  if (modules === undefined) return
  const project = await installed(t)
  await writePrograms(project, 'src', 'js')
  const bundle = async (out: string, format: string, external: readonly string[]) => {
    const extension = format === 'es' ? 'mjs' : 'js'
    const plugin = (name: string) =>
      JSON.stringify(join(modules, '@rollup', `plugin-${name}`, 'dist/cjs/index.js'))
    await project.write({
      'rollup.config.cjs': `
        const { nodeResolve } = require(${plugin('node-resolve')})
        const commonjs = require(${plugin('commonjs')})
        const json = require(${plugin('json')})
        module.exports = {
          input: { main: 'src/main.mjs', worker: 'src/worker.mjs' },
          external: ${JSON.stringify(external)},
          plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs({ ignoreDynamicRequires: true }), json()],
          output: { dir: '${out}', format: '${format}', entryFileNames: '[name].${extension}', chunkFileNames: '[name].${extension}' },
        }`,
    })
    await project.run(process.execPath, [
      join(modules, 'rollup/dist/bin/rollup'),
      '-c',
      'rollup.config.cjs',
      '--silent',
    ])
    await writeOwnFiles(project, out)
  }

  t.test('external', async t => {
    await bundle('external', 'es', ['postmeter'])
    await check(t, project, process.execPath, ['external/main.mjs'])
  })

  t.test('in the bundle', async t => {
    await bundle('bundled', 'es', [])
    t.match(await refuses(project, process.execPath, ['bundled/main.mjs']), KEEP)
  })
})

t.test('webpack', async t => {
  const modules = await neededOrSkip(t, 'webpack', () => needTool('webpack'))
  if (modules === undefined) return
  const project = await installed(t)
  await writePrograms(project, 'src', 'js')
  await project.write({
    'build.cjs': `
      const webpack = require(${JSON.stringify(join(modules, 'webpack'))})
      const [name, entries, externals] = JSON.parse(process.argv[2])
      const output = { path: __dirname + '/' + name, filename: '[name].js' }
      const node = { __dirname: false, __filename: false }
      const entry = Object.fromEntries(entries.map(file => [file.replace(/\\..*/, ''), './src/' + file]))
      webpack({ mode: 'production', target: 'node', context: __dirname, entry, output, externals, node }, (error, stats) => {
        if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1) }
        console.log(stats.toString({ all: false, warnings: true }))
      })`,
  })
  const external = { postmeter: 'commonjs postmeter' }
  const bundle = async (name: string, entries: readonly string[], externals: object) => {
    const { stdout } = await project.run(process.execPath, [
      'build.cjs',
      JSON.stringify([name, entries, externals]),
    ])
    await writeOwnFiles(project, name)
    return stdout.trim()
  }

  t.test('external', async t => {
    t.equal(await bundle('external', ['main.js', 'worker.js'], external), '', 'without a warning')
    await check(t, project, process.execPath, ['external/main.js'])
  })

  t.test('in the bundle', async t => {
    await bundle('bundled', ['main.js', 'worker.js'], {})
    t.match(await refuses(project, process.execPath, ['bundled/main.js']), KEEP)
    await bundle('bundled-esm', ['main.mjs'], {})
    t.match(await refuses(project, process.execPath, ['bundled-esm/main.js']), KEEP)
    await copyFiles(project, 'bundled')
    await check(t, project, process.execPath, ['bundled/main.js'])
  })
})
