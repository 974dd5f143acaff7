import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import { badOption } from '../../common/errors.js'
import { type Log, logEvent } from '../../common/log.js'

/** Files in PEM: the certificate, followed by those between it and a root, and its key. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

/** How often the files are checked, ms. That is enough, as a certificate is renewed days before it ends. */
export const RELOAD_EVERY = 2000

export interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
}

/** @throws TypeError that names option "tls" where the files cannot be read or do not belong together. */
export function readPair(tls: Tls): Pair {
  try {
    const pair = { cert: readFileSync(tls.cert), key: readFileSync(tls.key) }
    createSecureContext(pair)
    return pair
  } catch (error) {
    throw badOption('tls', tls, `cannot be used: ${(error as Error).message}`)
  }
}

/** Has a server use new files as they come. Open connections keep the old ones. Returns a function that ends this. */
export function followFiles(server: Server, tls: Tls, log: Log, every = RELOAD_EVERY): () => void {
  const reload = () => {
    try {
      server.setSecureContext({ ...readPair(tls), minVersion: 'TLSv1.2' })
      logEvent(log, { level: 'info', code: 'tls-reloaded', message: `${tls.cert} has changed and is used` })
    } catch (error) {
      // Perhaps only one of the two files has changed yet.
      const { message } = error as Error
      logEvent(log, {
        level: 'warn',
        code: 'tls-not-reloaded',
        message: `the old certificate stays: ${message}`,
      })
    }
  }
  const files = [tls.cert, tls.key]
  for (const file of files) watchFile(file, { interval: every, persistent: false }, reload)
  return () => {
    for (const file of files) unwatchFile(file, reload)
  }
}
