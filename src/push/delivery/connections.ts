/** Connections to a receiver, kept alive between pushes. */
import { type Agent, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { SecureContext } from 'node:tls'
import type { Followed } from './followed-file.js'
import type { Contexts } from './tls.js'

/** More than these are closed after use: pushes of one receiver need a few at a time. */
const MAX_IDLE = 4

const KEPT = { keepAlive: true, maxFreeSockets: MAX_IDLE }

/** Node keeps idle connections from holding up the thread's end. */
export class Connections {
  readonly #tls: Followed<Contexts>
  readonly #serverName: string | undefined
  readonly #http = new HttpAgent(KEPT)
  #own: HttpsAgent | undefined
  #others: HttpsAgent | undefined

  constructor(tls: Followed<Contexts>, serverName: string | undefined) {
    this.#tls = tls
    this.#serverName = serverName
  }

  /**
   * Agent for a url; `own` if it is of the receiver's own origin. Has the files of TLS read first if they have changed:
   * connections that are idle then are closed, as they were made with the old ones.
   */
  agentFor(url: URL, own: boolean): { agent: Agent | undefined; error?: Error; changed: boolean } {
    if (url.protocol === 'http:') return { agent: this.#http, changed: false }
    const { value, changed, error } = this.#tls.look()
    if (value !== undefined && (changed || this.#own === undefined)) {
      retire(this.#own)
      retire(this.#others)
      this.#own = agentOf(value.own, this.#serverName)
      this.#others = agentOf(value.others, undefined)
    }
    return { agent: own ? this.#own : this.#others, changed, ...(error === undefined ? {} : { error }) }
  }

  /** Closes idle connections, so that the next request gets a fresh one. */
  dropIdle(): void {
    for (const agent of [this.#http, this.#own, this.#others]) dropIdle(agent)
  }

  /** Closes all, those in use as well. */
  close(): void {
    for (const agent of [this.#http, this.#own, this.#others]) agent?.destroy()
  }
}

function agentOf(secureContext: SecureContext, servername: string | undefined): HttpsAgent {
  return new HttpsAgent({
    ...KEPT,
    secureContext,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: what is sent has credentials in it.
    rejectUnauthorized: true,
    ...(servername === undefined ? {} : { servername }),
  })
}

/** Requests under way go on to their end. */
function retire(agent: HttpsAgent | undefined): void {
  if (agent === undefined) return
  agent.maxFreeSockets = 0
  dropIdle(agent)
}

function dropIdle(agent: Agent | undefined): void {
  for (const sockets of Object.values(agent?.freeSockets ?? {}))
    for (const socket of [...(sockets ?? [])]) socket.destroy()
}
