import { Agent, get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { answerQuestions } from '../../harness/child.js'

/** Scrapes one after the other for so long, as Prometheus asks; or as long of nothing. */
export interface Visit {
  readonly url: string
  readonly seconds: number
  readonly scrape: boolean
}

export interface Visited {
  readonly scrapes: number
  readonly bytes: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const headers = {
  accept: 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
  'accept-encoding': 'gzip',
  'x-prometheus-scrape-timeout-seconds': '10',
}

answerQuestions<Visit>('ready', async ({ url, seconds, scrape }) => {
  let scrapes = 0
  let bytes = 0
  if (!scrape) {
    await wait(seconds * 1000)
    return { scrapes, bytes } satisfies Visited
  }
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    bytes += await one(url)
    scrapes++
  }
  return { scrapes, bytes } satisfies Visited
})

function one(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers }, response => {
      let bytes = 0
      response.on('data', part => {
        bytes += part.length
      })
      response.once('error', reject)
      response.once('end', () => {
        if (response.statusCode === 200 && response.headers['content-encoding'] === 'gzip') resolve(bytes)
        else reject(new Error(`${url}: ${response.statusCode} ${response.headers['content-encoding']}`))
      })
    })
    request.once('error', reject)
  })
}
