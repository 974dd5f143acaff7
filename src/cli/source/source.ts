/** Where an exposition comes from: an endpoint, a file, or what is piped in. */
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { bareServerOf, DEFAULT_ADDRESS, isEndpoint, shownOf } from './address.js'
import { SourceFailure } from './exits.js'
import { type FetchOptions, fetchBody } from './fetch.js'

export interface Body {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Of an endpoint; undefined for others. */
  readonly endpoint: { readonly contentType: string | undefined } | undefined
}

export interface Source {
  /** As it is shown. */
  readonly shown: string
  /** Whether it can be looked at again. */
  readonly again: boolean
  open(): Promise<Body>
}

const STDIN = '-'

/** @throws SourceFailure for an address that is none. */
export function sourceOf(given: string | undefined, options: FetchOptions): Source {
  const what = given ?? DEFAULT_ADDRESS
  if (what === STDIN)
    return {
      ...{ shown: 'stdin', again: false },
      open: async () => ({ chunks: await unzipped(process.stdin, 'stdin'), endpoint: undefined }),
    }
  if (isEndpoint(what))
    return {
      ...{ shown: shownOf(what), again: true },
      open: async () => {
        const { chunks, contentType } = await fetchBody(what, options)
        return { chunks, endpoint: { contentType } }
      },
    }
  if (/^(?:https?|unix):\/*$/i.test(what))
    throw new SourceFailure(
      'usage',
      `${what} is no address: it names no ${/^unix/i.test(what) ? 'socket' : 'server'}`,
    )
  return {
    ...{ shown: bareServerOf(what) ?? what, again: true },
    open: async () => ({
      chunks: await unzipped(createReadStream(what, { highWaterMark: 2 ** 18 }), what),
      endpoint: undefined,
    }),
  }
}

/** The bytes of a stream, unpacked if they are gzip. */
async function unzipped(stream: Readable, name: string): Promise<AsyncIterable<Uint8Array>> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await told(chunks.next(), name)
  const all = (async function* () {
    for (let one = first; !one.done; one = await told(chunks.next(), name)) yield one.value
  })()
  const isGzip = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b
  if (!isGzip) return all
  const gunzip = Readable.from(all, { objectMode: false }).pipe(createGunzip())
  return (async function* () {
    try {
      yield* gunzip
    } catch (error) {
      throw new SourceFailure('foreign', `${name} cannot be unpacked: ${(error as Error).message}`)
    }
  })()
}

/** @throws SourceFailure in the words of whoever started it. */
async function told<T>(next: Promise<T>, name: string): Promise<T> {
  try {
    return await next
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const server = bareServerOf(name)
    const why: Readonly<Record<string, string>> = {
      ENOENT: `there is no file ${server ?? name}${server === undefined ? '' : `: an endpoint is written http://${server}`}`,
      EACCES: `${name} may not be read by this user`,
      EISDIR: `${name} is a folder`,
    }
    throw new SourceFailure('file', why[code ?? ''] ?? `${name} cannot be read: ${message}`)
  }
}
