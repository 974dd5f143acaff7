/**
 * Good and hostile load, mixed, over a real registry: it ends with as many sockets, threads and slots as it began with,
 * and with no more memory. POSTMETER_SOAK_SECONDS says for how long.
 */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { serve } from '../../src/front/serve.js'
import { choose } from '../../src/front/transports/choose.js'
import { slotsTaken } from '../../src/memory/slots.js'
import { SEED } from '../support/arbitrary.js'
import { fresh } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

const SECONDS = Number(process.env.POSTMETER_SOAK_SECONDS ?? 6)
/** MiB. A whole scrape has seven. */
const MOST_GROWN = 16
const ROUNDS = 8
t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(SECONDS * 8000 + 60_000)

/** Mulberry32. */
let state = SEED
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0
  let x = Math.imul(state ^ (state >>> 15), 1 | state)
  x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
  return ((x ^ (x >>> 14)) >>> 0) % below
}

const hasProc = process.platform === 'linux'
const sockets = () => readdirSync('/proc/self/fd').length
const threads = () => readdirSync('/proc/self/task').length

const choice = choose()
for (const transport of ['http', 'uws'] as const) {
  const skip = !hasProc
    ? 'this system has no /proc'
    : transport === 'uws' && choice.transport !== 'uws'
      ? `cannot run here: ${choice.why}`
      : false
  t.test(`transport ${transport}`, { skip }, async t => {
    const { registry, arena } = fresh(t, { memory: '128MiB' })
    const gauge = registry.gauge({ name: 'waiting', help: 'waiting', labelNames: ['queue'] })
    for (let n = 0; n < 60_000; n++) gauge.labels(`queue-${String(n).padStart(80, '0')}`).set(n)
    const events: string[] = []
    const front = await serve(registry, {
      listen: '127.0.0.1:0',
      transport,
      trustedHosts: ['127.0.0.1'],
      log: ({ level, message }) => {
        if (level === 'error') events.push(message)
      },
    })
    const { port } = front.address
    let scrapes = 0

    const acts: (() => Promise<void>)[] = [
      async function whole() {
        const raw = await Raw.open(port)
        const answer = await raw.send(get(`/metrics?prefix=p${random(3)}_`)).answer()
        if (answer.status === 200) scrapes++
        if (answer.status !== 200 && answer.status !== 503) t.fail(`status ${answer.status}`)
        raw.close()
      },
      async function json() {
        const raw = await Raw.open(port)
        await raw.send(get('/metrics.json')).answer()
        raw.close()
      },
      async function vanish() {
        const raw = await Raw.open(port)
        raw.send(get('/metrics'))
        await until('something comes', () => raw.buffered > random(1_000_000))
        raw.socket.resetAndDestroy()
      },
      async function stall() {
        const raw = await Raw.open(port)
        raw.socket.pause()
        raw.send(get(`/metrics?prefix=s${random(1000)}_`))
        await new Promise(resolve => setTimeout(resolve, random(600)))
        raw.close()
      },
      async function refused() {
        const raw = await Raw.open(port)
        raw.send(get('/x') + get('/metrics', 'Authorization: x') + get('/metrics?prefix=%zz'))
        for (const status of [404, 403, 400]) {
          const answer = await raw.answer()
          if (answer.status !== status) t.fail(`${answer.status} for ${status}`)
        }
        raw.close()
      },
      async function denied() {
        const raw = await Raw.open(port, '127.0.0.1', '127.0.0.2')
        const answer = await raw.send(get('/metrics')).answer()
        if (answer.status !== 403) t.fail(`an untrusted peer got ${answer.status}`)
        await raw.rest()
        raw.close()
      },
      async function garbage() {
        const raw = await Raw.open(port)
        raw.send(Buffer.from(Array.from({ length: 200 }, () => random(256))).toString('latin1'))
        raw.socket.end()
        await raw.rest()
        raw.close()
      },
      async function leave() {
        const raw = await Raw.open(port)
        raw.send('GET /metr')
        raw.close()
      },
    ]
    const load = async (seconds: number) => {
      const end = performance.now() + seconds * 1000
      const enough = scrapes + 3
      const one = async () => {
        while (performance.now() < end || scrapes < enough) await acts[random(acts.length)]!()
      }
      await Promise.all(Array.from({ length: 12 }, one))
    }
    const settled = () => until('all slots are free', () => slotsTaken(arena) === 0)

    // The pool's threads start, the heaps and the sockets' buffers reach their sizes.
    await load(SECONDS / 3)
    await settled()
    const before = { sockets: sockets(), threads: threads() }
    // Heaps may grow for a while yet, for this process is the readers too; what leaks grows each time.
    const grown: number[] = []
    do {
      const memory = process.memoryUsage().rss
      await load(SECONDS / 3)
      await settled()
      grown.push((process.memoryUsage().rss - memory) / 2 ** 20)
    } while (grown.at(-1)! >= MOST_GROWN && grown.length < ROUNDS)
    await until(`${before.sockets} sockets again`, () => sockets() <= before.sockets)
    t.equal(threads(), before.threads)
    t.comment(`${grown.map(more => more.toFixed(1)).join(', ')} MiB more`)
    t.ok(grown.at(-1)! < MOST_GROWN, 'memory does not grow each time')
    t.comment(`${scrapes} whole scrapes`)
    t.same(events, [])
    // Gauges of the front are those of the moment when a scrape last began.
    let waiting: unknown
    for (let n = 0; n < 50 && waiting !== 0; n++) {
      const raw = await Raw.open(port)
      await raw.send(get('/metrics')).answer()
      raw.close()
      waiting = registry.value('postmeter_scrapes_waiting')
    }
    t.equal(waiting, 0, 'nothing waits')
    await front.close()
  })
}
