/** Two Prometheus servers share a fleet by docs/fleet/prometheus-shard.yml, and a third one has the sum of both. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loopback } from '../../scripts/fleet/network.js'
import { Programs } from '../../scripts/fleet/program.js'
import { docs, shortened } from '../../scripts/fleet/rules.js'
import { Prometheus } from '../../scripts/fleet/stores.js'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { createRegistry, serve } from '../../src/index.js'

const SERVERS = 8
const SHARDS = 2
const EVERY_MS = 1000

t.test('each server has one Prometheus, and the global one has the sum to the message', async t => {
  const { prometheus: program } = await needPrometheus3()
  const folder = t.testdir({})
  const network = loopback()
  const programs = new Programs(error => t.fail(error.message))
  t.teardown(() => programs.stop())

  const targets: Record<string, object> = {}
  let sent = 0
  for (let n = 1; n <= SERVERS; n++) {
    const registry = createRegistry({ name: `mx${n}`, memory: '8MiB' })
    const front = await serve(registry, { listen: '127.0.0.1:0' })
    t.teardown(() => front.close().then(() => registry.close()))
    const received = registry.counter({ name: 'total_messages_received', help: '', labelNames: ['service'] })
    received.inc({ service: 'esmtp_listener' }, 1000 + n)
    sent += 1000 + n
    targets[`mx${n}.json`] = [{ targets: [new URL(front.url).host], labels: { instance: `mx${n}` } }]
  }

  const start = async (config: string, discovery: string, found: Record<string, object>) => {
    const own = mkdtempSync(join(folder, 'prometheus-'))
    mkdirSync(join(own, discovery), { recursive: true })
    for (const [name, json] of Object.entries(found)) {
      writeFileSync(join(own, discovery, name), JSON.stringify(json))
    }
    const address = `${network.home}:${await network.port()}`
    const text = shortened(config.replaceAll('localhost:9090', address), EVERY_MS)
    const files: Record<string, string> = { 'prometheus.yml': text }
    for (const [, name] of text.matchAll(/^ {2}- (\S+\.rules\.yml)$/gm)) {
      const from = name!.startsWith('fleet-') ? 'fleet' : 'monitoring'
      files[name!] = shortened(readFileSync(`${docs}/${from}/${name}`, 'utf8'), EVERY_MS)
    }
    return Prometheus.start({ programs, program, folder: own, address }, files, 20_000)
  }
  const read = (name: string) => readFileSync(`${docs}/fleet/${name}`, 'utf8')

  const shards: Prometheus[] = []
  for (let shard = 0; shard < SHARDS; shard++) {
    const text = read('prometheus-shard.yml')
      .replaceAll('SHARDS', `${SHARDS}`)
      .replaceAll('SHARD', `${shard}`)
    shards.push(await start(text, 'targets', targets))
  }
  const found = Object.fromEntries(
    shards.map(({ url }, n) => [`p${n}.json`, [{ targets: [new URL(url).host] }]]),
  )
  const global = await start(read('prometheus-global.yml'), 'shards', found)

  // Discovery tells of its targets in parts: first of some of them.
  const shares = await shards[0]!.until('all servers are scraped', async () => {
    const up = await Promise.all(shards.map(shard => shard.query('up{job="mail"} == 1')))
    return up.flat().length >= SERVERS ? up.map(all => all.map(({ metric }) => metric.instance!)) : undefined
  })
  t.ok(
    shares.every(share => share.length > 0),
    'each has a share',
  )
  t.same(
    shares.flat().sort(),
    Object.keys(targets)
      .map(name => name.replace('.json', ''))
      .sort(),
  )
  t.comment(shares.map(share => share.join(' ')).join(' | '))

  const whole = await global.until('it has the whole fleet', async () => {
    const servers = await global.value('fleet:servers:count')
    const value = await global.value('fleet:messages_received:last1h')
    return servers === SERVERS && value === sent ? value : undefined
  })
  t.equal(whole, sent, 'the sum of what all servers counted')
  t.same(await global.query('{job="mail", __name__=~"total_.+"}'), [], 'and no series of a server besides')
})
