/** Prometheus and VictoriaMetrics of a trial, and what they answer. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Program, Programs } from './program.js'
import { docs } from './rules.js'

interface StoreOptions {
  readonly programs: Programs
  readonly program: string
  readonly folder: string
  /** HOST:PORT */
  readonly address: string
}

/** One series of an answer. */
export interface Answer {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export interface Sample {
  /** ms since the epoch. */
  readonly at: number
  readonly value: number
}

export interface Alert {
  readonly state: string
  readonly labels: Readonly<Record<string, string>>
}

/** Milliseconds that something may take which ought to come by itself. */
const PATIENCE_MS = 120_000
const PAUSE_MS = 100

/** A server of a trial, at a URL. */
class Daemon {
  readonly name: string
  readonly url: string
  readonly #program: Program

  protected constructor(program: Program, address: string) {
    this.name = program.name
    this.url = `http://${address}`
    this.#program = program
  }

  /** Asks until there is an answer. @throws Error that says what did not come, after two minutes. */
  async until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const limit = performance.now() + PATIENCE_MS
    for (;;) {
      const answer = await ask()
      if (answer !== undefined) return answer
      if (performance.now() > limit) {
        throw new Error(`${this.name}: not within ${PATIENCE_MS / 1000} s: ${what}\n${this.#program.said}`)
      }
      await wait(PAUSE_MS)
    }
  }

  protected async ready(path: string): Promise<void> {
    await this.until('it is ready', async () => {
      if (!this.#program.running) throw new Error(`${this.name} ended: ${this.#program.said}`)
      const answered = await fetch(this.url + path).catch(() => undefined)
      return answered?.ok || undefined
    })
  }
}

/** A server with Prometheus' query API. */
export class Store extends Daemon {
  /** All that an instant query answers. `time` in ms since the epoch, now if there is none. */
  async query(text: string, time?: number): Promise<Answer[]> {
    const result = await this.#result<{ metric: Record<string, string>; value: [number, string] }>(text, time)
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }

  /** The samples of the one series that a range selector has, as they were recorded. */
  async samples(range: string, time: number): Promise<Sample[]> {
    const result = await this.#result<{ values: [number, string][] }>(range, time)
    if (result.length > 1) throw new Error(`${this.name}: ${range} has ${result.length} series`)
    const samples = (result[0]?.values ?? []).map(([at, value]) => ({
      at: Math.round(1000 * at),
      value: Number(value),
    }))
    // VictoriaMetrics keeps the marker that a series has ended as a sample without a number.
    return samples.filter(({ value }) => !Number.isNaN(value))
  }

  /** The one number that a query answers; undefined if there is none. */
  async value(text: string, time?: number): Promise<number | undefined> {
    return (await this.query(text, time))[0]?.value
  }

  async #result<T>(query: string, time: number | undefined): Promise<T[]> {
    const asked = new URLSearchParams({ query, ...(time !== undefined && { time: `${time / 1000}` }) })
    return (await this.ask<{ result: T[] }>(`/api/v1/query?${asked}`)).result
  }

  protected async ask<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path)
    const body = (await response.json()) as { status: string; data: T; error?: string }
    if (body.status !== 'success') throw new Error(`${this.name}, ${path}: ${body.error}`)
    return body.data
  }
}

export class Prometheus extends Store {
  /** `files` by name: `prometheus.yml`, and what that names. `lookbackMs`: how long a series without samples is there. */
  static async start(
    { programs, program, folder, address }: StoreOptions,
    files: Readonly<Record<string, string>>,
    lookbackMs: number,
    more: readonly string[] = [],
  ): Promise<Prometheus> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const started = programs.start('Prometheus', [
      program,
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=${address}`,
      '--web.enable-remote-write-receiver',
      `--query.lookback-delta=${lookbackMs}ms`,
      // Debian's own defaults name folders that only its installed package has.
      `--web.console.templates=${folder}`,
      `--web.console.libraries=${folder}`,
      ...more,
    ])
    const prometheus = new Prometheus(started, address)
    await prometheus.ready('/-/ready')
    return prometheus
  }

  async alerts(name: string): Promise<Alert[]> {
    const { alerts } = await this.ask<{ alerts: Alert[] }>('/api/v1/alerts')
    return alerts.filter(({ labels }) => labels.alertname === name)
  }
}

export class VictoriaMetrics extends Store {
  static async start({ programs, program, folder, address }: StoreOptions): Promise<VictoriaMetrics> {
    const data = join(folder, 'victoria-metrics')
    await mkdir(data)
    // It answers with what it has, and not with what is half a minute old.
    const started = programs.start('VictoriaMetrics', [
      program,
      `-httpListenAddr=${address}`,
      `-storageDataPath=${data}`,
      '-search.latencyOffset=0s',
      '-loggerLevel=WARN',
    ])
    const victoria = new VictoriaMetrics(started, address)
    await victoria.ready('/health')
    return victoria
  }
}

/** vmagent, which takes OTLP and writes it to Prometheus: Debian's Prometheus is built without OTLP. */
export class Agent extends Daemon {
  static async start(
    { programs, program, folder, address }: StoreOptions,
    prometheus: string,
  ): Promise<Agent> {
    const started = programs.start('vmagent', [
      program,
      `-httpListenAddr=${address}`,
      `-remoteWrite.url=${prometheus}/api/v1/write`,
      '-remoteWrite.forcePromProto=true',
      `-remoteWrite.relabelConfig=${docs}/fleet/vmagent-relabel.yml`,
      `-remoteWrite.tmpDataPath=${join(folder, 'vmagent')}`,
      '-loggerLevel=WARN',
    ])
    const agent = new Agent(started, address)
    await agent.ready('/health')
    return agent
  }

  /** Where OTLP is pushed to. */
  get otlp(): string {
    return `${this.url}/opentelemetry/v1/metrics`
  }
}
