import { isIPv4, isIPv6 } from 'node:net'
import { badOption, outOfRange } from '../../common/errors.js'

export interface Address {
  /** An IP address, or the path of a Unix socket. */
  readonly address: string
  /** 0 for a Unix socket. */
  readonly port: number
  readonly family: 'IPv4' | 'IPv6' | 'unix'
}

const UNIX = 'unix:'

/** The most bytes of a Unix socket's path: the size of sun_path (unix(7), unix(4)) less the byte that ends it. */
export function maxSocketPath(platform: string): number {
  if (platform === 'aix') return 1022
  return ['linux', 'android', 'sunos', 'win32'].includes(platform) ? 107 : 103
}

const FORM = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/

/**
 * Parses `127.0.0.1:8000`, `[::1]:8000` or `unix:/path`. The address must be there, because `:8000` or a bare port does
 * not say who can connect. It must not be a name, because a name may stand for several addresses. Port 0 lets the
 * system choose. `0.0.0.0` is all of IPv4, `[::]` all of IPv4 and IPv6.
 * @throws TypeError or RangeError that names option "listen"
 */
export function parseListen(listen: unknown, platform: string = process.platform): Address {
  if (typeof listen !== 'string')
    throw badOption('listen', listen, 'is not a string such as "127.0.0.1:8000"')
  if (listen.startsWith(UNIX)) {
    const path = listen.slice(UNIX.length)
    if (!path.startsWith('/') || path.includes('\0'))
      throw badOption(
        'listen',
        listen,
        'is not the whole path of a Unix socket such as "unix:/run/metrics.sock"',
      )
    // Some releases of node cut off a path that is too long, and leave a socket of another name.
    const bytes = Buffer.byteLength(path)
    const most = maxSocketPath(platform)
    if (bytes > most)
      throw outOfRange(
        'listen',
        listen,
        `has a path that has ${bytes} bytes, and can have ${most} at most here`,
      )
    return { address: path, port: 0, family: 'unix' }
  }
  const [, v6, v4, digits] = FORM.exec(listen) ?? []
  const family = v6 !== undefined && isIPv6(v6) && !v6.includes('%') ? 'IPv6' : 'IPv4'
  const address = family === 'IPv6' ? v6! : v4
  if (address === undefined || (family === 'IPv4' && !isIPv4(address))) {
    throw badOption(
      'listen',
      listen,
      'is not an IP address and a port such as "127.0.0.1:8000", "[::1]:8000" or "0.0.0.0:8000"',
    )
  }
  const port = Number(digits)
  if (port > 65535) throw outOfRange('listen', listen, 'has a port above 65535')
  return { address, port, family }
}

/** An address as option "listen" spells it. */
export function listenText({ address, port, family }: Address): string {
  if (family === 'unix') return `${UNIX}${address}`
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

/**
 * Where a reader on this machine finds the text format; wildcard addresses become the loopback's. A Unix socket has no
 * URL that all readers know: `unix:/path:/metrics`, as proxies spell it.
 */
export function urlOf(address: Address, tls = false): string {
  if (address.family === 'unix') return `${listenText(address)}:/metrics`
  const reachable =
    address.address === '0.0.0.0' ? '127.0.0.1' : /^[0:]+$/.test(address.address) ? '::1' : address.address
  return `${tls ? 'https' : 'http'}://${listenText({ ...address, address: reachable })}/metrics`
}
