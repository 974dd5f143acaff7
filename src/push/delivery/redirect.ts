/** Where a receiver sends us. */
import type { Answer, Failure } from './outcome.js'
import { shownUrl, shownUrlText } from './shown.js'

const MAX_REDIRECTS = 5

/** Those that keep method and body; 301 and 302 do so here, as a push that became a GET would push nothing. */
const FOLLOWED = [301, 302, 307, 308]

export function isRedirect(status: number): boolean {
  return status >= 300 && status <= 399
}

/** The url to go on with after `hops` redirects, or why there is none. */
export function nextUrl(
  { status, headers }: Answer,
  from: URL,
  { allowed, hops }: { allowed: boolean; hops: number },
): URL | Failure {
  const no = (why: string): Failure => ({ reason: 'redirect', why: `answered ${status} ${why}` })
  const { location } = headers
  if (location === undefined) return no('without a Location')
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  const to = `with Location ${url === undefined ? shownUrlText(location) : shownUrl(url)}`
  if (!allowed) return no(`${to}, and option "redirects" is not true`)
  if (!FOLLOWED.includes(status)) return no(`${to}, which is not where to push`)
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return no(`${to}, which is no http: or https: url`)
  if (from.protocol === 'https:' && url.protocol === 'http:') return no(`${to}, which would leave https:`)
  if (hops >= MAX_REDIRECTS) return no(`${to} after ${MAX_REDIRECTS} redirects`)
  return url
}
