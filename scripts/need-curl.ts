import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findIn, ifStarted, unpack, whyOf } from './need.js'

const run = promisify(execFile)
/** What curl is linked with, beyond what every Debian has. */
const PACKAGES = ['curl', 'libcurl4', 'libnghttp2-14', 'libssh2-1', 'librtmp1', 'libpsl5', 'libbrotli1']
const MORE = ['libldap-2.5-0', 'libsasl2-2', 'libidn2-0', 'libunistring2']

export interface Curl {
  readonly curl: string
  /** Where its libraries are; empty for the system's own. */
  readonly libraries: string
}

/** curl, from PATH or from Debian's packages. @throws Error with the reason where it is not to be had. */
export async function needCurl(): Promise<Curl> {
  const onPath = await findIn((process.env.PATH ?? '').split(':').filter(Boolean), ['curl'])
  if (onPath !== undefined) return { ...onPath, libraries: '' }
  try {
    const folder = await unpack('curl', ...PACKAGES, ...MORE)
    const curl = join(folder, 'usr/bin/curl')
    const { stdout } = await run('dpkg-architecture', ['-qDEB_HOST_MULTIARCH']).catch(() => ({
      stdout: 'x86_64-linux-gnu',
    }))
    const libraries = join(folder, 'usr/lib', stdout.trim())
    await run(curl, ['--version'], { env: { LD_LIBRARY_PATH: libraries } })
    return { curl, libraries }
  } catch (error) {
    throw new Error(`curl is not on PATH, and Debian's packages of it do not run: ${whyOf(error)}`)
  }
}

await ifStarted(import.meta.url, needCurl)
