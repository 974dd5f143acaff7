/** Answers that lead elsewhere, or are given up. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { fetchBody } from '../../src/cli/source/fetch.js'

const OPTIONS = { format: 'text', timeout: 3_600_000, headers: { authorization: 'x' } } as const

async function serving(t: Test, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics` }
}

t.test('a redirect to what is no URL is told', async t => {
  const { url } = await serving(t, (_, response) =>
    response.writeHead(302, { location: 'http://:x:/' }).end(),
  )
  await t.rejects(fetchBody(url, OPTIONS), { exit: 'status', message: /redirects to what is no URL/ })
})

t.test('headers that were given go to the host that they were given for', async t => {
  const got: (string | undefined)[] = []
  const { url } = await serving(t, ({ headers, url: path }, response) => {
    got.push(headers.authorization)
    const other = `http://localhost:${new URL(url).port}/there`
    if (path === '/metrics') response.writeHead(302, { location: '/here' })
    if (path === '/here') response.writeHead(302, { location: other })
    response.end()
  })
  const { chunks } = await fetchBody(url, OPTIONS)
  for await (const _ of chunks);
  t.same(got, ['x', 'x', undefined])
})

t.test('a packed body that is given up is closed', async t => {
  const { server, url } = await serving(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.write(gzipSync(`<!doctype html>${' '.repeat(2000)}`))
  })
  const closed = once(server, 'connection').then(([socket]) => once(socket, 'close'))
  const { chunks } = await fetchBody(url, OPTIONS)
  for await (const _ of chunks) break
  await closed
})
