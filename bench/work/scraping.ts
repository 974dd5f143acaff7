/** A program that serves series, one that serves the same bytes already encoded, and one that scrapes them. */
import type { TransportName } from '../../src/front/transports/choose.js'
import { Child } from '../harness/child.js'
import type { Serving } from './scrape-server.js'

/** So many gauges, and Workers that record meanwhile. */
export function startScrapeServer(
  series: number,
  workers = 0,
  transport: TransportName | 'auto' = 'auto',
): Promise<[Child, Serving]> {
  const args = [String(series), String(workers), transport]
  return Child.start(new URL('./scrape-server.js', import.meta.url), args)
}

/** The body of another server as it is now, by the same transport. */
export function startEncodedServer({ url, transport }: Serving): Promise<[Child, Serving]> {
  return Child.start(new URL('./encoded-server.js', import.meta.url), [url, transport])
}

export async function startScrapeClient(): Promise<Child> {
  const [client] = await Child.start<string>(new URL('./scrape-client.js', import.meta.url), [])
  return client
}
