/** A receiver of remote write 1.0, and pushes to it. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uncompress } from 'snappyjs'
import type { Test } from 'tap'
import type { LogEvent } from '../../../src/common/log.js'
import { type PushOptions, pushWith } from '../../../src/push/push.js'
import type { Servable } from '../../../src/registry/servable.js'
import { until } from '../../support/until.js'
import { bytesOf } from '../delivery/receiver.js'
import { readFirst, type Sent } from '../readers/remote-write.js'

type Answer = (response: ServerResponse, request: IncomingMessage, series: readonly Sent[]) => void

export function keyOf({ labels }: Sent): string {
  const name = labels.find(([label]) => label === '__name__')?.[1]
  const rest = labels.filter(([label]) => label !== '__name__').map(([label, value]) => `${label}="${value}"`)
  return rest.length === 0 ? `${name}` : `${name}{${rest}}`
}

export class Taker {
  /** What each request that was taken had. */
  readonly taken: (readonly Sent[])[] = []
  /** All that came. */
  came = 0
  answer: Answer | undefined
  readonly #values = new Map<string, number | undefined>()
  #port = 0
  #server: Server | undefined

  static async start(t: Pick<Test, 'teardown'>, answer?: Answer): Promise<Taker> {
    const taker = new Taker()
    taker.answer = answer
    await taker.listen()
    t.teardown(() => taker.die())
    return taker
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/api/v1/write`
  }

  /** Again at the same port, if it did before. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#take(request, response))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async die(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  /** The value of a series that it was told last; undefined if none, or that it is gone. */
  value(key: string): number | undefined {
    return this.#values.get(key)
  }

  /** Resolves when it was told so. */
  async has(key: string, value: number | undefined): Promise<void> {
    await until(`${key} is ${value}`, () => this.value(key) === value)
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request).catch(() => undefined)
    if (body === undefined) return
    this.came++
    const { series } = readFirst(uncompress(body))
    const take = () => {
      this.taken.push(series)
      for (const one of series) this.#values.set(keyOf(one), Number.isNaN(one.value) ? undefined : one.value)
    }
    response.once('finish', () => response.statusCode < 300 && take())
    if (this.answer === undefined) response.writeHead(204).end()
    else this.answer(response, request, series)
  }
}

/** A push by remote write, and what it says; closed when the test ends. */
export async function pushing(
  t: Pick<Test, 'teardown'>,
  registry: Servable,
  url: string,
  options: Partial<PushOptions> = {},
) {
  const events: LogEvent[] = []
  const log = (event: LogEvent) => void events.push(event)
  const all = { url, protocol: 'remote-write', selfMetrics: false, timeout: 5000, log, ...options } as const
  const push = await pushWith(registry, all, { backoff: [10, 100] })
  t.teardown(() => push.close())
  return { push, events, codes: () => events.map(({ code }) => code) }
}
