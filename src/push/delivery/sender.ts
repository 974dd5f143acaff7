/** Sends bodies to one receiver, each once, and says what came of it. */
import { thrown } from '../../common/errors.js'
import { Connections } from './connections.js'
import { type Credentials, followCredentials, secretFile } from './credentials.js'
import { type Exchanged, exchange, isSuccess } from './exchange.js'
import type { Followed } from './followed-file.js'
import { type Answer, type Failure, GIVEN_UP, type Outcome, type PushRequest } from './outcome.js'
import { isRedirect, nextUrl } from './redirect.js'
import type { DeliverySettings } from './settings.js'
import { firstLine, quoted, shownUrl } from './shown.js'
import { asksForPause, isRetried, retryAfter } from './statuses.js'
import { followTls } from './tls.js'
import type { Tools } from './tools.js'
import { FILES, PUSHES, Troubles } from './troubles.js'

type OneShot = AsyncIterable<Uint8Array>

/**
 * Assumes that a push can be sent twice: a receiver takes samples that it has already for nothing new. Never throws, and
 * holds no body. Proxies that the environment names (`HTTP_PROXY`) are not used.
 */
export class Sender {
  readonly tools: Tools
  /** Its user says what goes wrong with pushes, as only it knows which attempt is the last. */
  readonly troubles: Troubles
  /** When the receiver wants the next request, by `now()`: it has asked for a pause. Holds for all bodies. */
  pausedUntil = Number.NEGATIVE_INFINITY
  readonly #settings: DeliverySettings
  readonly #url: URL
  readonly #connections: Connections
  readonly #credentials: Followed<Credentials> | undefined
  readonly #fileTroubles: { readonly auth: Troubles; readonly tls: Troubles }
  readonly #closing = new AbortController()
  /** Bodies that can be read once only, and were. */
  readonly #spent = new WeakSet<OneShot>()

  constructor(settings: DeliverySettings, tools: Tools) {
    this.tools = tools
    this.#settings = settings
    this.#url = new URL(settings.url)
    const { auth, tls } = settings
    this.#connections = new Connections(followTls(tls ?? {}), tls?.serverName)
    this.#credentials = auth && followCredentials(auth)
    const { log, now } = tools
    this.troubles = new Troubles(log, now, PUSHES, `pushes to ${shownUrl(this.#url)} are taken again`)
    this.#fileTroubles = {
      auth: new Troubles(log, now, FILES, `${(auth && secretFile(auth)) ?? ''} is read again`),
      tls: new Troubles(log, now, FILES, 'the files of option "tls" are read again'),
    }
  }

  /** The url without credentials and query, for messages. */
  get shownUrl(): string {
    return shownUrl(this.#url)
  }

  /**
   * Sends a request once, or twice if a kept connection turned out to be closed; within so many ms, if that is less than
   * the settings' `timeout`. Never rejects.
   */
  async send(request: PushRequest, signal: AbortSignal, within = Number.POSITIVE_INFINITY): Promise<Outcome> {
    const stop = new AbortController()
    const timeout = Math.max(1, Math.round(Math.min(this.#settings.timeout, within)))
    const timer = setTimeout(() => {
      stop.abort({ reason: 'timeout', why: `no whole answer within ${timeout} ms` } satisfies Failure)
    }, timeout)
    const cancel = () => stop.abort(GIVEN_UP)
    const signals = [signal, this.#closing.signal]
    for (const one of signals) one.addEventListener('abort', cancel)
    if (signals.some(({ aborted }) => aborted)) cancel()
    try {
      return await this.#send(request, stop.signal)
    } catch (error) {
      // A method, a path or a header that Node does not send; accepts() or explain() threw.
      return this.#failed('refused', { reason: 'request', why: `cannot be pushed to: ${thrown(error)}` })
    } finally {
      clearTimeout(timer)
      for (const one of signals) one.removeEventListener('abort', cancel)
    }
  }

  /** Closes all connections. What is under way ends as given up. */
  close(): void {
    this.#closing.abort()
    this.#connections.close()
  }

  async #send(request: PushRequest, stop: AbortSignal): Promise<Outcome> {
    const credentials = this.#credentialsNow()
    if (this.#credentials !== undefined && credentials === undefined)
      return this.#failed('later', {
        reason: 'auth',
        why: 'is not pushed to, as option "auth" cannot be read',
      })
    const begun = this.tools.now()
    let url = withPath(this.#url, request.path)
    for (let hops = 0; ; hops++) {
      const exchanged = await this.#exchange(request, url, credentials, stop)
      if ('kind' in exchanged) return exchanged
      const { answer, failure, sent } = exchanged
      if (answer !== undefined && isRedirect(answer.status)) {
        const next = nextUrl(answer, url, { allowed: this.#settings.redirects, hops })
        if (!(next instanceof URL)) return this.#failed('refused', next, answer)
        url = next
      } else if (answer === undefined || (failure !== undefined && isSuccess(answer.status))) {
        return this.#broken(failure!, answer)
      } else {
        const seconds = (this.tools.now() - begun) / 1000
        return this.#judge(request, answer, { seconds, sent }, credentials)
      }
    }
  }

  async #exchange(
    request: PushRequest,
    url: URL,
    credentials: Credentials | undefined,
    stop: AbortSignal,
  ): Promise<Exchanged | Outcome> {
    const own = url.origin === this.#url.origin
    for (let fresh = false; ; fresh = true) {
      if (stop.aborted) return this.#failed('later', stop.reason as Failure)
      if (!this.#readable(request.body)) {
        return this.#failed('refused', {
          reason: 'body',
          why: 'is not pushed to again: the body can be read only once',
        })
      }
      const { agent, error } = this.#connections.agentFor(url, own)
      this.#sayFile('tls', error)
      if (agent === undefined)
        return this.#failed('later', {
          reason: 'tls',
          why: 'is not pushed to, as option "tls" cannot be read',
        })
      const headers = this.#headers(request, own ? credentials : undefined, own)
      const { method, body } = request
      const exchanged = await exchange({ url, agent, method, headers, body }, stop)
      if (!exchanged.stale || fresh) return exchanged
      // Others that are idle were likely closed with it.
      this.#connections.dropIdle()
    }
  }

  /** Whether the body can be sent: the iterator of one that can be read once is the body itself. */
  #readable(body: PushRequest['body']): boolean {
    if (body === undefined || body instanceof Uint8Array) return true
    if (this.#spent.has(body)) return false
    if ('next' in body) this.#spent.add(body)
    return true
  }

  /** Another origin sees nothing of what the program gave, as any header may be a credential. */
  #headers(
    { headers }: PushRequest,
    credentials: Credentials | undefined,
    own: boolean,
  ): Record<string, string> {
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
    return {
      ...Object.fromEntries(lower),
      ...(own ? this.#settings.headers : {}),
      ...(credentials === undefined ? {} : { authorization: credentials.header }),
    }
  }

  #credentialsNow(): Credentials | undefined {
    if (this.#credentials === undefined) return undefined
    const { value, error } = this.#credentials.look()
    this.#sayFile('auth', error)
    return value
  }

  #sayFile(option: 'auth' | 'tls', error: Error | undefined): void {
    const troubles = this.#fileTroubles[option]
    if (error === undefined) troubles.over()
    else
      troubles.say({
        reason: option,
        why: `option "${option}": what it had before stays in use: ${error.message}`,
      })
  }

  /** The exchange did not come to its end. */
  #broken(failure: Failure, answer: Answer | undefined): Outcome {
    if (failure.reason === 'body') return this.#failed('refused', failure, answer)
    const where = answer === undefined ? '' : `answered ${answer.status}, and then: `
    return this.#failed('later', { ...failure, why: where + failure.why }, answer)
  }

  #judge(
    request: PushRequest,
    answer: Answer,
    facts: { seconds: number; sent: number },
    credentials: Credentials | undefined,
  ): Outcome {
    const { status, headers } = answer
    if (isSuccess(status)) {
      const wrong = wrongWith(request, answer)
      if (wrong === undefined) return { kind: 'delivered', ...answer, ...facts }
      return this.#failed('refused', { reason: 'answer', why: `answered ${status}, and ${wrong}` }, answer)
    }
    const failure = {
      reason: `status-${status}`,
      why: `answered ${status}${this.#said(request, answer, credentials)}`,
    }
    if (!isRetried(this.#settings.protocol, status)) return this.#failed('refused', failure, answer)
    const after = retryAfter(headers['retry-after'], headers.date, this.tools.date())
    if (after !== undefined && asksForPause(status))
      this.pausedUntil = Math.max(this.pausedUntil, this.tools.now() + after)
    return this.#failed('later', failure, answer, after)
  }

  /** What the receiver says of a failure, unless it holds what must not be shown. */
  #said({ explain }: PushRequest, answer: Answer, credentials: Credentials | undefined): string {
    const line =
      explain === undefined ? firstLine(answer.headers['content-type'], answer.body) : explain(answer)
    if (line === undefined || line === '') return ''
    const secrets = [
      ...(credentials?.secrets ?? []),
      ...Object.values(this.#settings.headers),
      ...this.#url.searchParams.values(),
    ]
    const said = quoted(line, Buffer.from(answer.body).toString(), secrets)
    return said === undefined ? '' : `: ${said}`
  }

  #failed(kind: 'refused' | 'later', failure: Failure, answer?: Answer, after?: number): Outcome {
    return {
      kind,
      reason: failure.reason,
      why: `${this.shownUrl}: ${failure.why}`,
      status: answer?.status,
      ...(answer === undefined ? {} : { answer }),
      ...(after === undefined ? {} : { after }),
    }
  }
}

function withPath(url: URL, path: string | undefined): URL {
  const whole = new URL(url)
  if (path !== undefined) whole.pathname = url.pathname.replace(/\/$/, '') + path
  return whole
}

/** What is wrong with an answer whose status is that of a success. */
function wrongWith(request: PushRequest, answer: Answer): string | undefined {
  // A proxy, or a page that asks for a login, has answered in the receiver's place.
  if (/^text\/html\b/i.test(answer.headers['content-type'] ?? ''))
    return 'sent a page of HTML: it is no receiver'
  return request.accepts?.(answer)
}
