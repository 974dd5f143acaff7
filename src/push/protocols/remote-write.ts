/**
 * Prometheus remote write: a span is a request of the protocol, compressed by snappy's block format.
 * Sources: the specifications of remote write 1.0 and 2.0.
 */
import { createRequire } from 'node:module'
import { lacksFile } from '../../common/files.js'
import type { Answer } from '../delivery/outcome.js'
import type { SpanFormat } from './spans.js'

export type RemoteWriteVersion = '1.0' | '2.0'

const require = createRequire(import.meta.url)

const WRITTEN = 'x-prometheus-remote-write-samples-written'

const HEADERS: Readonly<Record<RemoteWriteVersion, Readonly<Record<string, string>>>> = {
  '1.0': {
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  },
  '2.0': {
    'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
    'x-prometheus-remote-write-version': '2.0.0',
  },
}

const LACKING = 'needs the package snappyjs, which compresses: npm install snappyjs'

/** @throws Error if snappyjs is not installed. */
export function remoteWrite(version: RemoteWriteVersion): SpanFormat {
  const snappy = loadSnappy()
  if (snappy === undefined) throw new Error(`remote write ${LACKING}`)
  const { compress } = snappy
  return {
    headers: { ...HEADERS[version], 'content-encoding': 'snappy' },
    // A copy: what it is a part of is larger than the span, and would live as long.
    body: ({ bytes }) => Uint8Array.from(compress(bytes)),
    ...(version === '2.0' ? { accepts: speaks } : {}),
  }
}

/** A receiver of 1.0 reads a request of 2.0 as an empty one, and is content. */
function speaks({ headers }: Answer): string | undefined {
  if (headers[WRITTEN] !== undefined) return undefined
  return `does not say how many samples it wrote (${WRITTEN}): it does not know remote write 2.0; set option "version" to "1.0"`
}

type Snappy = typeof import('snappyjs')

/** Undefined if it is not installed. Bundlers take a `require` in such a block for what may be missing. */
function loadSnappy(): Snappy | undefined {
  try {
    return require('snappyjs') as Snappy
  } catch (error) {
    if (!lacksFile(error)) throw error
    return undefined
  }
}

/** What is missing to compress; undefined if nothing is. */
export function lackingForRemoteWrite(): string | undefined {
  return loadSnappy() === undefined ? LACKING : undefined
}
