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

/** One series of a query over a range of time. */
export interface Line {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, string])[]
}

/** A part of a query, with other parts in its further fields. */
export interface Expression {
  readonly type: string
  readonly op?: string
  readonly name?: string
  readonly func?: { readonly name: string }
  readonly matchers?: readonly { readonly name: string; readonly type: string; readonly value: string }[]
}

export interface Rule {
  readonly type: 'alerting' | 'recording'
  readonly name: string
  readonly query: string
  readonly health: string
  readonly lastError?: string
  /** Of an alert. */
  readonly state?: string
  readonly alerts?: readonly {
    readonly state: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }[]
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

  static start(
    t: Test,
    program: string,
    jobs: readonly Job[],
    features: readonly string[] = [],
  ): Promise<PrometheusServer> {
    // JSON is YAML too.
    const config = JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: jobs.map(scrapeConfig),
    })
    return PrometheusServer.startWith(t, program, { 'prometheus.yml': config }, features)
  }

  /** One that scrapes nothing, and takes remote write. */
  static receiving(t: Test, program: string, features: readonly string[] = []): Promise<PrometheusServer> {
    const flags = ['--web.enable-remote-write-receiver']
    return PrometheusServer.startWith(t, program, { 'prometheus.yml': '{}' }, features, flags)
  }

  /** With files of its own: `prometheus.yml`, and what that names, by name. */
  static async startWith(
    t: Test,
    program: string,
    files: Readonly<Record<'prometheus.yml', string>> & Readonly<Record<string, string>>,
    features: readonly string[] = [],
    flags: readonly string[] = [],
  ): Promise<PrometheusServer> {
    const args = (address: string, folder: string) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      // Debian's own defaults name folders that only its installed package has.
      `--web.console.templates=${folder}`,
      `--web.console.libraries=${folder}`,
      `--enable-feature=${features.join(',')}`,
      ...flags,
    ]
    const prepare = async (folder: string) => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    }
    return new PrometheusServer(await Daemon.start(t, program, args, prepare))
  }

  get url(): string {
    return this.#daemon.url
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

  /** What a query answers at each step; times are in seconds. */
  async range(query: string, start: number, end: number, step: number): Promise<Line[]> {
    const asked = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${step}` })
    return (await this.#api<{ result: Line[] }>(`/api/v1/query_range?${asked}`)).result
  }

  /** The values of a label, of the series that a selector has. */
  labelValues(label: string, selector: string): Promise<string[]> {
    return this.#api(`/api/v1/label/${label}/values?match[]=${encodeURIComponent(selector)}`)
  }

  /** A query as Prometheus understands it. */
  parse(query: string): Promise<Expression> {
    return this.#api(`/api/v1/parse_query?query=${encodeURIComponent(query)}`)
  }

  async rules(): Promise<Rule[]> {
    const { groups } = await this.#api<{ groups: { rules: Rule[] }[] }>('/api/v1/rules')
    return groups.flatMap(({ rules }) => rules)
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

  until<T>(what: string, ask: () => Promise<T | undefined>, most?: number): Promise<T> {
    return this.#daemon.until(what, ask, most)
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
