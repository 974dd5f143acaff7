/** Addresses as they are given, asked, and shown: a password in one is sent, and never shown. */
import { SourceFailure } from './exits.js'

/** Where postmeter listens unless it is told otherwise. */
export const DEFAULT_ADDRESS = 'http://127.0.0.1:8000/metrics'

const SOCKET = 'unix:'

/** Whether it says of a server where it is; else it is a file's, or none. */
export function isEndpoint(address: string): boolean {
  return /^https?:\/\/./i.test(address) || /^unix:./.test(address)
}

/** A server that is written without `http://`; undefined for what looks like none. */
export function bareServerOf(address: string): string | undefined {
  return /^(?:[^/\\@]*@)?([\w.-]+:\d+.*)$/s.exec(address)?.[1]
}

/** Without user and password: screens and logs are read by others. */
export function shownOf(address: string): string {
  if (address.startsWith(SOCKET)) return address
  const server = bareServerOf(address)
  if (server !== undefined) return server
  // Where an address is no URL, nobody can tell what of it is a password.
  return URL.canParse(address)
    ? address.replace(/^(\w+:[/\\]*)[^/\\?#]*@/, '$1')
    : address.replace(/^(\w+:[/\\]*).*@/s, '$1')
}

/** The path of a Unix socket's file; undefined for other addresses. */
export function socketOf(address: string): string | undefined {
  return address.startsWith(SOCKET) ? address.slice(SOCKET.length) : undefined
}

export interface Target {
  /** Without user and password. */
  readonly url: URL
  /** What the address says of who asks. */
  readonly authorization: string | undefined
}

/** A path is added where there is none: what stands at / is for people. @throws SourceFailure */
export function targetOf(address: string): Target {
  if (address.startsWith(SOCKET))
    return { url: new URL('http://localhost/metrics'), authorization: undefined }
  if (!URL.canParse(address)) throw new SourceFailure('usage', `${shownOf(address)} is no URL`)
  const target = withoutUser(new URL(address))
  if (/^https?:\/\/[^/?#]+$/i.test(address)) target.url.pathname = '/metrics'
  return target
}

/** A URL, and who asks, which is no part of it any more. */
export function withoutUser(url: URL): Target {
  const { username, password } = url
  if (username === '' && password === '') return { url, authorization: undefined }
  url.username = ''
  url.password = ''
  const user = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')
  return { url, authorization: `Basic ${user}` }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A % that is meant as it stands there.
    return text
  }
}
