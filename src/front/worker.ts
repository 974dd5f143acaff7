/** The front's own thread: no event loop of the application stands between a reader and the figures. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Scraper } from '../encode/types.js'
import type { RegistryHandle } from '../memory/handle.js'
import type { FromFront, FrontData, ToFront } from './protocol.js'
import type { Transport, TransportSettings } from './transport.js'
import { TrustedHosts } from './trusted-hosts.js'

/** How long the scraper may take to end its pool, in ms. */
const SCRAPER_GRACE = 1000

const data = workerData as FrontData
const port = parentPort!
const ended = new Int32Array(data.ended)
let transport: Transport | undefined
let scraper: Scraper | undefined
const leaving = new AbortController()

const tell = (message: FromFront) => port.postMessage(message)

// Whatever happens, uWebSockets.js must have nothing open when the thread ends, or the process is aborted.
process.on('uncaughtException', error => {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  letGo()
  tell({ type: 'failed', why })
  process.exit(1)
})

port.on('message', (message: ToFront) => {
  if (message.type === 'exit') letGo()
  else void close()
})

try {
  await start()
} catch (error) {
  letGo()
  const { message, code } = error as NodeJS.ErrnoException
  tell({ type: 'refused', message, ...(code === undefined ? {} : { code }) })
  process.exit(1)
}

async function start(): Promise<void> {
  const { createScraper } = (await import(data.scraperModule)) as {
    createScraper(handle: RegistryHandle): Scraper
  }
  if (leaving.signal.aborted) return
  scraper = createScraper(data.handle)
  scraper.startSweeping()
  const settings: TransportSettings = {
    listen: data.listen,
    trusted: new TrustedHosts(data.trustedHosts),
    scraper,
    selfMetrics: data.selfMetrics,
    log: event => tell({ type: 'log', event }),
    stallTimeout: data.stallTimeout,
    signal: leaving.signal,
  }
  const listening = await listen(settings)
  if (leaving.signal.aborted) {
    listening.destroy()
    return
  }
  transport = listening
  tell({
    type: 'listening',
    address: transport.address,
    transport: transport.name,
  })
}

/** Only the transport that is used is loaded. */
async function listen(settings: TransportSettings): Promise<Transport> {
  if (data.choice.transport === 'uws') {
    const { listenUws, loadUws } = await import('./transport-uws.js')
    let uws: ReturnType<typeof loadUws> | undefined
    try {
      uws = loadUws(data.choice.native)
    } catch (error) {
      const why = `uWebSockets.js cannot be loaded: ${(error as Error).message}`
      if (!data.fallBack) throw new Error(`option "transport": "uws" is impossible here: ${why}`)
      settings.log({
        level: 'info',
        code: 'front-transport',
        message: `the front uses node:http: ${why}`,
      })
    }
    if (uws !== undefined) return listenUws(settings, uws)
  }
  const { listenHttp } = await import('./transport-http.js')
  return listenHttp(settings)
}

async function close(): Promise<void> {
  leaving.abort()
  await transport?.close(data.grace)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, SCRAPER_GRACE)
  })
  await Promise.race([scraper?.close(), late])
  clearTimeout(timer)
  letGo()
  process.exit(0)
}

/** Synchronous: the main thread may be waiting, and this thread about to end. */
function letGo(): void {
  leaving.abort()
  transport?.destroy()
  transport = undefined
  Atomics.store(ended, 0, 1)
  Atomics.notify(ended, 0)
}
