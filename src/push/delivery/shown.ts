/** How what may hold secrets is named in messages. */
import { show } from '../../common/errors.js'

const MOST = 200

/** A url without credentials, query and fragment. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, MOST)
}

/** Likewise, of a value that need not be a url: what could be credentials or a query is left out. */
export function shownUrlText(value: unknown): string {
  if (typeof value !== 'string') return show(value)
  return show(value.replace(/[?#].*$/s, '').replace(/^([^@]*\/\/)?.*@/s, '$1'))
}

/** The first line of what a receiver answered, if it is text. */
export function firstLine(type: string | undefined, body: Uint8Array): string | undefined {
  if (!/^(?:text\/plain|application\/(?:[\w.+-]+\+)?json)\b/i.test(type ?? '')) return undefined
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString()
  return /[^\s][^\r\n]*/.exec(text)?.[0]
}

/**
 * What a receiver says, quoted for a message. Undefined if `said` or `all` that it answered has a secret in it, as
 * receivers can answer with what they were sent.
 */
export function quoted(said: string, all: string, secrets: Iterable<string>): string | undefined {
  const text = said.slice(0, MOST).toWellFormed()
  for (const secret of secrets) {
    for (const spelled of spellings(secret))
      if (spelled !== '' && (all.includes(spelled) || said.includes(spelled))) return undefined
  }
  return show(text)
}

/** As it is, in a url, and in JSON. */
function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)]
}
