/** One run of a sample mail server, from its start to its end, and its clients. */
import { fileURLToPath } from 'node:url'
import type { GeneratorData } from '../mta/generator.js'
import type { Told } from './client.js'
import type { Place } from './network.js'
import type { Program, Programs } from './program.js'

const mta = fileURLToPath(new URL('../mta/main.js', import.meta.url))
const client = fileURLToPath(new URL('./client.js', import.meta.url))

/** How Prometheus comes to know its metrics. */
export type Way = 'scraped' | 'remote write 1.0' | 'remote write 2.0' | 'OTLP'

/** What became of a server: it was killed, or ended by itself, or ran until the end of the trial. */
export type End = 'killed' | 'retired' | 'ran'

export interface Plan {
  /** The label `instance`. */
  readonly name: string
  readonly way: Way
  readonly seed: number
}

/** URLs that servers push to. */
export interface Receivers {
  readonly remoteWrite: string
  /** undefined if nobody takes OTLP, because nobody sends it. */
  readonly otlp: string | undefined
}

export interface Surroundings {
  readonly programs: Programs
  readonly place: Place
  /** Where it pushes, by either protocol. */
  readonly receivers: Receivers
  /** Whom it may be scraped by. */
  readonly scraper: string
  readonly job: string
  readonly everyMs: number
  readonly rate: number
  readonly domains: number
}

/** A mail server that runs, or ran. */
export class Server {
  readonly plan: Plan
  /** Of its metrics endpoint: HOST:PORT. */
  readonly target: string
  /** When it was started, ms since the epoch: all that it measured is later. */
  readonly since: number
  readonly #mta: Program
  readonly #client: Program
  #told: Promise<Told> | undefined
  end: End = 'ran'

  static async start(plan: Plan, around: Surroundings): Promise<Server> {
    const { place, programs } = around
    const since = Date.now()
    const args = [
      ...['--no-traffic', '--workers', 1, '--report', 3600, '--seed', plan.seed, '--domains', around.domains],
      ...['--listen', `${place.address}:0`, '--smtp', `${place.loopback}:0`],
      ...['--trusted-hosts', around.scraper],
      ...pushing(plan, around),
    ]
    const node = [process.execPath, ...process.execArgv]
    const options = { within: place.within, channel: true }
    const server = programs.start(plan.name, [...node, mta, ...args.map(String)], options)
    const { url, smtp } = await server.hears<{ url: string; smtp: { host: string; port: number }[] }>('ready')
    const data: GeneratorData = {
      host: smtp[0]!.host,
      ports: smtp.map(({ port }) => port),
      rate: around.rate,
      domains: around.domains,
      seed: plan.seed,
    }
    const clients = programs.start(
      `the clients of ${plan.name}`,
      [...node, client, JSON.stringify(data)],
      options,
    )
    await clients.hears('ready')
    return new Server(plan, new URL(url).host, since, server, clients)
  }

  private constructor(plan: Plan, target: string, since: number, server: Program, clients: Program) {
    this.plan = plan
    this.target = target
    this.since = since
    this.#mta = server
    this.#client = clients
  }

  /** Ends it without a word, as a machine that fails. Its clients then tell what they know. */
  async kill(): Promise<void> {
    await this.#mta.kill()
    this.end = 'killed'
    await this.quiet()
  }

  /** Its clients send no more. Resolves to what they know when each message has had its answer. */
  quiet(): Promise<Told> {
    this.#told ??= (async () => {
      const { told } = await this.#client.asks<{ told: Told }>('quiet', 'told')
      await this.#client.stop()
      return told
    })()
    return this.#told
  }

  /** Ends it in the middle of a trial as a supervisor does, when its clients have gone. */
  async retire(): Promise<void> {
    await this.quiet()
    await this.#mta.stop()
    this.end = 'retired'
  }

  async stop(): Promise<void> {
    await Promise.all([this.#client.stop(), this.#mta.stop()])
  }
}

function pushing({ way, name }: Plan, { receivers, everyMs, job }: Surroundings): (string | number)[] {
  if (way === 'scraped') return []
  return [
    ...(way === 'OTLP'
      ? ['--push', receivers.otlp!, '--push-protocol', 'otlp']
      : ['--push', receivers.remoteWrite, '--push-version', way.slice(-3)]),
    ...['--push-every', everyMs / 1000, '--push-labels', `job=${job},instance=${name}`],
  ]
}
