/** The program's own headers. Their values may be secrets: no message shows one. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { badOption, isPlain, typeError } from '../../common/errors.js'

/** What says how a body and its connection are read: only we know it. */
const OURS = [
  ...['connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host', 'http2-settings'],
  ...['keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]

/**
 * Option `headers`, as a copy. `set` are those that the protocol sets, in lower case; with `auth`, `authorization` is one
 * of them.
 * @throws TypeError that names the header.
 */
export function checkHeaders(given: unknown, set: readonly string[], auth: boolean): Record<string, string> {
  if (given === undefined) return {}
  if (!isPlain(given)) throw badOption('headers', given, 'is not an object of names and values')
  const seen = new Set<string>()
  const headers = Object.entries(given).map(([name, value]) => {
    const lower = name.toLowerCase()
    if (!isOk(() => validateHeaderName(name))) throw badOption('headers', name, 'is not the name of a header')
    if (OURS.includes(lower) || set.includes(lower))
      throw badOption('headers', name, 'is set by push() itself')
    if (lower === 'authorization' && auth)
      throw badOption('headers', name, 'is what option "auth" sets: give one of them')
    if (seen.has(lower)) throw badOption('headers', name, 'is there in another spelling, too')
    seen.add(lower)
    if (typeof value !== 'string' || !isOk(() => validateHeaderValue(name, value)))
      throw typeError(
        'ERR_POSTMETER_OPTION',
        `option "headers": the value of "${lower}" is not one line of text`,
      )
    return [lower, value] as const
  })
  return Object.fromEntries(headers)
}

function isOk(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}
