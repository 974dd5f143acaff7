import { get } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** What a URL answers with, as text. Rejects unless the status is 200. */
export function getBody(url: string, encoding = 'identity'): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { 'accept-encoding': encoding } }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode, headers } = response
        const body = Buffer.concat(parts)
        const encoded = headers['content-encoding'] ?? 'identity'
        if (statusCode !== 200) reject(new Error(`${url}: ${statusCode} ${body}`))
        else resolve((encoded === 'gzip' ? gunzipSync(body) : body).toString())
      })
    })
    request.on('error', reject)
  })
}
