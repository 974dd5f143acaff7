/** The front's own thread: no event loop of the application stands between a reader and the figures. */
import { parentPort, workerData } from 'node:worker_threads'
import { plainError } from '../../common/errors.js'
import type { LogEvent } from '../../common/log.js'
import type { Scraper } from '../../exposition/types.js'
import type { RegistryHandle } from '../../memory/handle.js'
import { allowedHostsOf } from '../request/options.js'
import { DEFAULT_PATH } from '../request/request.js'
import { TrustedHosts } from '../request/trusted-hosts.js'
import type { Recorder } from '../scrapes/recorder.js'
import { RequestHandler } from '../scrapes/request-handler.js'
import type { Transport, TransportSettings } from '../transports/transport.js'
import type { FromFront, FrontData, ToFront } from './protocol.js'

/** How long the scraper may take to end its pool, in ms. */
const SCRAPER_GRACE = 1000

const data = workerData as FrontData
const port = parentPort!
const ended = new Int32Array(data.ended)
let transport: Transport | undefined
let scraper: Scraper | undefined
let handler: RequestHandler | undefined
const leaving = new AbortController()

const tell = (message: FromFront) => port.postMessage(message)
const log = (event: LogEvent) => tell({ type: 'log', event })

// Whatever happens, uWebSockets.js must have nothing open when the thread ends, or the process is aborted.
process.on('uncaughtException', error => {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  letGo()
  tell({ type: 'failed', why })
  process.exit(1)
})

port.on('message', (message: ToFront) => {
  if (message.type === 'exit') letGo()
  else if (message.type === 'close') void close()
  else {
    // A thread that has not begun to listen was started with a list, which this one follows.
    void started.then(() => {
      handler?.trust(new TrustedHosts(message.hosts))
      tell({ type: 'trusting', number: message.number })
    })
  }
})

const started = start()
try {
  await started
} catch (error) {
  letGo()
  const { message, code } = error as NodeJS.ErrnoException
  tell({ type: 'refused', message, ...(code === undefined ? {} : { code }) })
  process.exit(1)
}

async function start(): Promise<void> {
  const { createScraper, createRecorder } = (await import(data.scraperModule)) as {
    createScraper(handle: RegistryHandle): Scraper
    createRecorder?(handle: RegistryHandle): Recorder
  }
  if (leaving.signal.aborted) return
  scraper = createScraper(data.handle)
  scraper.startSweeping(log)
  const { trustedHosts, allowedHosts, offered, gzip, ...answerSettings } = data.answerSettings
  const recorder = recorderOf(createRecorder)
  handler = new RequestHandler({
    ...answerSettings,
    ...data.limits,
    scraper,
    rules: {
      trusted: new TrustedHosts(trustedHosts),
      allowedHosts: allowedHostsOf(allowedHosts),
      path: DEFAULT_PATH,
      landing: true,
      offered,
      gzip,
    },
    log,
    stallTimeout: data.stallTimeout,
    maxWait: data.maxWait,
    local: data.listen.family === 'unix',
    ...(recorder === undefined ? {} : { recorder }),
  })
  const settings: TransportSettings = {
    listen: data.listen,
    handler,
    stallTimeout: data.httpStallTimeout,
    socketMode: data.socketMode,
    tls: data.tls,
    log,
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

/** Counting must not keep a front from serving: default labels of the same names do not go with its own. */
function recorderOf(create: ((handle: RegistryHandle) => Recorder) | undefined): Recorder | undefined {
  if (!data.answerSettings.selfMetrics) return undefined
  try {
    return create?.(data.handle)
  } catch (error) {
    log({
      level: 'warn',
      code: 'front-uncounted',
      message: `the front does not count what it does: ${(error as Error).message}`,
    })
    return undefined
  }
}

/** Only the transport that is used is loaded. */
async function listen(settings: TransportSettings): Promise<Transport> {
  if (data.choice.transport === 'uws') {
    const { listenUws, loadUws } = await import('../transports/transport-uws.js')
    let uws: ReturnType<typeof loadUws> | undefined
    try {
      uws = loadUws(data.choice.native)
    } catch (error) {
      const why = `uWebSockets.js cannot be loaded: ${(error as Error).message}`
      if (!data.fallBack)
        throw plainError('ERR_POSTMETER_OPTION', `option "transport": "uws" is impossible here: ${why}`)
      log({
        level: 'info',
        code: 'front-transport',
        message: `the front uses node:http: ${why}`,
      })
    }
    if (uws !== undefined) return listenUws(settings, uws)
  }
  const { listenHttp } = await import('../transports/transport-http.js')
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
