/** The packages that stand in for prom-client and client_js, installed under their names from their tarballs. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { packStandIns, STAND_INS } from '../../scripts/stand-ins.js'
import { makeConsumer, repository } from './consumer.js'

const run = promisify(execFile)

t.test('programs that ask for prom-client or client_js get postmeter', async t => {
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
