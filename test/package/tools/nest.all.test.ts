/** Nest: what its command line makes of a program with tsc, and with webpack. */
import { join } from 'node:path'
import t from 'tap'
import { needTool } from '../../../scripts/need-tools.js'
import { neededOrSkip } from '../../support/need.js'
import { check, installed, MAIN, WORKER } from './project.js'

t.test('Nest', async t => {
  const modules = await neededOrSkip(t, 'Nest', () => needTool('nest'))
  if (modules === undefined) return
  const project = await installed(t)
  const names = ['@nestjs/cli', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express', '@types/node']
  await project.link(modules, ...names, 'reflect-metadata', 'rxjs', 'typescript', 'tslib')
  await project.write({
    'nest-cli.json': JSON.stringify({ sourceRoot: 'src' }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...{ module: 'commonjs', target: 'es2022', outDir: './dist', rootDir: './src', strict: false },
        ...{ noImplicitAny: false, esModuleInterop: true, skipLibCheck: true, types: ['node'] },
        ...{ emitDecoratorMetadata: true, experimentalDecorators: true },
      },
      include: ['src'],
    }),
    'src/main.ts': `
      import 'reflect-metadata'
      import { join } from 'node:path'
      import { Worker } from 'node:worker_threads'
      import { Module } from '@nestjs/common'
      import { NestFactory } from '@nestjs/core'
      import { createRegistry, serve } from 'postmeter'
      @Module({})
      class App {}
      ${MAIN}
      async function begin() {
        const app = await NestFactory.create(App, { logger: false })
        await app.listen(0)
        const file = join(__dirname, 'worker.js')
        await main([new Worker(file), new Worker(file)])
        await app.close()
      }
      void begin()`,
    'src/worker.ts': `
      import { parentPort } from 'node:worker_threads'
      import { getRegistry } from 'postmeter'
      ${WORKER.replace('parentPort.', 'parentPort!.')}`,
  })
  const nest = join(modules, '@nestjs/cli/bin/nest.js')
  await project.run(process.execPath, [nest, 'build', '--builder', 'tsc'])
  await check(t, project, process.execPath, ['dist/main.js'])
})
