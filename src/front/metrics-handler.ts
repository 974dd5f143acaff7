import type { IncomingMessage, ServerResponse } from 'node:http'
import { badOption, knownOptions, typeError } from '../common/errors.js'
import { defaultLog, type Log, say } from '../common/log.js'
import { createGuestScraper } from '../exposition/scraper.js'
import type { Registry } from '../registry/registry.js'
import { LIMITS } from './request/limits.js'
import { ANSWER_OPTIONS, type AnswerOptions, allowedHostsOf, checkAnswerOptions } from './request/options.js'
import { DEFAULT_PATH } from './request/request.js'
import { TrustedHosts, warnIfOpen } from './request/trusted-hosts.js'
import { NO_RECORDER, type Recorder } from './scrapes/recorder.js'
import { RequestHandler } from './scrapes/request-handler.js'
import { recorderFor } from './thread/self-metrics.js'
import { checkOpen, checkServable } from './thread/servable.js'
import { answerHttp, originForm } from './transports/exchange-http.js'

export interface MetricsHandlerOptions extends AnswerOptions {
  /**
   * Where the text format is, as a reader asks for it, whatever the handler is mounted under; the JSON is at this path
   * with `.json` behind it. Default `/metrics`.
   */
  readonly path?: string
  /** Told of what goes wrong while it serves; default Node's warnings. */
  readonly log?: Log
}

/** Answers requests for metrics, and leaves the others to whoever comes `next`, or refuses them where nobody does. */
export interface MetricsHandler {
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void
  /**
   * Who may read from now on, as option `trustedHosts` has it.
   * @throws TypeError or RangeError that names the entry that is wrong; the list before it stays.
   */
  setTrustedHosts(trustedHosts: readonly string[]): void
  /**
   * Ends it: what is asked from now on is answered 503, what is being sent has a second to finish in. Resolves when its
   * threads have ended and its gauges are gone; the server that it is mounted in goes on. Can be called twice; the
   * registry's close() calls it too.
   */
  close(): Promise<void>
}

/** How long what is being sent has when a handler is closed, ms. */
const GRACE = 1000

/** The handlers of a registry in this thread. What one lacks, slots, readers that stall may have in another one. */
const mounted = new WeakMap<Registry, Set<RequestHandler>>()

const PATH = /^\/[!-~]*$/

/**
 * A registry as a handler for a server that there is already: node:http, Express, Connect; Fastify through
 * `reply.hijack()`. It answers as `serve` does, in the thread that calls it: that thread's event loop must run.
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
  const { trustedHosts, allowedHosts, offered, gzip, ...answerSettings } = checkAnswerOptions(options)
  warnIfOpen(trustedHosts, log)
  const scraper = createGuestScraper(registry.handle)
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
    recorder: answerSettings.selfMetrics ? counting(registry, log) : NO_RECORDER,
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
    // Frameworks take off of `url` what they have matched.
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

/** Counting must not keep it from serving: default labels of the same names do not go with its own. */
function counting(registry: Registry, log: Log): Recorder {
  try {
    return recorderFor(registry)
  } catch (error) {
    say(log, {
      level: 'warn',
      code: 'front-uncounted',
      message: `the handler does not count what it does: ${(error as Error).message}`,
    })
    return NO_RECORDER
  }
}
