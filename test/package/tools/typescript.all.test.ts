/** What runs TypeScript without a build: tsx, and ts-node. */
import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { check, installed, MODULES, type Project } from './project.js'

t.test('tsx', async t => {
  const modules = await neededOrSkip(t, 'tsx', () => needTool('tsx'))
  if (modules === undefined) return
  for (const type of ['module', 'commonjs'] as const) {
    const project = await installed(t, type)
    await project.link(modules, 'tsx')
    await write(project, 'start.mjs')
    // Its hooks are not in Workers on every Node: a program begins them with JavaScript.
    await project.write({
      'start.mjs': `import { tsImport } from 'tsx/esm/api'\nawait tsImport('./worker.ts', import.meta.url)`,
    })
    await check(t, project, process.execPath, [join(modules, 'tsx/dist/cli.mjs'), 'main.ts'])
    await check(t, project, process.execPath, ['--import', join(modules, 'tsx/dist/loader.mjs'), 'main.ts'])
  }
})

t.test('ts-node', async t => {
  const modules = await neededOrSkip(t, 'ts-node', () => needTool('ts-node'))
  if (modules === undefined) return
  const project = await installed(t)
  await project.link(modules, 'ts-node', 'typescript', '@types/node')
  await project.write({
    // Neither: as `tsc --init` and many a guide have it, types are found through `main`.
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module: 'commonjs',
        moduleResolution: 'node',
        target: 'es2022',
        strict: true,
        noImplicitAny: false,
        types: ['node'],
      },
    }),
  })
  await write(project)
  await check(t, project, process.execPath, ['-r', 'ts-node/register', 'main.ts'])
})

/** One program for both kinds of module: `__filename` stands for where it is. */
async function write(project: Project, file = 'worker.ts'): Promise<void> {
  const { main, worker } = MODULES(file)
  const typed = (text: string) => text.replaceAll(/parentPort\./g, 'parentPort!.')
  const here = project.type === 'module' ? 'import.meta.url' : 'require("node:url").pathToFileURL(__filename)'
  const begin = project.type === 'module' ? 'await main(' : 'void main('
  await project.write({
    'main.ts': typed(main).replace('import.meta.url', here).replace('await main(', begin),
    'worker.ts': typed(worker),
  })
}
