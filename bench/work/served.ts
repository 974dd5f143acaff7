import { choose, type TransportName } from '../../src/front/transports/choose.js'

/** What serves scrapes through this transport here: `uWebSockets.js 20.57.0` or `node:http`. */
export function servedBy(transport: TransportName = choose().transport): string {
  const choice = choose()
  return transport === 'uws' && choice.transport === 'uws' ? `uWebSockets.js ${choice.release}` : 'node:http'
}
