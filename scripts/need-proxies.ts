import { ifStarted, type Linked, needLinked } from './need.js'

/** Debian's packages of each proxy, with what not every Debian has. */
const PACKAGES = {
  nginx: ['nginx'],
  haproxy: ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
  caddy: ['caddy'],
} as const

/** The option with which each says its version. */
const VERSION = { nginx: '-v', haproxy: '-v', caddy: 'version' } as const

export type ProxyName = keyof typeof PACKAGES

/** A reverse proxy, from PATH or from Debian's packages. @throws Error with the reason where it is not to be had. */
export function needProxy(proxy: ProxyName): Promise<Linked> {
  return needLinked(proxy, PACKAGES[proxy], VERSION[proxy])
}

await ifStarted(import.meta.url, async () => {
  const found: Record<string, string> = {}
  for (const proxy of Object.keys(PACKAGES) as ProxyName[]) found[proxy] = (await needProxy(proxy)).program
  return found
})
