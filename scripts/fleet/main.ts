/** `npm run fleet`: a fleet of sample mail servers, and what a Prometheus and a VictoriaMetrics make of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server as Door } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complain, UsageError } from '../command-line.js'
import { needPrometheus3 } from '../need-prometheus-3.js'
import { needVictoriaMetrics } from '../need-victoria-metrics.js'
import { Fleet } from './fleet.js'
import { doorFrom, lead, runInside } from './inside.js'
import { INSIDE, loopback, namespaces, namespacesRefused } from './network.js'
import { type Options, readOptions, usage } from './options.js'
import { Programs } from './program.js'
import { files, MADE_FOR_MS } from './rules.js'
import { Agent, Prometheus, VictoriaMetrics } from './stores.js'
import { rightTotal, table } from './table.js'
import { Targets } from './targets.js'
import { type Figures, trial } from './trial.js'

async function main(): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return complain(error.message)
  }
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }
  if (process.env[INSIDE] !== undefined) return run(options, await doorFrom(process))
  if (options.network !== 'loopback') {
    const refused = await namespacesRefused()
    if (refused === undefined) return runInside(options)
    const why = `this system refuses network namespaces (${refused})`
    if (options.network === 'namespaces') throw new Error(why)
    say(`${why}: each server has a loopback address of its own`)
  }
  return run(options, undefined)
}

/** Starts all, has the trial, and ends all again. Returns the exit code. */
async function run(options: Options, door: Door | undefined): Promise<number> {
  const stopping = new AbortController()
  const programs = new Programs(error => stopping.abort(error))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      programs.close()
      stopping.abort(new Interrupted(signal))
    })
  }
  if (door !== undefined) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
  const aborted = new Promise<never>((_, reject) => {
    stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason))
  })

  const folder = await mkdtemp(join(tmpdir(), 'postmeter-fleet-'))
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true }), () => programs.stop()]
  if (door !== undefined) ends.push(() => door.close())
  try {
    const going = started(options, { door, programs, folder, signal: stopping.signal, ends })
    // If it is broken off, what becomes of the rest is of no interest.
    going.catch(() => {})
    return conclude(await Promise.race([going, aborted]))
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    say(`${error.signal}: ending`)
    return 130
  } finally {
    programs.close()
    for (const end of ends.reverse()) await end()
  }
}

interface Around {
  readonly door: Door | undefined
  readonly programs: Programs
  readonly folder: string
  readonly signal: AbortSignal
  /** What is to be done at the end, last first. */
  readonly ends: (() => unknown)[]
}

async function started(options: Options, { door, programs, folder, signal, ends }: Around): Promise<Figures> {
  const [{ prometheus: program }, { server, agent }] = await Promise.all([
    needPrometheus3(),
    needVictoriaMetrics(),
  ])
  const network = door === undefined ? loopback() : await namespaces(programs)
  const targets = new Targets(folder)
  await targets.prepare()
  const victoria = await VictoriaMetrics.start({
    ...{ programs, folder, program: server, address: `${network.home}:${await network.port()}` },
  })
  const { listen, everyMs } = options
  const home = door === undefined ? listen : { host: network.home, port: 0 }
  const port = home.port === 0 ? await network.port() : home.port
  const address = `${home.host}:${port}`
  const prometheus = await Prometheus.start(
    { programs, program, folder, address },
    await files(everyMs, address, `${victoria.url}/api/v1/write`),
    (300_000 * everyMs) / MADE_FOR_MS,
  )
  const collector =
    options.otlp === 0
      ? undefined
      : await Agent.start(
          { programs, program: agent, folder, address: `${network.home}:${await network.port()}` },
          prometheus.url,
        )
  if (door !== undefined) ends.push(lead(door, { host: home.host, port }))
  say(
    `${options.servers} servers in ${network.kind === 'namespaces' ? 'network namespaces' : 'loopback addresses'}, ` +
      `${options.rate} messages a second each; seed ${options.seed}`,
  )
  say(`Prometheus' pages are at http://${process.env[INSIDE] ?? address}; Ctrl-C ends it`)
  const receivers = { remoteWrite: `${prometheus.url}/api/v1/write`, otlp: collector?.otlp }
  const fleet = new Fleet({ options, network, targets, receivers, programs })
  ends.push(() => fleet.stop())
  return trial({ options, fleet, prometheus, victoria, signal, say })
}

function conclude({ rows, totals }: Figures): number {
  process.stdout.write(`\n${table(rows, totals)}\n`)
  const right = rows.every(row => row.right) && totals.every(rightTotal)
  say(right ? 'all figures agree' : 'figures do NOT agree')
  return right ? 0 : 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** The user has ended it. */
class Interrupted extends Error {
  readonly signal: string

  constructor(signal: string) {
    super(`ended by ${signal}`)
    this.signal = signal
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`error: ${(error as Error).message}\n`)
  process.exitCode = 1
}
