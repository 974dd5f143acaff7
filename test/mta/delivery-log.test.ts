import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fileLog } from '../../scripts/mta/delivery-log.js'
import { createRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'

const message = {
  id: '1.a',
  sender: 'a@b.test',
  recipient: 'c@d.test',
  domain: 'd.test',
  tenant: undefined,
  campaign: undefined,
  data: Buffer.from('x'),
  attempts: 2,
}

t.test('what became of a message is a line; what finds the log full is counted', async t => {
  const registry = createRegistry({ name: 'log' })
  t.teardown(() => registry.close())
  const directory = t.testdir()
  const log = await fileLog({
    directory,
    thread: 3,
    metrics: mtaMetrics(registry),
    clock: { now: () => 0 },
    date: () => new Date('2026-01-02T03:04:05Z'),
    highWater: 100,
  })
  // Nothing is written to the disk before the loop turns: the first line alone fills this log.
  log.record('Bounce', message, '550 no', 'InvalidRecipient')
  log.record('Delivery', message, '250 ok')
  await log.close()
  const lines = readFileSync(join(directory, 'delivery-3.jsonl'), 'utf8').trimEnd().split('\n')
  t.equal(lines.length, 1)
  t.strictSame(JSON.parse(lines[0]!), {
    type: 'Bounce',
    id: '1.a',
    sender: 'a@b.test',
    recipient: 'c@d.test',
    attempts: 2,
    response: '550 no',
    bounceClass: 'InvalidRecipient',
    timestamp: '2026-01-02T03:04:05.000Z',
  })
  const logger = `dir-${directory}`
  t.match(registry.value('log_submit_latency', { logger }), {
    count: 1,
    sum: 0,
  })
  t.equal(registry.value('log_submit_full', { logger }), 1)
})
