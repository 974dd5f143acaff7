/** Readers that stall, against a real registry, its pool and its slots. */
import t from 'tap'
import { serveWith } from '../../src/front/serve.js'
import { choose } from '../../src/front/transports/choose.js'
import { slotsTaken } from '../../src/memory/slots.js'
import { fresh } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(120_000)

const SERIES = 120_000
const choice = choose()

/** The samples of the program's own metric. */
function samples(body: Buffer): number {
  return body.toString('latin1').split('\nwaiting{').length - 1
}

async function stall(port: number, prefix: string): Promise<Raw> {
  const raw = await Raw.open(port)
  raw.send(get(`/metrics?prefix=${prefix}`))
  await until('it is sent something', () => raw.buffered > 0)
  raw.socket.pause()
  return raw
}

for (const transport of ['http', 'uws'] as const) {
  const skip = transport === 'uws' && choice.transport !== 'uws' ? `cannot run here: ${choice.why}` : false
  t.test(`through ${transport}`, { skip }, async t => {
    const { registry, arena } = fresh(t, { memory: '256MiB' })
    const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
    for (let n = 0; n < SERIES; n++) gauge.labels(`queue-${String(n).padStart(40, 'x')}.example`).set(n)
    const front = await serveWith(registry, { listen: '127.0.0.1:0', transport }, {})
    const { port } = front.address

    // Each of another prefix, so that none is shared: more than there are permits, and slots.
    const stalled: Raw[] = []
    for (let n = 0; n < 12; n++) stalled.push(await stall(port, `stalled${n}_`))
    for (let n = 0; n < 5; n++) {
      const raw = await Raw.open(port)
      const { status, body } = await raw.send(get('/metrics')).answer()
      t.equal(status, 200)
      t.equal(samples(body), SERIES)
      raw.close()
    }
    // One of those that still hold on goes on where it stood.
    for (const raw of stalled) raw.socket.resume()
    const outcomes = await Promise.allSettled(stalled.map(raw => raw.answer()))
    const whole = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    t.ok(whole.length > 0, `${whole.length} of 12 were let go on`)
    for (const { body } of whole) {
      const text = body.toString('latin1')
      t.equal(text.match(/^stalled\d+_waiting\{/gm)?.length, SERIES)
      t.equal(new Set(text.match(/^stalled\d+_waiting\{[^}]*\}/gm)).size, SERIES, 'each once')
    }
    for (const raw of stalled) raw.close()
    await until('all slots are free', () => slotsTaken(arena) === 0)
    await front.close()
  })
}
