import { createRequire } from 'node:module'
import type { RequestHandler } from '../scrapes/request-handler.js'
import type { Choice } from './choose.js'
import { answerUws } from './exchange-uws.js'
import type { Address } from './listen.js'
import { portOf } from './probe.js'
import { listenError, type Transport, type TransportSettings } from './transport.js'
import { TurnBudget } from './turn-budget.js'
import type { Uws } from './uws.js'
import { UwsConnections } from './uws-connections.js'
import { UwsListeners } from './uws-listeners.js'
import { uwsRelease } from './uws-release.js'

/** How often listening is tried: what was in the way may be gone when node:net looks for it. */
const ATTEMPTS = 5

/** Loads the native part that choose() found. Throws if this system cannot load it. */
export function loadUws({ native, release }: Extract<Choice, { transport: 'uws' }>): Uws {
  return { ...createRequire(import.meta.url)(native), release }
}

/** Listens through uWebSockets.js. Rejects with an Error that names option "listen". */
export async function listenUws(settings: TransportSettings, uws: Uws): Promise<Transport> {
  const { listen, handler } = settings
  let cause: Error | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // For port 0 uWebSockets.js leaves out SO_REUSEADDR, and a front that is started again on the port that it got would
    // have to wait until the system has forgotten the last connections.
    const chosen = listen.port === 0 ? await portOf(listen) : listen.port
    settings.signal?.throwIfAborted()
    // uWebSockets.js does not report why it cannot listen. node:net does, when it is asked for the same.
    const listeners = typeof chosen === 'number' ? listenOnce(uws, settings, chosen) : undefined
    if (listeners !== undefined) return transport(listeners, handler, listen)
    const why = typeof chosen === 'number' ? await portOf({ ...listen, port: chosen }) : chosen
    // Try again if the port has become free, or if another process has taken the one that was chosen.
    if (typeof why !== 'number') cause = why
    if (typeof why !== 'number' && listen.port !== 0) break
  }
  throw listenError(listen, cause ?? new Error('uWebSockets.js could not listen there'))
}

function listenOnce(uws: Uws, settings: TransportSettings, port: number): UwsListeners | undefined {
  const { listen, handler, listens } = settings
  const connections = new UwsConnections(handler)
  const all = { handler, budget: new TurnBudget(), release: uwsRelease(uws.release), connections }
  const listeners = new UwsListeners({
    uws,
    address: { ...listen, port },
    onRequest: (response, request, listener) => answerUws(request, response, { ...all, listener }),
    watch: app => connections.watch(app),
    bounded: () => connections.reported,
    shed: () => handler.shed(),
    shut: () => handler.shut(),
    ...(listens === undefined ? {} : { listens }),
  })
  if (listeners.listen()) return listeners
  listeners.destroy()
  return undefined
}

function transport(listeners: UwsListeners, handler: RequestHandler, asked: Address): Transport {
  let closed: Promise<void> | undefined
  listeners.watch()
  return {
    name: 'uws',
    address: { ...asked, port: listeners.port },
    inPlace: () => true,
    destroy: () => listeners.destroy(),
    close: grace => {
      closed ??= (async () => {
        listeners.stopListening()
        await handler.quiesce(grace)
        listeners.destroy()
      })()
      return closed
    },
  }
}
