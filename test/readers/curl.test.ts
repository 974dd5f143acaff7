/** curl as a reader: of a gzip body that has several members it takes the first alone, and says nothing of it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { needCurl } from '../../scripts/need-curl.js'
import { choose } from '../../src/front/transports/choose.js'
import { type Registry, serve } from '../../src/index.js'
import { neededOrSkip } from '../support/need.js'
import { fresh } from '../support/registry.js'

const run = promisify(execFile)
const MAX_BYTES = 64 * 1024 * 1024

/** Of all kinds, and some text that is hard to compress. */
function fill(registry: Registry, series: number): void {
  const sent = registry.counter({ name: 'sent_total', help: 'Sent', labelNames: ['queue'] })
  const depth = registry.gauge({ name: 'depth', help: 'Depth', labelNames: ['queue', 'odd'] })
  const wait = registry.histogram({ name: 'wait_seconds', help: 'Wait', labelNames: ['queue'] })
  for (let n = 0; n < series; n++) {
    const queue = `queue-${n}.example`
    sent.inc({ queue }, n)
    depth.set({ queue, odd: Math.imul(n, 0x9e3779b1).toString(36) }, n / 7)
    if (n % 10 === 0) wait.observe({ queue }, n / 300)
  }
}

t.test('what curl decompresses is what it gets uncompressed', async t => {
  const found = await neededOrSkip(t, 'curl', needCurl)
  if (found === undefined) return
  const { program: curl, env } = found
  const get = async (url: string, ...options: string[]) => {
    const { stdout } = await run(curl, ['--silent', '--show-error', '--fail', ...options, url], {
      env,
      encoding: 'buffer',
      maxBuffer: MAX_BYTES,
    })
    return stdout
  }
  const { transport } = choose()
  for (const name of new Set(['http', transport] as const)) {
    for (const [size, series] of Object.entries({ small: 300, large: 20_000 })) {
      const { registry } = fresh(t, { memory: '64MiB' })
      fill(registry, series)
      for (const level of [1, 6]) {
        const front = await serve(registry, {
          listen: '127.0.0.1:0',
          transport: name,
          selfMetrics: false,
          gzip: { level },
        })
        for (const path of ['', '?format=openmetrics', '?format=protobuf', '.json']) {
          const url = `${front.url}${path}`
          const plain = await get(url)
          const compressed = await get(url, '--header', 'Accept-Encoding: gzip')
          t.same(
            [...compressed.subarray(0, 2)],
            [0x1f, 0x8b],
            `${name}, ${size}, level ${level}: ${path} is gzip`,
          )
          t.ok(compressed.length < plain.length / 2)
          const read = await get(url, '--compressed')
          t.equal(read.equals(gunzipSync(compressed)), true, 'and curl reads all of it')
          // A large family is several messages in protobuf, and where it is divided depends on the room there is.
          if (path !== '?format=protobuf') t.equal(read.equals(plain), true, 'which is the same')
        }
        await front.close()
      }
    }
  }
})
