/**
 * Pushgateway: one request that has all series, in the text format, and takes the place of what the group had before (PUT)
 * or of the metrics of the same names (POST). The grouping key is in the path.
 */
import type { PushSource } from '../../exposition/push-source.js'
import { BUSY } from '../../exposition/span-walk.js'
import { type Bodies, type Protocol, single } from './body.js'

const HEADERS = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
/** How long to wait for a slot, ms. */
const PAUSE = 5

export class PushgatewayProtocol implements Protocol {
  readonly parallel = 1
  readonly #source: PushSource
  readonly #method: 'PUT' | 'POST'
  readonly #path: string

  constructor(source: PushSource, method: 'PUT' | 'POST', labels: Readonly<Record<string, string>>) {
    this.#source = source
    this.#method = method
    this.#path = groupPath(labels)
  }

  current(time: number): Bodies {
    const source = this.#source
    const body = { [Symbol.asyncIterator]: () => parts(source, time) }
    return single({ request: { method: this.#method, path: this.#path, headers: HEADERS, body } })
  }

  /** What is not in the next request is gone. */
  gone(): undefined {
    return undefined
  }

  withdraw(): Bodies {
    return single({ request: { method: 'DELETE', path: this.#path, headers: {}, body: undefined } })
  }
}

/** Not a generator, because that would wait for a slot for ever, whoever ends it. */
function parts(source: PushSource, time: number): AsyncIterator<Uint8Array, undefined> {
  const spans = source.spans(time)
  let over = false
  return {
    async next() {
      while (!over) {
        const part = spans.next(({ bytes }) => Uint8Array.from(bytes))
        if (part === undefined) break
        if (part !== BUSY) return { done: false, value: part }
        await new Promise(resolve => setTimeout(resolve, PAUSE))
      }
      return { done: true, value: undefined }
    },
    async return() {
      over = true
      return { done: true, value: undefined }
    },
  }
}

/** `/metrics/job/mta/instance/mx1`; what a path cannot hold is in base64. */
export function groupPath({ job = '', ...others }: Readonly<Record<string, string>>): string {
  const labels = [['job', job], ...Object.entries(others)] as const
  return `/metrics${labels.map(([name, value]) => pathOf(name, value)).join('')}`
}

function pathOf(name: string, value: string): string {
  // A slash would end the value, also as %2F, an empty one is none, and one or two dots are steps of the path.
  if (!/^\.{0,2}$|\//.test(value)) return `/${name}/${encodeURIComponent(value)}`
  const base64 = value === '' ? '=' : Buffer.from(value).toString('base64url')
  return `/${name}@base64/${base64}`
}
