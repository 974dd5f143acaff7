import { get } from 'node:http'

/** What a client saw. */
export interface Client {
  readonly name: string
  answered: number
  /** Requests that got no answer: only the server knows whether it had counted them. */
  failed: number
}

/** As clients have it: a connection that was being handed to a process as that ended is neither answered nor closed. */
const PATIENCE_MS = 3_000

/** Clients that ask one time after the other, each time on a connection of its own. */
export class HttpLoad {
  readonly clients: readonly Client[]
  /** Processes that have answered, and the last that said that it serves the metrics. */
  readonly pids = new Set<number>()
  serving = 0
  readonly #running: Promise<void>[]
  #stopped = false

  constructor(port: number, clients: number) {
    this.clients = Array.from({ length: clients }, (_, n) => ({ name: `c${n}`, answered: 0, failed: 0 }))
    this.#running = this.clients.map(async client => {
      while (!this.#stopped) {
        const answer = await ask(port, client.name)
        if (answer === undefined) {
          client.failed++
          continue
        }
        client.answered++
        this.pids.add(answer.pid)
        if (answer.serves) this.serving = answer.pid
      }
    })
  }

  get answered(): number {
    return this.clients.reduce((sum, { answered }) => sum + answered, 0)
  }

  /** Resolves when so many more requests are answered. */
  async more(requests: number): Promise<void> {
    for (const wanted = this.answered + requests; this.answered < wanted; )
      await new Promise(resolve => setImmediate(resolve))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }
}

/** Which process answered; undefined if none did. */
function ask(port: number, client: string): Promise<{ pid: number; serves: boolean } | undefined> {
  return new Promise(resolve => {
    const headers = { 'x-client': client }
    const options = { host: '127.0.0.1', port, agent: false, headers, timeout: PATIENCE_MS }
    const request = get(options, response => {
      let body = ''
      response.setEncoding('utf8').on('data', part => {
        body += part
      })
      response.on('end', () => resolve(JSON.parse(body)))
      response.on('error', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', () => resolve(undefined))
  })
}
