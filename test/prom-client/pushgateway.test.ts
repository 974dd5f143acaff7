/** Pushgateway: what is sent, and what becomes of answers. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { Counter, Pushgateway, Registry } from '../../src/prom-client.js'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** A gateway that answers with a status; 0 for not at all. */
async function gateway(t: Test, status = 200): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const { method, url, headers } = request
    seen.push({ method, url, headers, body: Buffer.concat(parts) })
    if (status !== 0) response.writeHead(status).end('answer')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const registry = new Registry()
new Counter({ name: 'c_total', help: 'h', registers: [registry] }).inc(3)
const TEXT = '# HELP c_total h\n# TYPE c_total counter\nc_total 3\n'

t.test('pushes, adds and deletes, by job and groupings', async t => {
  const { url, seen } = await gateway(t)
  const to = new Pushgateway(`${url}/path`, {}, registry)
  const { body } = await to.pushAdd({ jobName: 'a job', groupings: { key: 'va&lue' } })
  t.equal(body, 'answer')
  await to.push({ jobName: 'j' })
  await to.delete({ jobName: 'j' })
  t.strictSame(
    seen.map(({ method, url, body }) => [method, url, body.toString()]),
    [
      ['POST', '/path/metrics/job/a%20job/key/va%26lue', TEXT],
      ['PUT', '/path/metrics/job/j', TEXT],
      ['DELETE', '/path/metrics/job/j', ''],
    ],
  )
})

t.test('compressed where the header says so, and without a job where none is needed', async t => {
  const { url, seen } = await gateway(t)
  const headers = { 'Content-Encoding': 'gzip' }
  const to = new Pushgateway(url, { headers, requireJobName: false }, registry)
  await to.push()
  await to.delete()
  t.equal(seen[0].url, '/metrics')
  t.equal(gunzipSync(seen[0].body).toString(), TEXT)
  t.equal(seen[1].headers['content-encoding'], undefined)
  t.strictSame(headers, { 'Content-Encoding': 'gzip' }, 'the options are left as they were')
})

t.test('what fails rejects; a job that is missing throws at once', async t => {
  const { url } = await gateway(t, 400)
  await t.rejects(new Pushgateway(url, {}, registry).push({ jobName: 'j' }), {
    message: 'push failed with status 400, answer',
  })
  t.throws(() => new Pushgateway(url, {}, registry).push({}), { message: 'Missing jobName parameter' })
  const silent = await gateway(t, 0)
  const to = new Pushgateway(silent.url, { timeout: 20 }, registry)
  await t.rejects(to.push({ jobName: 'j' }), { message: 'Pushgateway request timed out' })
  const failing = new Registry()
  failing.registerMetric({ name: 'x', get: () => Promise.reject(new Error('no value')) } as never)
  await t.rejects(new Pushgateway(url, {}, failing).push({ jobName: 'j' }), { message: 'no value' })
})

t.test("a registry may stand in the options' place, as in client_js", async t => {
  const { url, seen } = await gateway(t)
  await new Pushgateway(url, registry).push({ jobName: 'j' })
  t.equal(seen[0].body.toString(), TEXT)
})
