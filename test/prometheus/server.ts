import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Daemon } from '../support/daemon.js'

/** One scrape job: a name, and where and how to scrape. */
export interface Job {
  readonly name: string
  readonly url: string
  readonly prefix?: string
  /** Asked for by name: see `?format=`. */
  readonly format?: string
}

export interface Target {
  readonly health: string
  readonly lastError: string
  readonly labels: Record<string, string>
}

/** One series of an instant query: a number, or a native histogram. */
export interface Answer {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly histogram?: readonly [
    number,
    {
      readonly count: string
      readonly sum: string
      /** Which ends belong to it, lower and upper bound, and count. */
      readonly buckets?: readonly (readonly [number, string, string, string])[]
    },
  ]
}

export interface Metadata {
  readonly metric: string
  readonly type: string
  readonly help: string
  readonly unit: string
}

export interface ExemplarsOf {
  readonly seriesLabels: Readonly<Record<string, string>>
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly value: string
    readonly timestamp: number
  }[]
}

/** A real Prometheus on loopback that scrapes its jobs every second. */
export class PrometheusServer {
  readonly #daemon: Daemon

  private constructor(daemon: Daemon) {
    this.#daemon = daemon
  }

  static async start(
    t: Test,
    program: string,
    jobs: readonly Job[],
    features: readonly string[] = [],
  ): Promise<PrometheusServer> {
    const args = (address: string, folder: string) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      // Debian's own defaults name folders that only its installed package has.
      `--web.console.templates=${folder}`,
      `--web.console.libraries=${folder}`,
      `--enable-feature=${features.join(',')}`,
    ]
    // JSON is YAML too.
    const config = JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: jobs.map(scrapeConfig),
    })
    const prepare = (folder: string) => writeFile(join(folder, 'prometheus.yml'), config)
    return new PrometheusServer(await Daemon.start(t, program, args, prepare))
  }

  /** The targets it scrapes, as it sees them now. */
  async targets(): Promise<Target[]> {
    return (await this.#api<{ activeTargets: Target[] }>('/api/v1/targets')).activeTargets
  }

  /** When all of its targets were scraped well, and what was scraped is there. A slow machine may need a second scrape. */
  async up(targets: number): Promise<void> {
    let errors = ''
    const ask = async () => {
      const seen = await this.targets()
      errors = seen.map(({ labels, lastError }) => `${labels.job}: ${lastError || 'no error'}`).join('\n')
      const up = seen.filter(({ health }) => health === 'up').length
      return up === targets && (await this.value('sum(up)')) === targets ? true : undefined
    }
    await this.until(`${targets} targets are up`, ask).catch(error => {
      throw new Error(`${errors}\n${error.message}`)
    })
  }

  /** What an instant query answers: undefined if nothing. */
  async value(query: string): Promise<number | undefined> {
    const [first] = await this.query(query)
    return first?.value === undefined ? undefined : Number(first.value[1])
  }

  /** All that an instant query answers. */
  async query(query: string): Promise<Answer[]> {
    const answer = await this.#api<{ result: Answer[] }>(`/api/v1/query?query=${encodeURIComponent(query)}`)
    return answer.result
  }

  metadata(job: string): Promise<Metadata[]> {
    return this.#api(`/api/v1/targets/metadata?match_target=${encodeURIComponent(`{job="${job}"}`)}`)
  }

  /** Of the last hour. */
  exemplars(query: string): Promise<ExemplarsOf[]> {
    const now = Date.now() / 1000
    return this.#api(
      `/api/v1/query_exemplars?query=${encodeURIComponent(query)}&start=${now - 3600}&end=${now + 60}`,
    )
  }

  until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    return this.#daemon.until(what, ask)
  }

  async #api<T>(path: string): Promise<T> {
    const response = await fetch(this.#daemon.url + path)
    const body = (await response.json()) as {
      status: string
      data: T
      error?: string
    }
    if (body.status !== 'success') throw new Error(`prometheus, ${path}: ${body.error}`)
    return body.data
  }
}

export function scrapeConfig(job: Job): object {
  const { host, pathname } = new URL(job.url)
  return {
    job_name: job.name,
    metrics_path: pathname,
    params: {
      ...(job.prefix === undefined ? {} : { prefix: [job.prefix] }),
      ...(job.format === undefined ? {} : { format: [job.format] }),
    },
    static_configs: [{ targets: [host] }],
  }
}
