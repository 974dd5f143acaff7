import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Choice } from '../../src/front/transports/choose.js'
import { isBefore } from '../../src/front/transports/versions.js'

/**
 * What later releases of uWebSockets.js (not 20.30) answer by themselves to what they take to be no request, before they
 * end the connection. It is not handed over to the front.
 */
export const BY_ITSELF =
  /HTTP\/1\.1 (?:400|431|505) [^\r]*\r\nConnection: close\r\n\r\n<h1>.*<hr><i>uWebSockets\/20 Server<\/i>$/

/** Whether it is a release of uWebSockets.js that does so. */
export function isLater(choice: Choice): boolean {
  return choice.transport === 'uws' && !isBefore(choice.release, '20.53')
}

/** One answer off a raw socket. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** A connection that sends bytes as they are, and reads answers as strictly as it must. */
export class Raw {
  readonly socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', data => {
      this.#buffer = Buffer.concat([this.#buffer, data])
      this.#wake?.()
    })
    const end = () => {
      this.#ended = true
      this.#wake?.()
    }
    socket.on('end', end)
    socket.on('error', end)
    socket.on('close', end)
  }

  static async open(port: number, host = '127.0.0.1', localAddress?: string): Promise<Raw> {
    const socket = connect({
      port,
      host,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    await once(socket, 'connect')
    return new Raw(socket)
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Reads one answer; `head` says that it has no body whatever its headers promise. */
  async answer(head = false): Promise<RawAnswer> {
    const top = (await this.#until('\r\n\r\n')).toString('latin1')
    const [first, ...lines] = top.slice(0, -4).split('\r\n')
    const headers = new Map(
      lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    )
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first!)?.[1])
    if (head) return { status, headers, body: Buffer.alloc(0) }
    if (headers.get('transfer-encoding') !== 'chunked') {
      if (!headers.has('content-length')) return { status, headers, body: await this.rest() }
      return {
        status,
        headers,
        body: await this.#take(Number(headers.get('content-length'))),
      }
    }
    const parts: Buffer[] = []
    for (;;) {
      const size = Number.parseInt((await this.#until('\r\n')).toString('latin1'), 16)
      parts.push(await this.#take(size))
      await this.#until('\r\n')
      if (size === 0) return { status, headers, body: Buffer.concat(parts) }
    }
  }

  /** Everything until the other side closes. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#more()
    return this.#buffer
  }

  get buffered(): number {
    return this.#buffer.length
  }

  close(): void {
    this.socket.destroy()
  }

  async #until(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(mark)
      if (at >= 0) return this.#take(at + mark.length)
      if (this.#ended)
        throw new Error(`closed before ${JSON.stringify(mark)}, after ${this.#buffer.length} bytes`)
      await this.#more()
    }
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#buffer.length < length) {
      if (this.#ended) throw new Error(`closed after ${this.#buffer.length} of ${length} bytes`)
      await this.#more()
    }
    const taken = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    return taken
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}

/** A GET of this target with these further header lines. */
export function get(target: string, ...headers: string[]): string {
  return `GET ${target} HTTP/1.1\r\nHost: test\r\n${headers.map(header => `${header}\r\n`).join('')}\r\n`
}

/** Resolves once `ready` holds, looking after every turn of the event loop; rejects after 10 s. */
export async function until(what: string, ready: () => boolean): Promise<void> {
  const limit = performance.now() + 10_000
  while (!ready()) {
    if (performance.now() > limit) throw new Error(`waited 10 s for: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
