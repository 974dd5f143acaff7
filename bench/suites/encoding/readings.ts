/** What a program waits for that reads its own registry, or serves it from its own server. */
import { createServer } from 'node:http'
import { Duplex } from 'node:stream'
import { metricsHandler, type Registry } from '../../../src/index.js'

/** Each reads the whole exposition as text, and gives the bytes of it. */
export const READINGS: Readonly<Record<string, (registry: Registry) => () => Promise<number>>> = {
  'registry.stream()': registry => async () => {
    let bytes = 0
    for await (const chunk of registry.stream()) bytes += chunk.length
    return bytes
  },
  'registry.metrics()': registry => async () => (await registry.metrics()).length,
  'metricsHandler()': registry => {
    const connection = new Swallowing()
    createServer(metricsHandler(registry)).emit('connection', connection)
    return () => connection.get('/metrics')
  },
}

const END = '0\r\n\r\n'

/** A connection whose peer takes all at once, so that neither a socket nor a client is measured. */
class Swallowing extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  #bytes = 0
  #tail = ''
  #answered: (bytes: number) => void = () => {}

  get(path: string): Promise<number> {
    this.#bytes = 0
    return new Promise(resolve => {
      this.#answered = resolve
      this.push(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    })
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, taken: () => void): void {
    this.#take(chunk)
    taken()
  }

  override _writev(chunks: { chunk: Uint8Array }[], taken: () => void): void {
    for (const { chunk } of chunks) this.#take(chunk)
    taken()
  }

  #take(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    this.#tail = (this.#tail + Buffer.from(chunk.slice(-END.length)).toString('latin1')).slice(-END.length)
    if (this.#tail === END) this.#answered(this.#bytes)
  }
}

// What node:http asks of a socket, and a Duplex does not have.
for (const name of ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref'])
  Object.defineProperty(Swallowing.prototype, name, { value: () => {} })
