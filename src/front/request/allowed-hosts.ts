import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { badOption } from '../../common/errors.js'
import { peerBytes, peerText } from './trusted-hosts.js'

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::(\d{0,5}))?$/i
const MAX_PORT = 65_535

interface Host {
  /** In lower case; IPv6 at its shortest, in brackets. */
  readonly name: string
  /** '' if there is none. */
  readonly port: string
}

/**
 * Names that a request's Host header may have. Anybody who controls a name can have it point to this endpoint, and a
 * browser then takes its answers for those of that site (DNS rebinding). The header shows which name the browser used.
 */
export class AllowedHosts {
  readonly #hosts = new Set<string>()

  /**
   * `entries` are host names or IP addresses as readers write them. An entry with a port allows that port, one without
   * allows any.
   * @throws TypeError that names option "allowedHosts" and the entry
   */
  constructor(entries: readonly string[]) {
    if (!Array.isArray(entries)) throw badOption('allowedHosts', entries, 'is not a list of host names')
    for (const entry of entries) {
      const { name, port } = parseEntry(entry)
      this.#hosts.add(keyOf(name, port))
    }
  }

  /** Whether the host in a Host header is one of them. */
  has(header: string): boolean {
    const host = parseHost(header)
    if (host === undefined) return false
    return this.#hosts.has(keyOf(host.name, '')) || this.#hosts.has(keyOf(host.name, host.port))
  }
}

function keyOf(name: string, port: string): string {
  return port === '' ? name : `${name}:${Number(port)}`
}

function parseHost(text: string): Host | undefined {
  const [, v6, name, port = ''] = HOST.exec(text) ?? []
  if (Number(port) > MAX_PORT) return undefined
  if (name !== undefined) return { name: name.toLowerCase(), port }
  return v6 !== undefined && isIPv6(v6) ? { name: `[${peerText(peerBytes(v6))}]`, port } : undefined
}

function parseEntry(entry: unknown): Host {
  if (typeof entry === 'string' && !entry.endsWith(':')) {
    const host = parseHost(isIPv6(entry) ? `[${entry}]` : ascii(entry))
    if (host !== undefined) return host
  }
  throw badOption(
    'allowedHosts',
    entry,
    'is not a host such as "metrics.example", "metrics.example:8000", "10.0.0.1" or "::1" (an entry allows one host)',
  )
}

/** Names in other alphabets, as browsers send them. */
function ascii(entry: string): string {
  return entry.replace(/^[^:[\]]*[^\0-\x7f][^:[\]]*/, domainToASCII)
}
