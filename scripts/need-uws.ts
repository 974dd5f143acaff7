import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheOf, ifStarted } from './need.js'
import { installInto } from './npm.js'

/**
 * A repack for npm of a release of uWebSockets.js that has native parts for Node 20, 22, 24 and 25, and wants glibc 2.38.
 * It is not a dependency: 114 MB, for tests only. npm has none of a later release.
 */
const RELEASE = '20.57.0'
const SPEC = `uWebSockets.js@npm:@btc-vision/uwebsockets.js@${RELEASE}`

/** A folder in which a program finds this release as its own. @throws Error with the reason where it is not to be had. */
export async function needUws(): Promise<{ readonly folder: string }> {
  const folder = cacheOf(`uws-${RELEASE}`)
  if (!existsSync(join(folder, 'node_modules/uWebSockets.js/uws.js'))) await installInto(folder, SPEC)
  return { folder }
}

await ifStarted(import.meta.url, needUws)
