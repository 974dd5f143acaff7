import type { IncomingMessage, ServerResponse } from 'node:http'
import { badOption, knownOptions, typeError } from '../common/errors.js'
import { defaultLog, type Log, logEvent } from '../common/log.js'
import { AlongsideScraper, giveText } from '../exposition/alongside.js'
import { JoinedScraper } from '../exposition/joined.js'
import { createGuestScraper } from '../exposition/scraper.js'
import type { Registry } from '../registry/registry.js'
import { checkOpen, checkServable } from '../registry/servable.js'
import { LIMITS } from './request/limits.js'
import { ANSWER_OPTIONS, type AnswerOptions, allowedHostsOf, checkAnswerOptions } from './request/options.js'
import { DEFAULT_PATH } from './request/request.js'
import { TrustedHosts, warnIfOpen } from './request/trusted-hosts.js'
import { NO_RECORDER, type Recorder } from './scrapes/recorder.js'
import { RequestHandler } from './scrapes/request-handler.js'
import { recorderFor } from './thread/self-metrics.js'
import { answerHttp, originForm } from './transports/exchange-http.js'

export interface MetricsHandlerOptions extends AnswerOptions {
  /**
   * Where the text format is: the whole path as a reader asks for it, also if the handler is mounted under a part of
   * it. The JSON is at this path with `.json` behind it. Default `/metrics`.
   */
  readonly path?: string
  /** Called with what goes wrong while it serves; default Node's warnings. */
  readonly log?: Log
}

/** Answers requests for metrics. Leaves other requests to `next`, or refuses them if there is none. */
export interface MetricsHandler {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void
  /**
   * Replaces the list of who may read; see option `trustedHosts`.
   * @throws TypeError or RangeError that names the entry that is wrong; the old list then stays.
   */
  setTrustedHosts(trustedHosts: readonly string[]): void
  /**
   * Ends it: requests are answered with 503 from now on, and answers that are under way have one second to finish.
   * Resolves when its threads have ended and its gauges are gone; the server that it is mounted in goes on. Can be
   * called twice; the registry's close() calls it, too.
   */
  close(): Promise<void>
}

/** How long answers may go on when a handler is closed, ms. */
const GRACE = 1000

/**
 * The handlers of a registry in this thread. If one of them lacks slots, readers of another one that stall may have
 * them.
 */
const mounted = new WeakMap<Registry, Set<RequestHandler>>()

const PATH = /^\/[!-~]*$/

/**
 * Returns a handler that serves a registry from a server of the program: node:http, Express, Connect; Fastify through
 * `reply.hijack()`. It answers as `serve` does, but in the thread that calls it, whose event loop must run.
 * @throws TypeError or RangeError that names a wrong option; Error that names the registry if it is closed.
 */
export function metricsHandler(registry: Registry, options: MetricsHandlerOptions = {}): MetricsHandler {
  checkServable('metricsHandler', registry)
  checkOpen('metricsHandler', registry)
  if (typeof options !== 'object' || options === null)
    throw typeError('ERR_POSTMETER_OPTION', 'metricsHandler: the options are not an object')
  knownOptions('metricsHandler', options, ['path', 'log', ...ANSWER_OPTIONS])
  const { path = DEFAULT_PATH, log = defaultLog } = options
  if (typeof path !== 'string' || !PATH.test(path) || /[?#]/.test(path))
    throw badOption('path', path, 'is not the path of a URL such as "/metrics"')
  if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
  const { alongside } = options
  const {
    trustedHosts,
    allowedHosts,
    offered,
    gzip,
    alongside: _,
    ...answerSettings
  } = checkAnswerOptions(options)
  warnIfOpen(trustedHosts, log)
  const recorder = answerSettings.selfMetrics ? counting(registry, log) : NO_RECORDER
  const own = createGuestScraper(registry.handle, log)
  const ask = () => giveText(alongside!)
  const text = alongside && new AlongsideScraper({ ask, log, lacks: lack => recorder.lacks(lack) })
  const scraper = text === undefined ? own : new JoinedScraper(own, log, text)
  const handler = new RequestHandler({
    ...answerSettings,
    ...LIMITS,
    scraper,
    rules: {
      trusted: new TrustedHosts(trustedHosts),
      allowedHosts: allowedHostsOf(allowedHosts),
      path,
      landing: false,
      offered,
      gzip,
    },
    log,
    recorder,
  })
  const all = mounted.get(registry) ?? new Set()
  mounted.set(registry, all.add(handler))
  scraper.starving = () => {
    for (const { scrapes } of all) scrapes.starved()
  }
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      forget()
      await handler.end(GRACE)
      all.delete(handler)
      await scraper.close()
    })()
    return closed
  }
  const forget = registry.onClose(close)
  const handle = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => {
    // Frameworks remove from `url` the part that they have matched.
    const { originalUrl } = request as { originalUrl?: unknown }
    const target = typeof originalUrl === 'string' ? originalUrl : (request.url ?? '')
    if (next !== undefined && !isFor(target, path)) next()
    else answerHttp(request, response, handler, LIMITS.httpStallTimeout, target)
  }
  return Object.assign(handle, {
    close,
    setTrustedHosts(hosts: readonly string[]) {
      warnIfOpen(hosts, log)
      handler.trust(new TrustedHosts(hosts))
    },
  })
}

function isFor(target: string, path: string): boolean {
  const url = originForm(target)
  const mark = url.indexOf('?')
  const asked = mark < 0 ? url : url.slice(0, mark)
  return asked === path || asked === `${path}.json`
}

/** Counting must not keep it from serving: the program's default labels can collide with those of its metrics. */
function counting(registry: Registry, log: Log): Recorder {
  try {
    return recorderFor(registry)
  } catch (error) {
    logEvent(log, {
      level: 'warn',
      code: 'front-uncounted',
      message: `the handler does not count what it does: ${(error as Error).message}`,
    })
    return NO_RECORDER
  }
}
