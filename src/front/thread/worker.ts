/** The front's own thread: readers get the figures even while the event loops of the program are blocked. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { plainError, thrown } from '../../common/errors.js'
import type { Log, LogEvent } from '../../common/log.js'
import type { Scraper } from '../../exposition/types.js'
import type { RegistryHandle } from '../../memory/handle.js'
import { allowedHostsOf } from '../request/options.js'
import { DEFAULT_PATH } from '../request/request.js'
import { TrustedHosts } from '../request/trusted-hosts.js'
import type { Recorder } from '../scrapes/recorder.js'
import { RequestHandler } from '../scrapes/request-handler.js'
import { listenText } from '../transports/listen.js'
import type { Transport, TransportSettings } from '../transports/transport.js'
import type { FromFront, FrontData, ToFront } from './protocol.js'

/** How long the scraper may take to end its pool, ms. */
const SCRAPER_GRACE = 1000
/**
 * The longest wait between two attempts to listen, ms, whatever the backoff says: readers miss the endpoint from the end
 * of the process that held the address to the next attempt, and an attempt costs less than a millisecond.
 */
const MOST_BETWEEN_ATTEMPTS = 1000

const data = workerData as FrontData
const port = parentPort!
const ended = new Int32Array(data.ended)
let transport: Transport | undefined
let scraper: Scraper | undefined
let handler: RequestHandler | undefined
const closing = new AbortController()

const send = (message: FromFront) => port.postMessage(message)
const log = (event: LogEvent) => send({ type: 'log', event })

// Whatever happens, uWebSockets.js must have nothing open when the thread ends, or it aborts the process.
process.on('uncaughtException', error => {
  const why = (error instanceof Error && error.stack) || thrown(error)
  closeNow()
  send({ type: 'failed', why })
  process.exit(1)
})

port.on('message', (message: ToFront) => {
  if (message.type === 'exit') closeNow()
  else if (message.type === 'close') void close()
  else {
    // The list that the thread was started with comes first: this message must not overtake the start.
    void started.then(() => {
      handler?.trust(new TrustedHosts(message.hosts))
      send({ type: 'trusting', number: message.number })
    })
  }
})

const started = start()
started.catch(error => {
  closeNow()
  const { message, code } = error as NodeJS.ErrnoException
  send({ type: 'refused', message, ...(code === undefined ? {} : { code }) })
  process.exit(1)
})

/** What makes expositions and counts requests. */
interface ScraperModule {
  createScraper(handle: RegistryHandle, log: Log, inOrder: boolean): Scraper
  createRecorder?(handle: RegistryHandle): Recorder
}

function scraperModule(): Promise<ScraperModule> {
  return data.scraperModule === undefined ? import('./scraper-module.js') : import(data.scraperModule)
}

async function start(): Promise<void> {
  const { createScraper, createRecorder } = await scraperModule()
  if (closing.signal.aborted) return
  scraper = createScraper(data.handle, log, data.inOrder)
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
    signal: closing.signal,
  }
  const listening = await listenInTime(await transportOpener(), settings)
  if (listening === undefined) return
  if (closing.signal.aborted) {
    listening.destroy()
    return
  }
  transport = listening
  send({
    type: 'listening',
    address: transport.address,
    transport: transport.name,
  })
}

/** Counting must not keep a front from serving: the program's default labels can collide with those of its metrics. */
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

type Listen = (settings: TransportSettings) => Promise<Transport>

/** Loads the transport that is used, and no other. */
async function transportOpener(): Promise<Listen> {
  if (data.choice.transport === 'uws') {
    const { listenUws, loadUws } = await import('../transports/transport-uws.js')
    let uws: ReturnType<typeof loadUws> | undefined
    try {
      uws = loadUws(data.choice)
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
    if (uws !== undefined) {
      const loaded = uws
      return settings => listenUws(settings, loaded)
    }
  }
  const { listenHttp } = await import('../transports/transport-http.js')
  return listenHttp
}

/**
 * Listens; if the address is in use, tries again for as long as option `retry` says. Undefined if the front was closed
 * meanwhile.
 */
async function listenInTime(listen: Listen, settings: TransportSettings): Promise<Transport | undefined> {
  const limit = performance.now() + data.retry
  const [first, most] = data.backoff
  let waits = false
  for (let delay = first; ; delay = Math.min(delay * 2, most, MOST_BETWEEN_ATTEMPTS)) {
    try {
      return await listen(settings)
    } catch (error) {
      if (closing.signal.aborted) return undefined
      const left = limit - performance.now()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || left <= 0) throw error
      if (!waits) {
        const message = `the front waits until ${listenText(data.listen)} is free, ${data.retry} ms at most`
        log({ level: 'info', code: 'front-waits', message })
      }
      waits = true
      // The last attempt is made when the time is over.
      await sleep(Math.min(delay, left), undefined, { signal: closing.signal }).catch(() => {})
      if (closing.signal.aborted) return undefined
    }
  }
}

async function close(): Promise<void> {
  closing.abort()
  await transport?.close(data.grace)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, SCRAPER_GRACE)
  })
  await Promise.race([scraper?.close(), late])
  clearTimeout(timer)
  closeNow()
  process.exit(0)
}

/** Synchronous, because the main thread may be waiting, and this thread may be about to end. */
function closeNow(): void {
  closing.abort()
  transport?.destroy()
  transport = undefined
  Atomics.store(ended, 0, 1)
  Atomics.notify(ended, 0)
}
