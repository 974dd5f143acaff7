import { once } from 'node:events'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type InboundOptions, listen } from '../../scripts/mta/inbound.js'
import type { Message } from '../../scripts/mta/message.js'
import { createRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'
import { open, sendAll } from './running.js'

const listener = { service: 'esmtp_listener' }
let registries = 0

async function start(t: Test, more: Partial<InboundOptions> = {}) {
  const registry = createRegistry({ name: `inbound${registries++}` })
  const clock = { time: 0, now: () => clock.time }
  const taken: Message[] = []
  let ids = 0
  const inbound = await listen({
    host: '127.0.0.1',
    port: 0,
    metrics: mtaMetrics(registry),
    clock,
    date: () => new Date('2026-01-02T03:04:05Z'),
    accept: message => {
      taken.push(message)
    },
    hasRoom: () => true,
    nextId: () => `id${ids++}`,
    maxSessions: 10,
    maxRecipients: 10,
    maxBytes: 100_000,
    ...more,
  })
  t.teardown(async () => {
    await inbound.close()
    await registry.close()
  })
  const value = (name: string, labels: Record<string, string> = listener) => registry.value(name, labels)
  return {
    inbound,
    clock,
    taken,
    value,
    place: { host: '127.0.0.1', port: inbound.port },
  }
}

/** Says a line, and resolves with the answer. */
async function say(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`)
  const [answer] = await once(socket, 'data')
  return String(answer)
}

async function greeted(place: { host: string; port: number }): Promise<Socket> {
  const socket = await open(place)
  await once(socket, 'data')
  return socket
}

t.test('a message is handed over with its envelope, its tags and a trace line', async t => {
  const { place, taken } = await start(t)
  const headers = 'X-Tenant: shop\r\nX-Campaign: spring\r\n'
  await sendAll(place, [{ to: ['One@Bigmail.Example', 'two@x.test'], headers }, { to: ['three@x.test'] }])
  t.match(taken, [
    {
      id: 'id0',
      sender: 'me@client.test',
      recipient: 'One@Bigmail.Example',
      domain: 'bigmail.example',
      attempts: 0,
    },
    {
      id: 'id1',
      recipient: 'two@x.test',
      tenant: 'shop',
      campaign: 'spring',
    },
    { id: 'id2', recipient: 'three@x.test' },
  ])
  t.equal(taken[2]!.tenant, undefined)
  const text = taken[1]!.data.toString()
  t.ok(
    text.startsWith('Received: from client.test ([127.0.0.1])\r\n\tby mta.example with ESMTP id id1;'),
    text,
  )
  t.match(text, 'Fri, 02 Jan 2026 03:04:05 GMT\r\nSubject: test\r\nX-Tenant: shop\r\n')
})

t.test('a tag in the body is text', async t => {
  const { place, taken } = await start(t)
  const socket = await greeted(place)
  for (const line of ['EHLO c.test', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA'])
    await say(socket, line)
  t.match(await say(socket, 'Subject: x\r\n\r\nX-Tenant: nobody\r\n.'), /^250 /)
  t.equal(taken[0]!.tenant, undefined)
  socket.destroy()
})

t.test('times are those of the transaction', async t => {
  const { place, clock, value } = await start(t)
  const socket = await greeted(place)
  await say(socket, 'EHLO c.test')
  clock.time = 10_000
  await say(socket, 'MAIL FROM:<a@b.test>')
  clock.time = 10_500
  await say(socket, 'RCPT TO:<c@d.test>')
  await say(socket, 'DATA')
  clock.time = 11_000
  await say(socket, 'Subject: x\r\n\r\nx\r\n.')
  t.match(value('smtpsrv_transaction_duration', {}), { count: 1, sum: 1 })
  t.match(value('smtpsrv_read_data_duration', {}), { count: 1, sum: 0.5 })
  t.match(value('smtpsrv_process_data_duration', {}), { count: 1, sum: 0 })
  socket.destroy()
})

t.test('one session too many is turned away', async t => {
  const { place, value } = await start(t, { maxSessions: 1 })
  const first = await greeted(place)
  t.equal(value('connection_count'), 1)
  const second = await open(place)
  t.match(String((await once(second, 'data'))[0]), /^421 too many connections/)
  await once(second, 'close')
  t.equal(value('total_connections_denied'), 1)
  t.equal(value('connection_count'), 1, 'the one turned away was never in')
  t.equal(value('total_connection_count'), 1)
  t.match(await say(first, 'QUIT'), /^221 /)
  first.destroy()
})

t.test('without room, clients are asked to come back', async t => {
  const { place, taken, value } = await start(t, { hasRoom: () => false })
  const socket = await greeted(place)
  await say(socket, 'EHLO c.test')
  t.match(await say(socket, 'MAIL FROM:<a@b.test>'), /^452 4\.3\.1 /)
  t.equal(value('smtp_server_rejections', { service: 'total' }), 1)
  t.equal(taken.length, 0)
  socket.destroy()
})

t.test('too large a message is refused and not kept', async t => {
  const { place, taken, value } = await start(t)
  const tally = await sendAll(place, [
    { to: ['a@b.test'], bytes: 200_000 },
    { to: ['a@b.test'], bytes: 50_000 },
  ])
  t.strictSame(tally, { accepted: 1, rejected: 1, transactions: 1 })
  t.equal(taken.length, 1)
  t.equal(value('total_messages_received'), 1)
  t.equal(value('smtp_server_rejections', { service: `127.0.0.1:${place.port}` }), 1)
})

t.test('a client that breaks off in a message leaves nothing behind', async t => {
  const { place, inbound, taken, value } = await start(t)
  const socket = await greeted(place)
  for (const line of ['EHLO c.test', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA'])
    await say(socket, line)
  socket.write('Subject: never ended\r\n')
  socket.destroy()
  await inbound.close()
  await new Promise(resolve => setImmediate(resolve))
  t.equal(taken.length, 0)
  t.equal(value('total_messages_received'), 0)
  t.equal(value('connection_count'), 0)
})
