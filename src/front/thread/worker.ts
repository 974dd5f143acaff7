/** The front's own thread: readers get the figures even while the event loops of the program are blocked. */
import { parentPort, workerData } from 'node:worker_threads'
import { plainError, thrown } from '../../common/errors.js'
import type { Log, LogEvent } from '../../common/log.js'
import { AlongsideScraper, type Given } from '../../exposition/alongside.js'
import { JoinedScraper } from '../../exposition/joined.js'
import type { Scraper } from '../../exposition/types.js'
import { isReader, type RegistryHandle } from '../../memory/handle.js'
import { allowedHostsOf } from '../request/options.js'
import { DEFAULT_PATH } from '../request/request.js'
import { TrustedHosts } from '../request/trusted-hosts.js'
import type { Recorder } from '../scrapes/recorder.js'
import { RequestHandler } from '../scrapes/request-handler.js'
import type { TransportName } from '../transports/choose.js'
import { isHeld } from '../transports/probe.js'
import type { Transport, TransportSettings } from '../transports/transport.js'
import type { FromFront, FrontData, ToFront } from './protocol.js'
import { pauseToLook, takeInTime, takeWhenFree } from './take-address.js'

/** How long the scraper may take to end its pool, ms. */
const SCRAPER_GRACE = 1000
/** How often a front that others stand by for looks whether its socket's file is there, ms. */
const LOOK_AT_FILE_EVERY = 1000

const data = workerData as FrontData
const port = parentPort!
const ended = new Int32Array(data.ended)
let transport: Transport | undefined
let scraper: JoinedScraper | undefined
let recorder: Recorder | undefined
/** Restarts that are not counted yet. */
let restarts = data.restarts
const closing = new AbortController()
/** Questions for the text of option `alongside`, by number. */
const asking = new Map<number, (given: Given) => void>()
let asked = 0

const send = (message: FromFront) => port.postMessage(message)
const log = (event: LogEvent) => send({ type: 'log', event })

// Whatever happens, uWebSockets.js must have nothing open when the thread ends, or it aborts the process.
process.on('uncaughtException', error => {
  fail((error instanceof Error && error.stack) || thrown(error))
})

port.on('message', (message: ToFront) => {
  if (message.type === 'exit') closeNow()
  else if (message.type === 'close') void close()
  else if (message.type === 'text') {
    asking.get(message.number)?.(message.given)
    asking.delete(message.number)
  } else if (message.type === 'beside') void handler.then(() => setBeside(message.handles))
  else {
    // The list that the thread was started with comes first: this message must not overtake the handler's making.
    void handler.then(made => {
      made?.trust(new TrustedHosts(message.hosts))
      send({ type: 'trusting', number: message.number })
    })
  }
})

const handler = makeHandler()
const started = handler.then(made => made && listen(made))
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

/** Undefined if the front was closed meanwhile. */
async function makeHandler(): Promise<RequestHandler | undefined> {
  const { createScraper, createRecorder } = await scraperModule()
  if (closing.signal.aborted) return undefined
  const { trustedHosts, allowedHosts, offered, gzip, alongside, ...answerSettings } = data.answerSettings
  recorder = recorderOf(createRecorder)
  const text = alongside
    ? new AlongsideScraper({ ask, log, lacks: lack => recorder?.lacks(lack) })
    : undefined
  scraper = new JoinedScraper(createScraper(data.handle, log, data.inOrder), log, text)
  await setBeside(data.beside)
  return new RequestHandler({
    ...answerSettings,
    ...data.limits,
    scraper,
    rules: {
      trusted: new TrustedHosts(trustedHosts),
      allowedHosts: allowedHostsOf(allowedHosts),
      path: DEFAULT_PATH,
      landing: true,
      dashboard: data.dashboard,
      offered,
      gzip,
    },
    log,
    stallTimeout: data.stallTimeout,
    maxWait: data.maxWait,
    local: data.listen.family === 'unix',
    ...(recorder === undefined ? {} : { recorder }),
  })
}

function ask(): Promise<Given> {
  return new Promise(resolve => {
    const number = asked++
    asking.set(number, resolve)
    send({ type: 'ask', number })
  })
}

async function setBeside(handles: readonly RegistryHandle[]): Promise<void> {
  const { createScraper } = await scraperModule()
  scraper?.join(handles.map(handle => createScraper(handle, log, data.inOrder)))
  for (const handle of handles) if (isReader(handle)) scraper?.observe(handle)
}

/** Resolves when it listens, or the front was closed meanwhile. */
async function listen(handler: RequestHandler): Promise<void> {
  const settings: TransportSettings = {
    listen: data.listen,
    handler,
    stallTimeout: data.httpStallTimeout,
    socketMode: data.socketMode,
    tls: data.tls,
    log,
    signal: closing.signal,
    // Where it stands by, another process may listen meanwhile.
    listens: listening => transport && tell(listening ? 'listening' : 'standby', transport),
  }
  const taken = await takeAddress(settings, await transportOpener())
  if (taken === undefined) return
  if (closing.signal.aborted) {
    taken.destroy()
    return
  }
  transport = taken
  scraper?.startSweeping(log)
  tell('listening', taken)
  if (data.standby && data.listen.family === 'unix') watchFile(taken)
}

/** Where others stand by, one of them takes the address if the file is gone: then this front is to stand by. */
function watchFile({ inPlace }: Transport): void {
  const look = () => inPlace() || closing.signal.aborted || fail("its socket's file was removed or replaced")
  setInterval(look, LOOK_AT_FILE_EVERY).unref()
}

/** Ends the thread; another one is started. */
function fail(why: string): void {
  closeNow()
  send({ type: 'failed', why })
  process.exit(1)
}

function tell(type: 'listening' | 'standby', { address, name }: Pick<Transport, 'address' | 'name'>): void {
  if (restarts > 0) recorder?.restarted?.(restarts)
  restarts = 0
  send({ type, address, transport: name })
}

function takeAddress(settings: TransportSettings, { name, open }: Opener): Promise<Transport | undefined> {
  const { listen: address, retry, backoff, standby } = data
  const { signal } = closing
  const taking = { address, listen: () => open(settings), signal, log }
  if (!standby) return takeInTime({ ...taking, retry, backoff })
  return takeWhenFree({
    ...taking,
    isHeld: () => isHeld(address),
    standsBy: () => tell('standby', { address, name }),
    pause: () => pauseToLook(signal, Math.random),
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

interface Opener {
  readonly name: TransportName
  readonly open: (settings: TransportSettings) => Promise<Transport>
}

/** Loads the transport that is used, and no other. */
async function transportOpener(): Promise<Opener> {
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
      return { name: 'uws', open: settings => listenUws(settings, loaded) }
    }
  }
  const { listenHttp } = await import('../transports/transport-http.js')
  return { name: 'http', open: listenHttp }
}

async function close(): Promise<void> {
  closing.abort()
  // What is being opened is closed again, with the files of a Unix socket.
  await started.catch(() => {})
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
