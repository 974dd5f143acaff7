/** docs/MTA.md: its tables are the catalogue, and its program runs as a reader copies it. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { mtaCatalogue } from '../../src/mta.js'
import { makeConsumer, repository } from '../package/consumer.js'

const page = readFileSync(join(repository, 'docs/MTA.md'), 'utf8')

t.test('its tables are written from the catalogue', async t => {
  const script = fileURLToPath(new URL('../../scripts/write-mta-page.js', import.meta.url))
  await t.resolves(promisify(execFile)(process.execPath, [script, '--check']))
  const rows = [...page.matchAll(/^\| `(\w+)` \| (?:counter|gauge|histogram)/gm)].map(([, name]) => name)
  t.strictSame(rows.sort(), Object.keys(mtaCatalogue).sort(), 'each metric has one row')
})

t.test('its program counts what it says', async t => {
  const [, program] = /^```js\n(\/\/ mta\.js\n.*?)^```/ms.exec(page)!
  const consumer = await makeConsumer(t)
  writeFileSync(join(consumer.folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(consumer.folder, 'mta.js'), program!)
  const { stdout, stderr } = await consumer.node('mta.js')
  t.equal(stderr, '')
  const samples = stdout
    .split('\n')
    .filter(line => /^(total_messages_(received|delivered)|disk_free_b)/.test(line))
  t.match(samples, [
    /^disk_free_bytes\{name="data spool"\} [1-9]\d*$/,
    'total_messages_delivered{service="smtp_client:out-1->mx.big.example@smtp_client"} 1',
    'total_messages_delivered{service="smtp_client"} 1',
    'total_messages_delivered_by_provider{provider="big"} 1',
    'total_messages_delivered_by_provider_and_source{provider="big",source="out-1",pool="bulk"} 1',
    'total_messages_received{service="esmtp_listener"} 1',
  ])
  t.equal(samples.length, 6)
})
