import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'

/** One scrape job: a name, and where and how to scrape. */
export interface Job {
  readonly name: string
  readonly url: string
  readonly prefix?: string
}

export interface Target {
  readonly health: string
  readonly lastError: string
  readonly labels: Record<string, string>
}

/** A real Prometheus on loopback that scrapes its jobs every second; ended and its data removed after the test. */
export class PrometheusServer {
  readonly #base: string
  readonly #said: () => string

  private constructor(base: string, said: () => string) {
    this.#base = base
    this.#said = said
  }

  static async start(t: Test, program: string, jobs: readonly Job[]): Promise<PrometheusServer> {
    const folder = await mkdtemp(join(tmpdir(), 'postmeter-prometheus-'))
    const config = join(folder, 'prometheus.yml')
    // JSON is YAML too.
    await writeFile(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: jobs.map(scrapeConfig),
      }),
    )
    const address = `127.0.0.1:${await freePort()}`
    const child = spawn(
      program,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        // Debian's own defaults name folders that only its installed package has.
        `--web.console.templates=${folder}`,
        `--web.console.libraries=${folder}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let said = ''
    child.stderr.setEncoding('utf8').on('data', part => {
      said += part
    })
    const exited = once(child, 'exit')
    t.teardown(async () => {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    })
    const server = new PrometheusServer(`http://${address}`, () => said.slice(-4000))
    await server.until('it is ready', async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}: ${said}`)
      const response = await fetch(`${server.#base}/-/ready`).catch(() => undefined)
      return response?.ok || undefined
    })
    return server
  }

  /** The targets it scrapes, as it sees them now. */
  async targets(): Promise<Target[]> {
    return (await this.#api<{ activeTargets: Target[] }>('/api/v1/targets')).activeTargets
  }

  /** What an instant query answers: undefined if nothing. */
  async value(query: string): Promise<number | undefined> {
    const { result } = await this.#api<{
      result: { value: [number, string] }[]
    }>(`/api/v1/query?query=${encodeURIComponent(query)}`)
    return result[0] === undefined ? undefined : Number(result[0].value[1])
  }

  /** Asks until there is an answer, at most 30 s; Prometheus has no event to wait for. */
  async until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const limit = performance.now() + 30_000
    for (;;) {
      const answer = await ask()
      if (answer !== undefined) return answer
      if (performance.now() > limit) throw new Error(`prometheus: not within 30 s: ${what}\n${this.#said()}`)
      await wait(100)
    }
  }

  async #api<T>(path: string): Promise<T> {
    const response = await fetch(this.#base + path)
    const body = (await response.json()) as {
      status: string
      data: T
      error?: string
    }
    if (body.status !== 'success') throw new Error(`prometheus, ${path}: ${body.error}`)
    return body.data
  }
}

function scrapeConfig(job: Job): object {
  const { host, pathname } = new URL(job.url)
  return {
    job_name: job.name,
    metrics_path: pathname,
    ...(job.prefix === undefined ? {} : { params: { prefix: [job.prefix] } }),
    static_configs: [{ targets: [host] }],
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
