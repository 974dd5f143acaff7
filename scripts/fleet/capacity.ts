/**
 * `node dist/scripts/fleet/capacity.js [--series N] [--scrapes N]`: what series cost a Prometheus that scrapes them, and a
 * VictoriaMetrics that it writes to, in memory and on disk. docs/FLEET.md reckons with what it prints.
 *
 * The series are a mail server's counters by ready queue, which are most of its series, of domains with random names. A tenth of them move between two
 * scrapes. It measures no time, so that it may run beside other work.
 */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRegistry, serve } from '../../src/index.js'
import { numbersOf, UsageError } from '../command-line.js'
import { type Random, seeded } from '../mta/random.js'
import { needPrometheus3 } from '../need-prometheus-3.js'
import { needVictoriaMetrics } from '../need-victoria-metrics.js'
import { loopback } from './network.js'
import { Programs } from './program.js'
import { Prometheus, type Store, VictoriaMetrics } from './stores.js'

/** Of the counters, those that move between two scrapes. */
const MOVING = 0.1
const NAMES = ['total_messages_delivered', 'total_messages_transfail', 'total_messages_fail', 'ready_full']

type End = () => Promise<unknown>

interface Wanted {
  readonly series: number
  readonly scrapes: number
}

function readOptions(): Wanted {
  const text = { type: 'string' } as const
  try {
    const number = numbersOf(parseArgs({ options: { series: text, scrapes: text } }).values)
    return { series: number('series', 500_000, 1000, 10_000_000), scrapes: number('scrapes', 30, 2, 1000) }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function measure(
  { series, scrapes }: Wanted,
  folder: string,
  programs: Programs,
  ends: End[],
): Promise<void> {
  const [{ prometheus: program }, { server }] = await Promise.all([needPrometheus3(), needVictoriaMetrics()])
  const registry = createRegistry({ memory: '2GiB' })
  const counters = NAMES.map(name => registry.counter({ name, help: name, labelNames: ['service'] }))
  const random = seeded(1)
  const sites = Array.from({ length: Math.ceil(series / NAMES.length) }, () => domain(random))
  const all = Array.from({ length: series }, (_, n) => {
    const service = `smtp_client:mx-out-1->${sites[Math.floor(n / NAMES.length)]}@smtp_client`
    return counters[n % NAMES.length]!.labels(service)
  })
  const front = await serve(registry, { listen: '127.0.0.1:0', gzip: { threshold: 1024 } })
  ends.push(
    () => registry.close(),
    () => front.close(),
  )
  const url = new URL('/metrics', front.url)
  const network = loopback()
  const place = async () => `127.0.0.1:${await network.port()}`
  const victoria = await VictoriaMetrics.start({ programs, folder, program: server, address: await place() })
  const address = await place()
  const config = {
    global: { scrape_interval: '5s', scrape_timeout: '5s' },
    scrape_configs: [
      {
        job_name: 'mail',
        scrape_interval: '10s',
        scrape_timeout: '10s',
        static_configs: [{ targets: [url.host] }],
      },
    ],
    remote_write: [{ url: `${victoria.url}/api/v1/write` }],
  }
  const prometheus = await Prometheus.start(
    { programs, folder, program, address },
    // JSON is YAML too.
    { 'prometheus.yml': JSON.stringify({ ...config, scrape_configs: [] }) },
    300_000,
    ['--web.enable-admin-api', '--web.enable-lifecycle'],
  )
  const idle = { prometheus: await resident(prometheus), victoria: await resident(victoria) }
  const plain = Buffer.byteLength(
    await (await fetch(url, { headers: { 'accept-encoding': 'identity' } })).text(),
  )
  const gzipped = await bytesOf(url)
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
  await fetch(`${prometheus.url}/-/reload`, { method: 'POST' })

  const samples = async () => metric(prometheus, 'prometheus_tsdb_head_samples_appended_total')
  for (let scrape = 1; scrape <= scrapes; scrape++) {
    await prometheus.until(
      `scrape ${scrape} is there`,
      async () => (await samples()) >= scrape * series || undefined,
    )
    if (scrape === 1 || scrape === scrapes)
      say(`after ${scrape} scrapes: ${await memory(prometheus, idle.prometheus, series)}`)
    for (const counter of all) if (random() < MOVING) counter.inc(1 + Math.floor(9 * random()))
  }
  const appended = await samples()
  const wal = await sizeOf(join(folder, 'prometheus', 'wal'))
  await victoria.until(
    'it has them all',
    async () => (await metric(victoria, 'vm_rows_inserted_total')) >= appended * 0.99 || undefined,
  )
  say(`VictoriaMetrics: ${await memory(victoria, idle.victoria, series)}`)
  say(`a scrape: ${plain / series} B a series, ${gzipped / series} compressed`)
  say(`Prometheus' WAL: ${wal / appended} B a sample`)
  await block(prometheus, folder)
  await fetch(`${victoria.url}/internal/force_flush`)
  await fetch(`${victoria.url}/internal/force_merge`)
  await victoria.until(
    'its parts are merged',
    async () => (await metric(victoria, 'vm_active_force_merges')) === 0 || undefined,
  )
  const index = await metric(victoria, 'vm_data_size_bytes', 'indexdb/')
  const data = await metric(victoria, 'vm_data_size_bytes', 'storage/')
  say(`VictoriaMetrics' disk: ${data / appended} B a sample, ${index / series} B of index a series`)
}

/** A name as domains have them: nothing in it can be guessed from the one before. */
function domain(random: Random): string {
  const letters = Array.from({ length: 6 + Math.floor(10 * random()) }, () =>
    String.fromCharCode(97 + Math.floor(26 * random())),
  )
  return `${letters.join('')}.example`
}

/** Writes what is in memory as a block, and looks at it. */
async function block(prometheus: Store, folder: string): Promise<void> {
  const answer = await fetch(`${prometheus.url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' })
  const { data } = (await answer.json()) as { data: { name: string } }
  const snapshot = join(folder, 'prometheus', 'snapshots', data.name)
  for (const name of await readdir(snapshot)) {
    const { stats } = JSON.parse(await readFile(join(snapshot, name, 'meta.json'), 'utf8'))
    const chunks = await sizeOf(join(snapshot, name, 'chunks'))
    const index = await sizeOf(join(snapshot, name, 'index'))
    say(
      `Prometheus' block of ${stats.numSamples / stats.numSeries} samples a series: ` +
        `${chunks / stats.numSamples} B a sample, ${index / stats.numSeries} B of index a series`,
    )
  }
}

/** The sum of a metric's series whose labels have a text in them. */
async function metric(store: Store, name: string, having = ''): Promise<number> {
  const text = await (await fetch(`${store.url}/metrics`)).text()
  const lines = [...text.matchAll(new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, 'gm'))]
  const those = lines.filter(([, labels = '']) => labels.includes(having))
  return those.reduce((sum, [, , value]) => sum + Number(value), 0)
}

async function resident(store: Store): Promise<number> {
  return metric(store, 'process_resident_memory_bytes')
}

async function memory(store: Store, idle: number, series: number): Promise<string> {
  const now = await resident(store)
  return `${(now / 1e9).toFixed(2)} GB resident, ${Math.round((now - idle) / series)} B a series more than idle`
}

async function bytesOf(url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { 'accept-encoding': 'gzip' } }, answer => {
      let bytes = 0
      answer.on('data', part => {
        bytes += part.length
      })
      answer.on('end', () => resolve(bytes)).on('error', reject)
    })
    asked.on('error', reject).end()
  })
}

/** Of a file, or of all below a folder. */
async function sizeOf(path: string): Promise<number> {
  const { size } = await stat(path)
  const names = await readdir(path).catch(() => undefined)
  if (names === undefined) return size
  const sizes = await Promise.all(names.map(name => sizeOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function say(line: string): void {
  process.stdout.write(`${line.replace(/\d+\.\d{3,}/g, number => Number(number).toFixed(2))}\n`)
}

const folder = await mkdtemp(join(tmpdir(), 'postmeter-capacity-'))
const programs = new Programs(error => {
  throw error
})
const ends: End[] = [() => rm(folder, { recursive: true, force: true }), () => programs.stop()]
try {
  await measure(readOptions(), folder, programs, ends)
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
} finally {
  for (const end of ends.reverse()) await end()
}
