/** TLS to a receiver: its files, which are read again when they change. */
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { Followed, readSmallFile } from './followed-file.js'

/** Paths of files in PEM, and the name that the receiver's certificate must have if it is not the url's host. */
export interface Tls {
  /** Certificates that receivers are trusted by, in place of those that Node has. */
  readonly ca?: string
  /** The certificate that this program shows, followed by those between it and a root, and its key. */
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
}

/** What receivers are trusted by, and what they are shown. */
export interface Contexts {
  readonly own: SecureContext
  /** For another origin that a receiver redirects to: it does not see this program's certificate. */
  readonly others: SecureContext
}

/** A bundle of all authorities has less than a tenth, bytes. */
const MAX_PEM = 4 * 2 ** 20

function read(path: string | undefined): Buffer | undefined {
  return path === undefined ? undefined : readSmallFile(path, MAX_PEM)
}

/** @throws Error that says what is wrong: a file that cannot be read, or a certificate and a key of different pairs. */
export function contextsOf({ ca, cert, key }: Tls): Contexts {
  const trusted = contextOf(ca, { ca: read(ca) })
  if (cert === undefined) return { own: trusted, others: trusted }
  const pair = { cert: read(cert), key: read(key) }
  return { own: contextOf(cert, { ca: read(ca), ...pair }), others: trusted }
}

function contextOf(
  path: string | undefined,
  files: { ca?: Buffer; cert?: Buffer; key?: Buffer },
): SecureContext {
  try {
    // Node ignores a file of authorities that it cannot read, and then trusts nobody.
    if (files.ca !== undefined) new X509Certificate(files.ca)
    return createSecureContext({ ...files, minVersion: 'TLSv1.2' })
  } catch (error) {
    throw new Error(`${path} cannot be used: ${(error as Error).message}`)
  }
}

function tlsFiles({ ca, cert, key }: Tls): string[] {
  return [ca, cert, key].filter(path => path !== undefined)
}

/** Contexts as they are now: see Followed. */
export function followTls(tls: Tls): Followed<Contexts> {
  return new Followed(tlsFiles(tls), () => contextsOf(tls))
}
