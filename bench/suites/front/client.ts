/** Clients of a front: good ones on kept connections, and hostile ones. */
import { connect, type Socket } from 'node:net'
import { burn } from '../../harness/burn.js'
import { answerQuestions } from '../../harness/child.js'

export type Load =
  /** As many small scrapes as go; answers how many a second. */
  | { readonly kind: 'most'; readonly url: string; readonly connections: number; readonly seconds: number }
  /** On a schedule; answers the ms that each took from when it was due. */
  | { readonly kind: 'paced'; readonly url: string; readonly perSecond: number; readonly seconds: number }
  /** So many readers who ask and then take nothing; who is cut comes again after a second. */
  | { readonly kind: 'stall'; readonly url: string; readonly count: number }
  /** Requests of an address that may not read, as many as go. */
  | { readonly kind: 'flood'; readonly url: string; readonly connections: number }
  /** Nothing but a busy processor. */
  | { readonly kind: 'burn'; readonly seconds: number }

answerQuestions<Load>('ready', load => {
  if (load.kind === 'most') return most(load)
  if (load.kind === 'paced') return paced(load)
  if (load.kind === 'stall') for (let at = 0; at < load.count; at++) stall(new URL(load.url))
  else if (load.kind === 'flood') for (let at = 0; at < load.connections; at++) flood(new URL(load.url))
  else setTimeout(burn, 10, load.seconds * 1000)
  return true
})

const request = (url: URL) => Buffer.from(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)

/** One request after the other on one connection; `answered` is called for each. */
class Kept {
  readonly #socket: Socket
  readonly #request: Buffer
  /** Called when an answer is whole. */
  answered: () => void = () => {}
  /** Bytes of the answer still to come; -1 in its headers. */
  #left = -1
  #head = ''

  constructor(url: URL) {
    this.#request = request(url)
    this.#socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true })
    this.#socket.on('data', data => this.#take(data))
    this.#socket.on('error', error => {
      throw error
    })
  }

  ask(): void {
    this.#socket.write(this.#request)
  }

  end(): void {
    this.#socket.destroy()
  }

  #take(data: Buffer): void {
    let at = 0
    while (at < data.length) {
      if (this.#left < 0) {
        this.#head += data.toString('latin1', at)
        const end = this.#head.indexOf('\r\n\r\n')
        if (end < 0) return
        at = data.length - (this.#head.length - end - 4)
        const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head)
        if (!this.#head.startsWith('HTTP/1.1 200') || length === null)
          throw new Error(this.#head.slice(0, 100))
        this.#left = Number(length[1])
        this.#head = ''
      }
      const took = Math.min(this.#left, data.length - at)
      this.#left -= took
      at += took
      if (this.#left > 0) return
      this.#left = -1
      this.answered()
    }
  }
}

async function most({ url, connections, seconds }: Extract<Load, { kind: 'most' }>): Promise<number> {
  let count = 0
  const all = Array.from({ length: connections }, () => {
    const kept = new Kept(new URL(url))
    kept.answered = () => {
      count++
      kept.ask()
    }
    kept.ask()
    return kept
  })
  const start = performance.now()
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const took = performance.now() - start
  for (const kept of all) kept.end()
  return (count / took) * 1000
}

/** Lateness counts as latency: a request is due when the schedule says so, whatever became of those before it. */
async function paced({ url, perSecond, seconds }: Extract<Load, { kind: 'paced' }>): Promise<number[]> {
  const took: number[] = []
  const free: Kept[] = []
  const total = perSecond * seconds
  return new Promise(resolve => {
    const begin = performance.now() + 50
    let asked = 0
    const due = (n: number) => begin + (n * 1000) / perSecond
    const timer = setInterval(() => {
      const now = performance.now()
      while (asked < total && due(asked) <= now) {
        const at = due(asked++)
        const kept = free.pop() ?? new Kept(new URL(url))
        kept.answered = () => {
          took.push(performance.now() - at)
          free.push(kept)
          if (took.length < total) return
          clearInterval(timer)
          for (const one of free) one.end()
          resolve(took)
        }
        kept.ask()
      }
    }, 1)
  })
}

function stall(url: URL): void {
  const again = () => setTimeout(stall, 1000, url)
  const socket = connect({ port: Number(url.port), host: url.hostname }, () => {
    socket.write(request(url))
    socket.pause()
  })
  socket.on('error', () => {})
  socket.once('close', again)
}

function flood(url: URL): void {
  const socket = connect({ port: Number(url.port), host: url.hostname, localAddress: '127.0.0.2' }, () => {
    socket.write(request(url))
  })
  socket.resume()
  socket.on('error', () => {})
  socket.once('close', () => setImmediate(flood, url))
}
