/** Pushes a registry's exposition to a Pushgateway. What it needs of Node is loaded by the first push. */

import type { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { plainError } from '../common/errors.js'
import { globalRegistry, Registry } from './registry.js'
import type { RegistryContentType } from './types.js'

const require = createRequire(import.meta.url)

interface Answer {
  resp?: unknown
  body?: unknown
}

export class Pushgateway<T extends RegistryContentType = RegistryContentType> {
  /** @internal */
  readonly registry: Registry<T>
  /** @internal */
  readonly gatewayUrl: string
  /** @internal */
  readonly requireJobName: boolean
  /** @internal */
  readonly requestOptions: Record<string, unknown>

  /** `options` are those of `http.request()`, and `requireJobName`; client_js takes a registry in their place, too. */
  // biome-ignore lint/suspicious/noExplicitAny: as prom-client declares it
  constructor(url: string, options?: any, registry?: Registry<T>) {
    const inTheirPlace = options instanceof Registry
    const { requireJobName = true, ...requestOptions } = (inTheirPlace ? undefined : options) ?? {}
    this.registry = (inTheirPlace ? options : registry) ?? globalRegistry
    this.gatewayUrl = url
    this.requireJobName = requireJobName
    this.requestOptions = requestOptions
  }

  /** Replaces metrics of the same names. */
  pushAdd(params: Partial<Pushgateway.Parameters> = {}): Promise<Answer> {
    return this.#send('POST', params)
  }

  /** Replaces all metrics of the job and groupings. */
  push(params: Partial<Pushgateway.Parameters> = {}): Promise<Answer> {
    return this.#send('PUT', params)
  }

  /** Deletes all metrics of the job and groupings. */
  delete(params: Partial<Pushgateway.Parameters> = {}): Promise<Answer> {
    return this.#send('DELETE', params)
  }

  /** Not async: a job that is missing throws at once. */
  #send(method: string, { jobName, groupings }: Partial<Pushgateway.Parameters>): Promise<Answer> {
    if (this.requireJobName && !jobName) throw plainError('ERR_POSTMETER_OPTION', 'Missing jobName parameter')
    return this.#request(method, this.#target(jobName, groupings))
  }

  #target(jobName: string | undefined, groupings: Record<string, string> = {}): URL {
    const target = new URL(this.gatewayUrl)
    const parts = ['metrics']
    if (jobName) {
      parts.push('job', jobName)
      for (const [name, value] of Object.entries(groupings ?? {})) parts.push(name, value)
    }
    const path = target.pathname === '/' ? '' : target.pathname
    target.pathname = `${path}/${parts.map(encodeURIComponent).join('/')}`
    return target
  }

  async #request(method: string, target: URL): Promise<Answer> {
    // Not by `node:http`: test runners replace them by their plain names.
    const name = target.protocol === 'https:' ? 'https' : 'http'
    const { request } = require(name) as typeof import('node:http')
    const { urlToHttpOptions } = require('node:url') as typeof import('node:url')
    const headers = { ...(this.requestOptions.headers as Record<string, string> | undefined) }
    const gzip = headers['Content-Encoding'] === 'gzip'
    if (method === 'DELETE') delete headers['Content-Encoding']
    const options = { ...urlToHttpOptions(target), ...this.requestOptions, headers, method }
    return new Promise((resolve, reject) => {
      const sent = request(options, answer => void finish(answer).then(resolve, reject))
      sent.on('error', reject)
      sent.on('timeout', () => sent.destroy(new Error('Pushgateway request timed out')))
      if (method === 'DELETE') sent.end()
      else
        this.registry.metrics().then(
          text => {
            sent.end(gzip ? (require('node:zlib') as typeof import('node:zlib')).gzipSync(text) : text)
          },
          error => {
            sent.destroy()
            reject(error)
          },
        )
    })
  }
}

async function finish(resp: IncomingMessage): Promise<Answer> {
  resp.setEncoding('utf8')
  let body = ''
  for await (const part of resp) body += part
  if ((resp.statusCode ?? 0) >= 400) throw new Error(`push failed with status ${resp.statusCode}, ${body}`)
  return { resp, body }
}

export namespace Pushgateway {
  export interface Parameters {
    jobName: string
    groupings?: {
      [key: string]: string
    }
  }
}
