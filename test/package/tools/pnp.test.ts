/** Yarn's Plug'n'Play: there is no node_modules, and the package stays in its archive. */
import { join } from 'node:path'
import t from 'tap'
import { cacheOf } from '../../../scripts/need.js'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { check, makeProject, writePrograms } from './project.js'

t.test("Yarn's PnP", async t => {
  const modules = await neededOrSkip(t, 'Yarn', () => needTool('yarn'))
  if (modules === undefined) return
  const yarn = [join(modules, '@yarnpkg/cli-dist/bin/yarn.js')]
  const project = await makeProject(t)
  const { stdout } = await project.run('npm', ['config', 'get', 'registry'])
  await project.write({
    // One of its own, or Yarn takes the folder for a part of a project above.
    'yarn.lock': '',
    'package.json': JSON.stringify({
      name: 'project',
      private: true,
      dependencies: { postmeter: `file:${project.tarball}` },
    }),
    '.yarnrc.yml': [
      'nodeLinker: pnp',
      'enableTelemetry: false',
      // With its caches among the others, and not in the home of who runs the tests.
      `globalFolder: ${JSON.stringify(cacheOf('tools/yarn'))}`,
      'enableImmutableInstalls: false',
      `npmRegistryServer: ${JSON.stringify(stdout.trim())}`,
      // What is as old as a day passes; the pinned versions are older.
      'npmMinimalAgeGate: 0',
      'compressionLevel: 0',
    ].join('\n'),
  })
  await writePrograms(project, '.', 'cjs')
  await project.run(process.execPath, [...yarn, 'install'])
  await check(t, project, process.execPath, [...yarn, 'node', 'main.cjs'])
  await check(t, project, process.execPath, [...yarn, 'node', 'main.mjs'])
})
