/** Options of push(), checked. */
import { checkLabelName, escapeLabelValue, labelText } from '../../catalogue/names.js'
import { duration } from '../../common/checks.js'
import { badOption, isPlain, knownOptions, outOfRange } from '../../common/errors.js'
import { defaultLog, type Log } from '../../common/log.js'
import { checkPrefix } from '../../exposition/prefix.js'
import { MAX_ADDED_BYTES } from '../../memory/layout.js'
import { checkDelivery, DELIVERY_OPTIONS, type DeliverySettings } from '../delivery/settings.js'
import { lackingForRemoteWrite, type RemoteWriteVersion } from '../protocols/remote-write.js'

export interface PushOptions {
  /**
   * Where to push, with `http:` or `https:`: all of it, with the path that the receiver wants
   * (`http://prometheus:9090/api/v1/write`, `https://collector:4318/v1/metrics`); of a Pushgateway, what stands before
   * `/metrics`. Without credentials, because urls are logged: see `auth`.
   */
  readonly url: string
  readonly protocol: 'remote-write' | 'otlp' | 'pushgateway'
  /** Of remote write: `'1.0'` (default), which all receivers take, or `'2.0'`, which tells when series were made, too. */
  readonly version?: '1.0' | '2.0'
  /** Of a Pushgateway: whether what it has of the group is replaced as a whole (`'PUT'`, default), or by name (`'POST'`). */
  readonly method?: 'PUT' | 'POST'
  /** From one push to the next: ms, or for example `'15s'` (default); at least one second. */
  readonly every?: number | string
  /**
   * Labels of this program, as a scrape's `job` and `instance`. By remote write each series has them, unless it has a
   * label of that name itself, which then stays. By OTLP they are the resource's attributes: `job` as `service.name`,
   * `instance` as `service.instance.id`. Of a Pushgateway they are the grouping key: `job` is required there.
   */
  readonly labels?: Readonly<Record<string, string>>
  /** Put before every metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`, at most 64 characters. Default none. */
  readonly prefix?: string
  /** Whether the library's own metrics are pushed, too; those of pushes tell of lag and failures. Default true. */
  readonly selfMetrics?: boolean
  /** Headers of each request, such as `X-Scope-OrgID`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Credentials, as text or in a file, which is read again when it changes. They never reach the log. */
  readonly auth?:
    | { readonly kind: 'basic'; readonly username: string; readonly password: string }
    | { readonly kind: 'basic'; readonly username: string; readonly passwordFile: string }
    | { readonly kind: 'bearer'; readonly token: string }
    | { readonly kind: 'bearer'; readonly tokenFile: string }
  /**
   * Of https: files in PEM, read again when they change. `ca` in place of the system's; `cert` and `key` to be known by;
   * `serverName` in place of the url's host.
   */
  readonly tls?: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly serverName?: string
  }
  /** Whether redirects are followed. Default false: one is an error, which is logged. */
  readonly redirects?: boolean
  /** How long one request may take: ms, or for example `'10s'` (default). */
  readonly timeout?: number | string
  /**
   * Whether a clean end, `close()`, tells the receiver that all series have ended: by staleness markers, or a Pushgateway
   * by DELETE. Default true, of a Pushgateway false: what a short-lived job pushed is what is to be seen of it.
   */
  readonly withdraw?: boolean
  /** The value of the label `push` in the library's own metrics. Default the protocol. */
  readonly name?: string
  /** Called with what goes wrong, once until it is over; default Node's warnings. */
  readonly log?: Log
}

/** What a push's thread is started with: it can be cloned. */
export interface PushSettings {
  readonly delivery: DeliverySettings
  readonly protocol: PushOptions['protocol']
  readonly version: RemoteWriteVersion
  readonly method: 'PUT' | 'POST'
  /** ms. */
  readonly every: number
  readonly labels: Readonly<Record<string, string>>
  readonly prefix: string
  readonly selfMetrics: boolean
  readonly withdraw: boolean
  readonly name: string
}

const OPTIONS = [
  ...['protocol', 'version', 'method', 'every', 'labels', 'prefix', 'selfMetrics', 'withdraw', 'name', 'log'],
  ...DELIVERY_OPTIONS,
]
const PROTOCOLS = ['remote-write', 'otlp', 'pushgateway'] as const
const VERSIONS = ['1.0', '2.0'] as const
const METHODS = ['PUT', 'POST'] as const
/** What the protocols set themselves. */
const HEADERS = ['content-type', 'content-encoding', 'user-agent', 'x-prometheus-remote-write-version']
const MAX_NAME = 100

/** @throws TypeError or RangeError that names the option. */
export function checkPushOptions(options: PushOptions): { settings: PushSettings; log: Log } {
  knownOptions('push', options, OPTIONS)
  const protocol = oneOf('protocol', options.protocol, PROTOCOLS)
  const only = (option: 'version' | 'method', needed: string) => {
    if (options[option] !== undefined && protocol !== needed)
      throw badOption(option, options[option], `goes with protocol "${needed}" alone`)
  }
  only('version', 'remote-write')
  only('method', 'pushgateway')
  const lacking = protocol === 'remote-write' ? lackingForRemoteWrite() : undefined
  if (lacking !== undefined) throw badOption('protocol', protocol, lacking)
  const { prefix = '', log = defaultLog } = options
  const wrong = checkPrefix(prefix)
  if (wrong !== undefined) throw badOption('prefix', prefix, wrong)
  if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
  const every = duration('every', options.every, 15_000)
  if (every < 1000) throw outOfRange('every', options.every, 'is less than a second')
  const delivery = checkDelivery('push', options, { protocol, timeout: 10_000, headers: HEADERS })
  const settings = {
    delivery,
    protocol,
    version: oneOf('version', options.version ?? '1.0', VERSIONS),
    method: oneOf('method', options.method ?? 'PUT', METHODS),
    every,
    labels: checkLabels(options.labels, protocol),
    prefix,
    selfMetrics: flag('selfMetrics', options.selfMetrics, true),
    withdraw: flag('withdraw', options.withdraw, protocol !== 'pushgateway'),
    name: checkName(options.name, protocol),
  }
  return { settings, log }
}

function oneOf<T extends string>(option: string, value: unknown, known: readonly T[]): T {
  if (!known.includes(value as T)) throw badOption(option, value, `is none of ${known.join(', ')}`)
  return value as T
}

function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw badOption(option, value, 'is not a boolean')
  return value ?? fallback
}

function checkName(name: unknown, fallback: string): string {
  if (name === undefined) return fallback
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME)
    throw badOption('name', name, `is not a text of 1 to ${MAX_NAME} characters`)
  return name.toWellFormed()
}

function checkLabels(labels: unknown, protocol: PushOptions['protocol']): Record<string, string> {
  const checked: Record<string, string> = Object.create(null)
  if (labels !== undefined) {
    if (!isPlain(labels)) throw badOption('labels', labels, 'is not an object of label values')
    for (const [name, value] of Object.entries(labels)) {
      checkLabelName('labels', name)
      if (name === 'le' || name === 'quantile')
        throw badOption('labels', name, 'is a label of histograms or summaries')
      checked[name] = labelText('(labels of a push)', name, value).toWellFormed()
    }
  }
  if (protocol === 'pushgateway' && !checked.job)
    throw badOption('labels', labels, 'has no job, which a Pushgateway groups by')
  if (Buffer.byteLength(addedText(checked)) > MAX_ADDED_BYTES)
    throw outOfRange('labels', labels, `are longer than ${MAX_ADDED_BYTES} bytes`)
  return checked
}

/** As exposition text. */
export function addedText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join(',')
}
