import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import t, { type Test } from 'tap'
import { smtpDelivery } from '../../scripts/mta/delivery.js'
import type { Message } from '../../scripts/mta/message.js'
import { Sources } from '../../scripts/mta/sources.js'
import { createRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'

const route = { site: 'mx.x.test', provider: 'x', maxConnections: 1 }
const here = { name: 'here', address: '127.0.0.1' }
/** An address that no machine has (RFC 5737). */
const elsewhere = { name: 'elsewhere', address: '203.0.113.7' }
let registries = 0

function bench(t: Test, port: number) {
  const registry = createRegistry({ name: `delivery${registries++}` })
  t.teardown(() => registry.close())
  const clock = { time: 0, now: () => clock.time }
  const sources = new Sources([elsewhere, here], mtaMetrics(registry), clock, 1000)
  const connect = smtpDelivery({
    host: '127.0.0.1',
    port,
    sources,
    timeoutMs: 5000,
  })
  return { registry, clock, sources, connect }
}

function message(recipient: string): Message {
  const data = Buffer.from('Subject: x\r\n\r\n.dots\r\n..and more\r\n')
  return {
    id: recipient,
    sender: 'a@b.test',
    recipient,
    domain: 'x.test',
    tenant: undefined,
    campaign: undefined,
    data,
    attempts: 0,
  }
}

async function smtpServer(t: Test, options: ConstructorParameters<typeof SMTPServer>[0]) {
  const server = new SMTPServer({
    ...options,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
  })
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.teardown(() => new Promise<void>(resolve => server.close(resolve)))
  return (listening.address() as AddressInfo).port
}

t.test('what the receiver answers decides, and the connection serves for the next message', async t => {
  const bodies: string[] = []
  let connections = 0
  const port = await smtpServer(t, {
    onConnect(_session, done) {
      connections++
      done()
    },
    onRcptTo({ address }, _session, done) {
      const code = Number(address.slice(0, 3))
      done(code > 0 ? Object.assign(new Error('no'), { responseCode: code }) : null)
    },
    onData(stream, session, done) {
      let body = ''
      stream.on('data', part => {
        body += part
      })
      stream.on('end', () => {
        bodies.push(body)
        const late = session.envelope.rcptTo[0]!.address.startsWith('late')
        done(late ? Object.assign(new Error('no'), { responseCode: 554 }) : null, 'thanks')
      })
    },
  })
  const { connect } = bench(t, port)
  const session = await connect(here, route)
  t.match(await session.send(message('ok@x.test')), {
    kind: 'delivered',
    response: /^250 .*thanks/,
  })
  t.match(await session.send(message('450@x.test')), {
    kind: 'transfail',
    response: /^450 /,
  })
  t.match(await session.send(message('550@x.test')), {
    kind: 'fail',
    response: /^550 /,
  })
  t.match(await session.send(message('late@x.test')), {
    kind: 'fail',
    response: /^554 /,
  })
  t.match(await session.send(message('ok@x.test')), { kind: 'delivered' })
  t.ok(session.usable)
  t.equal(connections, 1)
  t.equal(bodies[0], 'Subject: x\r\n\r\n.dots\r\n..and more\r\n', 'the message arrives as it was sent')
  session.close()
  t.notOk(session.usable)
})

t.test('a receiver that breaks off is a failure for now, and the end of the connection', async t => {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.write('220 x ESMTP\r\n')
    socket.on('data', data => {
      const line = String(data)
      if (line.startsWith('EHLO')) socket.write('250 x\r\n')
      else if (line.startsWith('MAIL')) socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise(resolve => server.close(resolve)))
  const { connect } = bench(t, (server.address() as AddressInfo).port)
  const session = await connect(here, route)
  t.match(await session.send(message('a@x.test')), { kind: 'transfail' })
  t.notOk(session.usable)
})

t.test('a receiver that is not there, or turns us away, is no fault of the source', async t => {
  const port = await smtpServer(t, {
    onConnect(_session, done) {
      done(Object.assign(new Error('too busy'), { responseCode: 421 }))
    },
  })
  const busy = bench(t, port)
  await t.rejects(busy.connect(here, route), /too busy/)

  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: closed } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  const absent = bench(t, closed)
  await t.rejects(absent.connect(here, route), /ECONNREFUSED/)
  for (const { registry } of [busy, absent]) {
    t.equal(registry.value('bind_failures'), 0)
    t.equal(
      registry.value('egress_source_health_suspended', {
        source: 'here',
        reason: 'Unplumbed',
      }),
      0,
    )
  }
})

t.test('a source whose address this machine does not have is set aside for a time', async t => {
  const port = await smtpServer(t, {})
  const { registry, clock, sources, connect } = bench(t, port)
  const unplumbed = { source: 'elsewhere', reason: 'Unplumbed' }
  const suspended = () => registry.value('egress_source_health_suspended', unplumbed)
  t.equal(suspended(), 0)
  t.equal(sources.pick(), elsewhere)
  await t.rejects(connect(elsewhere, route), /EADDRNOTAVAIL/)
  t.equal(registry.value('bind_failures'), 1)
  t.equal(suspended(), 1)
  t.equal(registry.value('egress_source_health_suspensions_total', unplumbed), 1)
  const failures = { source: 'elsewhere', kind: 'Unplumbed' }
  t.equal(registry.value('egress_source_connection_failures_total', failures), 1)
  t.strictSame([sources.pick(), sources.pick()], [here, here], 'mail leaves from the other')
  clock.time = 1000
  t.strictSame([sources.pick(), sources.pick()].map(source => source?.name).sort(), ['elsewhere', 'here'])
  t.equal(suspended(), 0)
})
