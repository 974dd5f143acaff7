/** The packages that stand in for prom-client and client_js, installed under their names from their tarballs. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { packStandIns, STAND_INS } from '../../scripts/stand-ins.js'
import { type Consumer, link, makeConsumer, repository } from './consumer.js'

const run = promisify(execFile)
const TSC = join(repository, 'node_modules/typescript/bin/tsc')

/** A consumer that has each stand-in under the name of the package that it stands in for. */
async function install(t: Test): Promise<Consumer> {
  const consumer = await makeConsumer(t)
  const { version, license } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  const tarballs = await packStandIns(consumer.folder, { version, license })
  for (const standIn of STAND_INS) {
    // As npm does for an alias, and for an override.
    const home = join(consumer.folder, 'node_modules', standIn.for)
    await mkdir(home, { recursive: true })
    await run('tar', ['-xzf', tarballs[standIn.for], '-C', home, '--strip-components=1'])
    const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
    t.match(manifest, {
      name: standIn.name,
      version: standIn.version,
      license,
      dependencies: { postmeter: `^${version}` },
    })
  }
  return consumer
}

t.test('programs that ask for prom-client or client_js get postmeter', async t => {
  const consumer = await install(t)
  await writeFile(
    join(consumer.folder, 'library.cjs'),
    `const { Counter } = require('prom-client')
     exports.requests = new Counter({ name: 'requests_total', help: 'h' })`,
  )
  await writeFile(
    join(consumer.folder, 'main.mjs'),
    `import client, { register } from 'prom-client'
     import * as clientJs from '@prometheus-io/client'
     import { getRegistry } from 'postmeter'
     import library from './library.cjs'
     library.requests.inc(3)
     clientJs.register.setContentType(clientJs.openMetricsContentType)
     process.stdout.write(JSON.stringify([
       getRegistry().value('requests_total'),
       await register.metrics(),
       client.contentType === client.openMetricsContentType,
       clientJs.AggregatorRegistry === clientJs.ClusterRegistry,
       client.AggregatorRegistry !== client.ClusterRegistry,
       typeof clientJs.WorkerRegistry,
       [clientJs, client].map(one => one.collectDefaultMetrics.metricsList.includes('eventLoopUtilization')),
     ]))
     await getRegistry().close()`,
  )
  const { stdout } = await consumer.node('main.mjs')
  t.strictSame(JSON.parse(stdout), [
    3,
    '# HELP requests h\n# TYPE requests counter\nrequests_total 3\n# EOF\n',
    true,
    true,
    true,
    'function',
    [true, false],
  ])
})

const REQUESTS = `
  const requests = new Counter({ name: 'requests_total', help: 'h', labelNames: ['code'] as const })
  requests.inc({ code: 200 })
  const told: MetricObject[] = await register.getMetricsAsJSON()
  const type: MetricType = told[0]!.type
  export const front = await serve(register)
`
/** What each package's own types say, too. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'prom-client': `import { Counter, type MetricObject, type MetricType, register } from 'prom-client'
import { serve } from 'postmeter'
${REQUESTS}
export const name = type as unknown as string`,
  '@prometheus-io/client': `import { Counter, type MetricObject, type MetricType, register } from '@prometheus-io/client'
import { serve } from 'postmeter'
${REQUESTS}
export const isCounter = type === 'counter' && (await requests.get()).type === 'counter'`,
}

t.test('programs in TypeScript compile as they do with the package that is stood in for', async t => {
  const { folder } = await install(t)
  await link('@types/node', folder)
  for (const { for: name } of STAND_INS) {
    const file = `${name.split('/').at(-1)}.mts`
    await writeFile(join(folder, file), PROGRAMS[name]!)
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext']
    const compiled = await run(process.execPath, [TSC, ...options, file], { cwd: folder }).then(
      () => '',
      ({ stdout }) => stdout,
    )
    t.equal(compiled, '', name)
  }
})
