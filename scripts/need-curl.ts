import { ifStarted, type Linked, needLinked } from './need.js'

/** What curl is linked with, beyond what every Debian has. */
const PACKAGES = ['curl', 'libcurl4', 'libnghttp2-14', 'libssh2-1', 'librtmp1', 'libpsl5', 'libbrotli1']
const MORE = ['libldap-2.5-0', 'libsasl2-2', 'libidn2-0', 'libunistring2']

/** curl, from PATH or from Debian's packages. @throws Error with the reason where it is not to be had. */
export function needCurl(): Promise<Linked> {
  return needLinked('curl', [...PACKAGES, ...MORE])
}

await ifStarted(import.meta.url, async () => ({ curl: (await needCurl()).program }))
