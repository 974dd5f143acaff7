/** How often the front's thread was started again is one of the library's own metrics. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { serve } from '../../src/index.js'
import { sharedFolder } from '../support/folder.js'
import { fresh } from '../support/registry.js'
import { until } from '../support/until.js'

t.test('each restart is counted, by the thread that is up again', async t => {
  const { registry } = fresh(t)
  const socket = join(sharedFolder(t), 'm.sock')
  const codes: string[] = []
  // A front that others may stand by for ends its thread when its socket's file is gone.
  const front = await serve(registry, {
    listen: `unix:${socket}`,
    standby: true,
    log: ({ code }) => codes.push(code),
  })
  const counted = async () =>
    /^postmeter_front_restarts_total (\d+)$/m.exec(await registry.metrics({ selfMetrics: true }))?.[1]
  t.equal(await counted(), '0')
  for (const times of [1, 2]) {
    await rm(socket)
    await until('it is back', () => codes.filter(code => code === 'front-restarted').length === times)
    t.equal(await counted(), String(times))
  }
  await front.close()
})
