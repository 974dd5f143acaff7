import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { getBody } from '../support/get-body.js'
import { until } from '../support/until.js'
import { open, RunningMta } from './running.js'

function endpoint(url: string) {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`${signal} ends it cleanly in the middle of its work`, async t => {
    const mta = await RunningMta.start(t, '--rate', '300', '--domains', '300', '--seed', '5')

    // One session that says nothing more, and one in the middle of a message.
    const idle = await open(mta.smtp[0]!)
    await once(idle, 'data')
    const sending = await open(mta.smtp[1]!)
    await once(sending, 'data')
    const lines = ['EHLO client.test', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@bigmail.example>', 'DATA']
    for (const line of lines) {
      sending.write(`${line}\r\n`)
      await once(sending, 'data')
    }
    sending.write('Subject: never ended\r\n')
    let goodbye = ''
    idle.setEncoding('utf8').on('data', part => {
      goodbye += part
    })
    sending.on('error', () => {})
    const gone = Promise.all([once(idle, 'close'), once(sending, 'close')])

    await until('traffic is under way', async () =>
      /^total_messages_received\{[^}]*\} [1-9]\d/m.test(await getBody(mta.url)),
    )
    const stopped = mta.next('stopped')
    const start = performance.now()
    mta.child.kill(signal)
    t.strictSame(await mta.exited, [0, null], 'exit code 0')
    t.ok(performance.now() - start < 30_000, `after ${Math.round(performance.now() - start)} ms`)
    await gone
    t.match(goodbye, /^421 /, 'the session that waited was sent 421')
    const { generator } = (await stopped) as { generator: { sent: number } }
    t.ok(generator.sent > 0, 'traffic was under way')

    for (const place of [endpoint(mta.url), ...mta.smtp]) {
      await t.rejects(open(place), { code: 'ECONNREFUSED' }, `nothing listens at ${place.port}`)
    }
  })
}

t.test('it ends by itself after the time given, and has reported what moved', async t => {
  const mta = await RunningMta.start(t, ...'--rate 200 --duration 1.2 --report 0.4 --seed 6'.split(' '))
  t.strictSame(await mta.exited, [0, null])
  const said = mta.said.join('')
  t.match(said, `curl ${mta.url}`)
  t.match(said, mta.smtp.map(({ host, port }) => `${host}:${port}`).join(' and '))
  t.match(said, /seed 6/)
  const line = /^received [\d,]+ \([\d.]+\/s\) {3}delivered .* deferred .* bounced .* queued [\d,]+$/m
  t.match(said, line)
})

t.test('it ends when the program that started it is gone', async t => {
  const mta = await RunningMta.start(t, '--no-traffic')
  mta.child.disconnect()
  t.strictSame(await mta.exited, [0, null])
})

t.test('a port that is taken is an error that names it, and nothing is left running', async t => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  for (const option of ['--listen', '--smtp']) {
    const started = RunningMta.start(t, '--no-traffic', option, `127.0.0.1:${port}`)
    await t.rejects(
      started,
      {
        message: new RegExp(`ended \\(1\\)[^]*error: ${option} "127.0.0.1:${port}" `),
      },
      option,
    )
  }
})
