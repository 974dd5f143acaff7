import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { badOption, outOfRange, show } from '../../common/errors.js'
import { type Log, logEvent } from '../../common/log.js'

const CIDR_LENGTH = /^(0|[1-9]\d{0,2})$/
const TRAILING_IPV4 = /:(\d+)\.(\d+)\.(\d+)\.(\d+)$/

/** An address as a socket has it: 4 or 16 bytes in network order. */
type Bytes = ArrayLike<number>

/**
 * Who may read: a set of IPv4 and IPv6 ranges, parsed and sorted once. A look-up by bytes parses nothing and allocates
 * nothing. An IPv4-mapped IPv6 peer (`::ffff:10.0.0.1`) counts only as the IPv4 address: `::/0` does not cover it,
 * `0.0.0.0/0` does.
 */
export class TrustedHosts {
  /** First and last address of each IPv4 range, ascending, none touching the next. */
  readonly #v4: Uint32Array
  /** The same for IPv6, four words an address. */
  readonly #v6: Uint32Array

  /**
   * `entries` are addresses (`10.0.0.1`, `2001:db8::1`) or CIDRs (`10.0.0.0/8`); bits behind the prefix
   * length are ignored. IPv4 has four decimal parts without leading zeros. Names and zone ids are refused.
   * @throws TypeError or RangeError that names option "trustedHosts" and the entry
   */
  constructor(entries: readonly string[]) {
    if (!Array.isArray(entries))
      throw badOption('trustedHosts', entries, 'is not a list of addresses and CIDRs')
    const v4: Range[] = []
    const v6: Range[] = []
    for (const entry of entries) {
      const { words, length } = parseEntry(entry)
      ;(words.length === 1 ? v4 : v6).push(rangeOf(words, length))
    }
    this.#v4 = pack(v4, 1)
    this.#v6 = pack(v6, 4)
  }

  /** Whether all addresses of IPv4, or all of IPv6, may read. */
  get open(): boolean {
    return covers(this.#v4, 1) || covers(this.#v6, 4)
  }

  /** Whether this peer may read. Anything that is not an address of 4 or 16 bytes may not. */
  hasBytes(peer: Bytes): boolean {
    if (peer.length === 4) return within(this.#v4, 1, word(peer, 0), 0, 0, 0)
    if (peer.length !== 16) return false
    if (isMapped(peer)) return within(this.#v4, 1, word(peer, 12), 0, 0, 0)
    return within(this.#v6, 4, word(peer, 0), word(peer, 4), word(peer, 8), word(peer, 12))
  }

  /** As hasBytes, for an address as Node spells it (`127.0.0.1`, `::ffff:127.0.0.1`, `fe80::1%eth0`). */
  has(peer: string | undefined): boolean {
    const bytes = peerBytes(peer)
    return bytes !== undefined && this.hasBytes(bytes)
  }
}

/**
 * Warns if a list lets everybody read.
 * @throws as the constructor does.
 */
export function warnIfOpen(entries: readonly string[], log: Log): void {
  if (!new TrustedHosts(entries).open) return
  logEvent(log, {
    level: 'warn',
    code: 'open-to-everyone',
    message: `option "trustedHosts": ${show(entries)} lets everyone read who can connect`,
  })
}

/** The bytes of a peer's address in text; a zone id is ignored. Undefined if it is no address. */
export function peerBytes(peer: string | undefined): Uint8Array | undefined {
  if (peer === undefined) return undefined
  const zone = peer.indexOf('%')
  const text = zone < 0 ? peer : peer.slice(0, zone)
  const bytes = addressBytes(text)
  return bytes === undefined ? undefined : Uint8Array.from(bytes)
}

/** The bytes of an address without a zone id; undefined if it is no address. IPv4 has four decimal parts. */
function addressBytes(text: string): number[] | undefined {
  if (isIPv4(text)) return text.split('.').map(Number)
  if (!isIPv6(text) || text.includes('%')) return undefined
  // ipaddr.js parses the IPv6 address ::1.2.3.4 as ::ffff:1.2.3.4, which stands for an IPv4 address.
  const hex = text.replace(TRAILING_IPV4, (_, a, b, c, d) => {
    const group = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
    return `:${group(a, b)}:${group(c, d)}`
  })
  return ipaddr.parse(hex).toByteArray()
}

/** A peer as people write it: an IPv4-mapped address as the IPv4 one, IPv6 at its shortest. */
export function peerText(peer: Bytes | undefined): string {
  if (peer === undefined || (peer.length !== 4 && peer.length !== 16)) return 'unknown'
  const octets = Array.from(peer)
  if (octets.length === 4) return octets.join('.')
  if (isMapped(octets)) return octets.slice(12).join('.')
  return (ipaddr.fromByteArray(octets) as ipaddr.IPv6).toRFC5952String()
}

/** 127.0.0.0/8, mapped or not, and ::1. */
export function isLoopback(peer: Bytes): boolean {
  if (peer.length === 4) return peer[0] === 127
  if (peer.length !== 16) return false
  if (isMapped(peer)) return peer[12] === 127
  for (let at = 0; at < 15; at++) if (peer[at] !== 0) return false
  return peer[15] === 1
}

interface Range {
  readonly first: readonly number[]
  readonly last: readonly number[]
}

function parseEntry(entry: unknown): { words: number[]; length: number } {
  if (typeof entry !== 'string') throw badOption('trustedHosts', entry, 'is not a string')
  const slash = entry.indexOf('/')
  const address = slash < 0 ? entry : entry.slice(0, slash)
  const length = slash < 0 ? undefined : entry.slice(slash + 1)
  if (address.includes('%')) {
    throw badOption('trustedHosts', entry, 'has a zone id, which says nothing about who the peer is')
  }
  const octets = addressBytes(address)
  if (octets === undefined) {
    throw badOption(
      'trustedHosts',
      entry,
      'is not an IP address or CIDR (IPv4 has four decimal parts without leading zeros; names are not looked up)',
    )
  }
  const bits = octets.length * 8
  if (length !== undefined && !CIDR_LENGTH.test(length)) {
    throw badOption('trustedHosts', entry, `has a prefix length ${show(length)} that is not a number of bits`)
  }
  const size = length === undefined ? bits : Number(length)
  if (size > bits) throw outOfRange('trustedHosts', entry, `has a prefix length above ${bits}`)
  // A range inside ::ffff:0:0/96 becomes one of IPv4, because its peers are looked up as IPv4.
  if (octets.length === 16 && isMapped(octets) && size >= 96)
    return { words: [word(octets, 12)], length: size - 96 }
  const words: number[] = []
  for (let at = 0; at < octets.length; at += 4) words.push(word(octets, at))
  return { words, length: size }
}

function rangeOf(words: readonly number[], length: number): Range {
  const first: number[] = []
  const last: number[] = []
  words.forEach((value, index) => {
    const fixed = Math.min(32, Math.max(0, length - 32 * index))
    // Shifts take their count modulo 32, so 0 and 32 are handled apart.
    const host = fixed === 0 ? 0xffffffff : fixed === 32 ? 0 : 0xffffffff >>> fixed
    first.push((value & ~host) >>> 0)
    last.push((value | host) >>> 0)
  })
  return { first, last }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return a[at]! < b[at]! ? -1 : 1
  return 0
}

/** Sorts ranges and drops those that others contain. Two CIDRs never overlap otherwise. */
function pack(ranges: Range[], words: number): Uint32Array {
  ranges.sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last))
  const kept: Range[] = []
  for (const range of ranges) {
    const before = kept.at(-1)
    if (before === undefined || compare(before.last, range.first) < 0) kept.push(range)
  }
  const packed = new Uint32Array(kept.length * 2 * words)
  kept.forEach((range, index) => {
    packed.set(range.first, index * 2 * words)
    packed.set(range.last, index * 2 * words + words)
  })
  return packed
}

/** Whether ranges, sorted and without overlap, cover every address. */
function covers(packed: Uint32Array, words: number): boolean {
  // The first address that the ranges so far do not cover. It is all zeros again once the last address is covered.
  const next = new Uint32Array(words)
  for (let at = 0; at < packed.length; at += 2 * words) {
    if (packed.subarray(at, at + words).some((value, index) => value !== next[index])) return false
    next.set(packed.subarray(at + words, at + 2 * words))
    let digit = words - 1
    // The value of ++ itself is not cut to 32 bits.
    for (; digit >= 0; digit--) {
      next[digit]!++
      if (next[digit] !== 0) break
    }
    if (digit < 0) return true
  }
  return false
}

function within(packed: Uint32Array, words: number, a: number, b: number, c: number, d: number): boolean {
  let low = 0
  let high = packed.length / (2 * words) - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const at = middle * 2 * words
    if (below(packed, at, words, a, b, c, d) < 0) high = middle - 1
    else if (below(packed, at + words, words, a, b, c, d) > 0) low = middle + 1
    else return true
  }
  return false
}

/** Negative if the address lies before packed[at], positive if behind it. */
function below(
  p: Uint32Array,
  at: number,
  words: number,
  a: number,
  b: number,
  c: number,
  d: number,
): number {
  if (a !== p[at] || words === 1) return a < p[at]! ? -1 : a > p[at]! ? 1 : 0
  if (b !== p[at + 1]) return b < p[at + 1]! ? -1 : 1
  if (c !== p[at + 2]) return c < p[at + 2]! ? -1 : 1
  return d < p[at + 3]! ? -1 : d > p[at + 3]! ? 1 : 0
}

function word(bytes: Bytes, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function isMapped(bytes: Bytes): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}
