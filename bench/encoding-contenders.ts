import { createRegistry, type Registry } from '../src/index.js'
import type { Contender, Contenders } from './contender.js'
import { encoderInThread } from './encode-in-thread.js'
import { peers } from './peers.js'

/** As large as one slot that the encoder writes into. */
const SLOT = 1 << 20
const NAME = 'scheduled_count'
const HELP = 'Messages that wait in a queue.'

const queue = (at: number) =>
  `campaign@tenant-${at % 100}.example:domain-${String(at).padStart(7, '0')}.example`

export const contenders: Contenders = {
  postmeter: size => encoder(size, encoderInThread(filled(size), 'text', '')),

  'postmeter, with prefix': size => encoder(size, encoderInThread(filled(size), 'text', 'kumomta_')),

  'copying, slot by slot': async size => {
    const body = await bodyOf(size)
    const slot = Buffer.from(new SharedArrayBuffer(SLOT))
    return encoder(size, () => {
      for (let at = 0; at < body.length; at += SLOT) body.copy(slot, 0, at, Math.min(at + SLOT, body.length))
      return body.length
    })
  },

  'copying, whole': async size => {
    const body = await bodyOf(size)
    const target = Buffer.from(new SharedArrayBuffer(body.length))
    return encoder(size, () => body.copy(target))
  },

  ...Object.fromEntries(
    Object.entries(peers).map(([name, { Registry, Gauge }]) => [
      name,
      (size: number) => {
        const registry = new Registry()
        const gauge = new Gauge({
          name: NAME,
          help: HELP,
          labelNames: ['queue'] as const,
          registers: [registry],
        })
        for (let at = 0; at < size; at++) gauge.labels(queue(at)).set(at)
        return encoder(size, async () => (await registry.metrics()).length)
      },
    ]),
  ),
}

function filled(size: number): Registry {
  const registry = createRegistry({ name: 'bench', memory: '1GiB' })
  const gauge = registry.gauge({
    name: NAME,
    help: HELP,
    labelNames: ['queue'],
  })
  for (let at = 0; at < size; at++) gauge.labels({ queue: queue(at) }).set(at)
  return registry
}

async function bodyOf(size: number): Promise<Buffer> {
  const registry = filled(size)
  const body = Buffer.from(await registry.metrics())
  await registry.close()
  return body
}

/** One call is one series, so that figures can be compared between sizes. */
function encoder(size: number, encode: () => number | Promise<number>): Contender {
  let bytes = 0
  return {
    calls: size,
    batch: () => {
      const wrote = encode()
      if (typeof wrote === 'number') {
        bytes = wrote
        return wrote
      }
      return wrote.then(count => {
        bytes = count
      })
    },
    bytes: () => bytes,
  }
}
