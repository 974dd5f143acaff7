/** A front that says what a test wants it to: its own clock, values that move with each answer, failures, silence. */
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import {
  type Answer,
  type Family,
  MOST_LINES,
  MOST_PANELS,
  type PanelAnswer,
  type Value,
} from '../../src/front/contract/dashboard.js'

const page = new URL('../../page/', import.meta.url)
const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
} as const
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

/** A family, and what each of its labels' values has at the nth answer. */
export interface Played extends Family {
  readonly total: (n: number) => Value
  readonly by?: Readonly<Record<string, (n: number) => ReadonlyMap<string, Value>>>
}

/** In the place of an answer; of plain text unless it says otherwise. */
interface Failure {
  readonly status: number
  readonly text: string
  readonly type?: string
}

export class StandIn extends EventEmitter<{ request: [path: string]; data: [panels: string[]] }> {
  /** Sent with each answer, in ms. */
  every = 80
  /** By which its clock goes on from answer to answer, in ms. */
  step = 2000
  /** Answered to questions for data in the place of data; `silence` answers nothing. */
  failure: Failure | 'silence' | undefined
  /** The same for the list of families. */
  listFailure: Failure | undefined
  /** Of all requests, in their order. */
  readonly requests: string[] = []
  /** Answers so far. */
  answers = 0
  time = Date.UTC(2026, 0, 1, 12)
  /** When it was started, by its clock. */
  started = 0
  readonly #server: Server
  readonly #prefix: string
  families: readonly Played[]

  private constructor(families: readonly Played[], prefix: string) {
    super()
    this.families = families
    this.#prefix = prefix
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  /** @param prefix as a proxy puts before it. */
  static async start(t: Pick<Test, 'teardown'>, families: readonly Played[], prefix = ''): Promise<StandIn> {
    const one = new StandIn(families, prefix)
    await one.open()
    t.teardown(() => one.close())
    return one
  }

  #port = 0

  async open(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Nobody listens any more; `open` listens again, at the same port. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${this.#prefix}/dashboard`
  }

  /** Resolves when data was asked for so many times more. */
  async asked(times = 1): Promise<string[]> {
    let panels: string[] = []
    for (let n = 0; n < times; n++) [panels] = (await once(this, 'data')) as [string[]]
    return panels
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://stand-in')
    this.requests.push(url.pathname + url.search)
    const path = url.pathname.startsWith(this.#prefix) ? url.pathname.slice(this.#prefix.length) : ''
    const json = (body: unknown) => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(JSON.stringify(body))
    }
    const file = path === '/dashboard' ? 'index.html' : path.replace('/dashboard/', '')
    if (file in TYPES) {
      const type = TYPES[file as keyof typeof TYPES]
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY })
      response.end(readFileSync(new URL(file, page)))
    } else if (path === '/dashboard/families.json') {
      if (this.listFailure === undefined)
        json({ families: this.families.map(({ total, by, ...family }) => family) })
      else fail(response, this.listFailure)
    } else if (path === '/dashboard/data.json') {
      const panels = url.searchParams.getAll('panel')
      this.#answerData(panels, response, json)
      this.emit('data', panels)
    } else {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page\n')
    }
    this.emit('request', path)
  }

  #answerData(panels: readonly string[], response: ServerResponse, json: (body: Answer) => void): void {
    if (this.failure === 'silence') return
    if (this.failure !== undefined) {
      fail(response, this.failure)
      return
    }
    if (panels.length > MOST_PANELS) {
      response.writeHead(400, { 'content-type': 'text/plain' }).end('too many panels\n')
      return
    }
    this.answers++
    this.time += this.step
    json({
      time: this.time,
      started: this.started,
      every: this.every,
      panels: panels.map(panel => this.#panel(panel)),
    })
  }

  #panel(panel: string): PanelAnswer {
    const [name, by] = panel.split('/', 2) as [string, string?]
    const family = this.families.find(one => one.name === name)
    if (family === undefined) return { name, problem: 'unknown' }
    const { type, series } = family
    const total = family.total(this.answers)
    const lines = [...(by === undefined ? [] : (family.by?.[by]?.(this.answers) ?? []))]
      .sort(([, a], [, b]) => sizeOf(b) - sizeOf(a))
      .map(([label, value]) => ({ label, series: 1, value }))
    const named = lines.slice(0, MOST_LINES)
    const rest = lines.slice(MOST_LINES)
    return {
      ...{ name, type, series, total, lines: named },
      ...(by !== undefined && { by }),
      ...(rest.length > 0 && {
        others: { series: rest.length, value: rest.reduce((sum, { value }) => sum + sizeOf(value), 0) },
      }),
    }
  }
}

function fail(response: ServerResponse, { status, text, type = 'text/plain' }: Failure): void {
  response.writeHead(status, { 'content-type': type }).end(text)
}

function sizeOf(value: Value): number {
  return typeof value === 'number' ? value : (value?.count ?? 0)
}
