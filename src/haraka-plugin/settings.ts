/** config/postmeter.ini as the plugin uses it. What no key says is postmeter's default. */
import type { RegistryOptions, ServeOptions } from '../index.js'
import { type Entry, IniMistake, parseIni, type Section, shown } from './ini.js'

/** How outgoing mail is told apart. */
export interface Routes {
  /** Whether each domain has series of its own. */
  readonly domains: boolean
  /** The most domains whose series one process holds on to. */
  readonly mostDomains: number
  readonly source: string | undefined
  readonly pool: string | undefined
  readonly providers: readonly string[]
  /** Providers by a domain of recipients, and those below it. */
  readonly byDomain: ReadonlyMap<string, string>
  /** Likewise by the name of a mail exchanger. */
  readonly byMx: ReadonlyMap<string, string>
}

export interface Settings {
  readonly serve: ServeOptions
  readonly registry: RegistryOptions
  readonly expireAfter: string
  /** Whether each process tells of itself. */
  readonly defaults: boolean
  /** Whether the room on the queue's disk is told. */
  readonly disk: boolean
  /** Plugins whose results are counted. */
  readonly checks: readonly string[]
  readonly routes: Routes
  /** Where the file says what postmeter calls by this name. */
  readonly where: ReadonlyMap<string, Entry & { readonly key: string }>
  /** What holds from the start on: each entry by section and key. */
  readonly fixed: ReadonlyMap<string, Entry>
}

type Read = (text: string) => unknown

class Unreadable extends Error {}

const text: Read = given => {
  if (given === '') throw new Unreadable('is empty')
  return given
}
const list: Read = given => given.split(/[\s,;]+/).filter(Boolean)
const boolean: Read = given => {
  // What Haraka takes for true, and its opposites.
  if (/^(true|yes|ok|enabled|on|1)$/i.test(given)) return true
  if (/^(false|no|disabled|off|0)$/i.test(given)) return false
  throw new Unreadable(`${shown(given)} is neither true nor false`)
}
const number: Read = given => {
  if (!/^\d+$/.test(given)) throw new Unreadable(`${shown(given)} is not a whole number`)
  return Number(given)
}
const size: Read = given => (/^\d+$/.test(given) ? Number(given) : given)
const mode: Read = given => {
  if (!/^[0-7]{3,4}$/.test(given)) throw new Unreadable(`${shown(given)} is no mode, as 640`)
  return Number.parseInt(given, 8)
}
const listen: Read = given => {
  if (/:0$/.test(given)) throw new Unreadable(`${shown(given)} leaves the port to the system; name one`)
  return text(given)
}

/** Keys that there are, what they are read as, and what postmeter calls them in its messages. */
const KEYS: Readonly<Record<string, Readonly<Record<string, readonly [read: Read, option?: string]>>>> = {
  main: {
    listen: [listen, 'listen'],
    trusted_hosts: [list, 'trustedHosts'],
    allowed_hosts: [list, 'allowedHosts'],
    tls_cert: [text, 'tls'],
    tls_key: [text],
    socket_mode: [mode, 'socketMode'],
    self_metrics: [boolean, 'selfMetrics'],
    openmetrics: [boolean, 'openMetrics'],
    protobuf: [boolean, 'protobuf'],
  },
  registry: {
    memory: [size, 'memory'],
    max_threads: [number, 'maxThreads'],
    max_series: [number, 'maxSeries'],
    max_label_length: [number, 'maxLabelLength'],
    expire: [text, 'expireAfter'],
    file: [text, 'file'],
    file_mode: [mode, 'file.mode'],
    file_group: [text, 'file.group'],
    file_keep: [boolean, 'file.keep'],
  },
  collect: { defaults: [boolean], disk: [boolean] },
  checks: { plugins: [list] },
  outbound: {
    domains: [boolean],
    max_domains: [number],
    source: [text],
    pool: [text],
    providers: [list],
  },
}
/** Sections whose keys are the operator's own. */
const FREE = ['labels', 'provider_domains', 'provider_mx']

/** Each section's keys, none where they are the operator's own. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = Object.fromEntries([
  ...Object.entries(KEYS).map(([section, keys]) => [section, Object.keys(keys)]),
  ...FREE.map(section => [section, []]),
])

const FIXED = ['main', 'registry', 'labels', 'collect']
const DEFAULT_CHECKS = ['dns-list', 'spf', 'dkim', 'rspamd']

/** @throws IniMistake with the line of what is not known, cannot be read, or names a provider that is not listed. */
export function readSettings(file: string, content: string): Settings {
  const sections = parseIni(file, content)
  const where = new Map<string, Entry & { key: string }>()
  const read = new Map<string, unknown>()
  for (const [name, section] of sections) {
    const keys = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined
    if (keys === undefined && !FREE.includes(name)) {
      const known = [...Object.keys(KEYS), ...FREE].join(', ')
      throw new IniMistake(file, section.line, `section [${name}] is not known; there are ${known}`)
    }
    for (const [key, entry] of keys === undefined ? [] : section.entries) {
      const [parse, option] = (Object.hasOwn(keys!, key) ? keys![key] : undefined) ?? []
      if (parse === undefined) {
        const known = Object.keys(keys!).join(', ')
        throw new IniMistake(file, entry.line, `${key} is no key of [${name}]; there are ${known}`)
      }
      try {
        read.set(`${name}.${key}`, parse(entry.value))
      } catch (error) {
        throw new IniMistake(file, entry.line, `${key}: ${(error as Error).message}`)
      }
      if (option !== undefined) where.set(option, { ...entry, key })
    }
  }
  const get = <T>(name: string): T | undefined => read.get(name) as T | undefined
  const labels = sections.get('labels')
  if (labels !== undefined) where.set('labels', { value: '', line: labels.line, key: '[labels]' })
  return {
    serve: serveOptions(file, get, where),
    registry: registryOptions(get, labels),
    expireAfter: get<string>('registry.expire') ?? '10m',
    defaults: get<boolean>('collect.defaults') ?? true,
    disk: get<boolean>('collect.disk') ?? true,
    checks: get<string[]>('checks.plugins') ?? DEFAULT_CHECKS,
    routes: routes(file, get, sections),
    where,
    fixed: new Map(
      FIXED.flatMap(name =>
        [...(sections.get(name)?.entries ?? [])].map(([key, entry]) => [`[${name}] ${key}`, entry] as const),
      ),
    ),
  }
}

type Get = <T>(name: string) => T | undefined
type Where = ReadonlyMap<string, Entry & { readonly key: string }>

/** Without what is undefined, so that postmeter takes its default. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function serveOptions(file: string, get: Get, where: Where): ServeOptions {
  const [cert, key] = [get<string>('main.tls_cert'), get<string>('main.tls_key')]
  if ((cert === undefined) !== (key === undefined))
    throw new IniMistake(file, where.get('tls')?.line, 'tls_cert and tls_key go together')
  return given({
    listen: get('main.listen'),
    trustedHosts: get('main.trusted_hosts'),
    allowedHosts: get('main.allowed_hosts'),
    tls: cert === undefined ? undefined : { cert, key },
    socketMode: get('main.socket_mode'),
    selfMetrics: get('main.self_metrics'),
    openMetrics: get('main.openmetrics'),
    protobuf: get('main.protobuf'),
  } as ServeOptions)
}

function registryOptions(get: Get, labels: Section | undefined): RegistryOptions {
  const path = get<string>('registry.file')
  return given({
    memory: get('registry.memory'),
    maxThreads: get('registry.max_threads'),
    maxSeries: get('registry.max_series'),
    maxLabelLength: get('registry.max_label_length'),
    labels: labels && Object.fromEntries([...labels.entries].map(([name, { value }]) => [name, value])),
    file:
      path === undefined
        ? undefined
        : given({
            path,
            mode: get('registry.file_mode'),
            group: get('registry.file_group'),
            keep: get('registry.file_keep'),
          }),
  } as RegistryOptions)
}

function routes(file: string, get: Get, sections: ReadonlyMap<string, Section>): Routes {
  const providers = get<string[]>('outbound.providers') ?? []
  const mapped = (name: string) => {
    const found = new Map<string, string>()
    for (const [domain, { value, line }] of sections.get(name)?.entries ?? []) {
      if (!providers.includes(value)) {
        const known = providers.length === 0 ? 'which names none' : providers.join(', ')
        const why = `${domain}: provider ${shown(value)} is not among providers of [outbound] (${known})`
        throw new IniMistake(file, line, why)
      }
      found.set(domain.toLowerCase().replace(/^\.+|\.+$/g, ''), value)
    }
    return found
  }
  return {
    domains: get<boolean>('outbound.domains') ?? true,
    mostDomains: get<number>('outbound.max_domains') ?? 10_000,
    source: get<string>('outbound.source'),
    pool: get<string>('outbound.pool'),
    providers,
    byDomain: mapped('provider_domains'),
    byMx: mapped('provider_mx'),
  }
}

/** What postmeter says is wrong with an option, as a mistake in the file; another error as it is. */
export function explained(file: string, settings: Settings, error: unknown): unknown {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown }
  // What the system does not have is no mistake in the file.
  if (typeof message !== 'string' || code === 'ERR_POSTMETER_SHARED') return error
  const named = /option "([\w.]+)"/.exec(message)?.[1] ?? (code === 'ERR_POSTMETER_FILE' ? 'file' : undefined)
  if (named === undefined) return error
  const found = settings.where.get(named) ?? settings.where.get(named.split('.')[0]!)
  // A default that does not do here, such as an address that is taken, has no line.
  if (found === undefined) return new IniMistake(file, undefined, message)
  return new IniMistake(file, found.line, `${found.key}: ${message}`)
}

/** What differs of that which holds from the start on, by section and key, with the line where it stands now. */
export function fixedChanges(before: Settings, after: Settings): string[] {
  const names = new Set([...before.fixed.keys(), ...after.fixed.keys()])
  return [...names].filter(name => before.fixed.get(name)?.value !== after.fixed.get(name)?.value)
}
