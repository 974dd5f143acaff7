/** The servers of a fleet: which there are, and what has become of each. */
import { type Random, seeded } from '../mta/random.js'
import type { Run } from './account.js'
import type { Network, Place } from './network.js'
import type { Options } from './options.js'
import type { Programs } from './program.js'
import { type Receivers, Server, type Surroundings, type Way } from './server.js'
import type { Targets } from './targets.js'

/** Servers that are started at once: each takes a second of a processor. */
const AT_ONCE = 4

/** The label `job` of all servers, which the rules ask for. */
export const JOB = 'mail'

export interface FleetTools {
  readonly options: Options
  readonly network: Network
  readonly targets: Targets
  readonly receivers: Receivers
  readonly programs: Programs
}

interface Member {
  readonly name: string
  readonly way: Way
  readonly place: Place
  server: Server
}

export class Fleet {
  readonly #tools: FleetTools
  readonly #random: Random
  readonly #members: Member[] = []
  readonly #places: Place[] = []
  /** All that were started, those that were killed too. */
  readonly #servers: Server[] = []

  constructor(tools: FleetTools) {
    this.#tools = tools
    this.#random = seeded(tools.options.seed)
  }

  async start(): Promise<void> {
    const { servers } = this.#tools.options
    const ways = waysOf(this.#tools.options)
    for (let first = 0; first < servers; first += AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, servers - first) }, (_, i) => first + i)
      await Promise.all(batch.map(at => this.#join(at + 1, ways[at]!)))
    }
  }

  get names(): string[] {
    return this.#members.map(({ name }) => name)
  }

  /** Those that run. */
  get alive(): string[] {
    return this.#members.filter(({ server }) => server.end === 'ran').map(({ name }) => name)
  }

  ways(): ReadonlyMap<Way, number> {
    const counts = new Map<Way, number>()
    for (const { way } of this.#members) counts.set(way, (counts.get(way) ?? 0) + 1)
    return counts
  }

  wayOf(name: string): Way {
    return this.#member(name).way
  }

  /**
   * Whom chance takes: to be killed, in turn a scraped one and one that pushes, as long as there are both; and of the
   * others that push, to be retired.
   */
  chosen(): { readonly victims: string[]; readonly retired: string[] } {
    const { kill, retire } = this.#tools.options
    const drawn = this.#members.map(member => [this.#random(), member] as const).sort(([a], [b]) => a - b)
    const shuffled = drawn.map(([, member]) => member)
    const scraped = shuffled.filter(({ way }) => way === 'scraped')
    const pushing = shuffled.filter(({ way }) => way !== 'scraped')
    const inTurn = shuffled.flatMap((_, at) => [...scraped.slice(at, at + 1), ...pushing.slice(at, at + 1)])
    const victims = inTurn.slice(0, kill)
    const retired = pushing.filter(member => !victims.includes(member)).slice(0, retire)
    return { victims: victims.map(({ name }) => name), retired: retired.map(({ name }) => name) }
  }

  kill(name: string): Promise<void> {
    return this.#member(name).server.kill()
  }

  retire(name: string): Promise<void> {
    return this.#member(name).server.retire()
  }

  async again(name: string): Promise<void> {
    const member = this.#member(name)
    member.server = await this.#launch(name, member.way, member.place)
  }

  /** All clients send no more, and each message has had its answer. */
  async quiet(): Promise<void> {
    await Promise.all(this.#servers.map(server => server.quiet()))
  }

  /** What there is to account for. `end` in ms since the epoch. */
  async runs(end: number): Promise<Run[]> {
    const runs: Run[] = []
    for (const [at, server] of this.#servers.entries()) {
      const { name, way } = server.plan
      const next = this.#servers.slice(at + 1).find(({ plan }) => plan.name === name)
      const until = next === undefined ? end : next.since
      runs.push({
        name: this.#servers.slice(0, at).some(({ plan }) => plan.name === name) ? `${name}, again` : name,
        instance: name,
        way,
        end: server.end,
        since: server.since,
        until,
        told: await server.quiet(),
      })
    }
    return runs.sort((a, b) => a.instance.localeCompare(b.instance, 'en', { numeric: true }))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map(server => server.stop()))
    await Promise.all(this.#places.map(place => place.close()))
  }

  async #join(n: number, way: Way): Promise<void> {
    const name = `mx${n}`
    const place = await this.#tools.network.place(n)
    this.#places.push(place)
    this.#members.push({ name, way, place, server: await this.#launch(name, way, place) })
    this.#members.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  }

  async #launch(name: string, way: Way, place: Place): Promise<Server> {
    const { options, network, targets, receivers, programs } = this.#tools
    const around: Surroundings = {
      ...{ programs, place, receivers, job: JOB, scraper: network.home },
      ...{ everyMs: options.everyMs, rate: options.rate, domains: options.domains },
    }
    // Its own, and another one each time that it is started, whichever server is ready first.
    const starts = this.#servers.filter(({ plan }) => plan.name === name).length
    const seed = (options.seed + Number(name.slice(2)) + 1000 * starts) % 2 ** 32
    const server = await Server.start({ name, way, seed }, around)
    this.#servers.push(server)
    if (way === 'scraped') await targets.add(name, server.target)
    return server
  }

  #member(name: string): Member {
    const member = this.#members.find(member => member.name === name)
    if (member === undefined) throw new Error(`there is no server ${name}`)
    return member
  }
}

/** How each server's metrics come to Prometheus: scraped and pushing ones in turn, and of these the kinds in turn. */
export function waysOf({ servers, pushing, otlp }: Options): Way[] {
  const writes: Way[] = Array.from({ length: pushing - otlp }, (_, i) =>
    i % 2 === 0 ? 'remote write 1.0' : 'remote write 2.0',
  )
  const pushed: Way[] = [...writes, ...Array.from({ length: otlp }, (): Way => 'OTLP')]
  const ways: Way[] = []
  for (let at = 0; ways.length < servers; at++) {
    if (at < servers - pushing) ways.push('scraped')
    ways.push(...pushed.slice(at, at + 1))
  }
  return ways
}
