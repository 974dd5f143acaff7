/** Registries that were closed before they are served, or while they begin to be. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { metricsHandler, serve } from '../../src/index.js'
import { freePort } from '../support/free-port.js'
import { fresh } from '../support/registry.js'

t.setTimeout(60_000)

t.test('a registry that this thread has closed', async t => {
  const { registry } = fresh(t)
  await registry.close()
  const { name } = registry
  await t.rejects(serve(registry, { listen: '127.0.0.1:0' }), {
    message: `serve: registry "${name}" is closed`,
  })
  t.throws(() => metricsHandler(registry), { message: `metricsHandler: registry "${name}" is closed` })
})

t.test('a registry that another thread has closed', async t => {
  const { registry } = fresh(t)
  const code = `
    import(${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)})
      .then(({ getRegistry }) => getRegistry(${JSON.stringify(registry.name)}).close())
  `
  await once(new Worker(code, { eval: true }), 'exit')
  const { name } = registry
  await t.rejects(serve(registry, { listen: '127.0.0.1:0' }), {
    message: `serve: registry "${name}" is closed`,
  })
  t.throws(() => metricsHandler(registry), { message: `metricsHandler: registry "${name}" is closed` })
})

for (const transport of ['auto', 'http'] as const) {
  t.test(`a registry that is closed while its front begins, transport ${transport}`, async t => {
    const { registry } = fresh(t)
    const port = await freePort()
    const serving = serve(registry, { listen: `127.0.0.1:${port}`, transport, log: () => {} })
    const outcome = t.rejects(serving, {
      message: `serve: registry "${registry.name}" was closed while its front began`,
    })
    await registry.close()
    await outcome
    const taken = createServer().listen(port, '127.0.0.1')
    await once(taken, 'listening')
    t.pass('and the port is free')
    taken.close()
  })
}
