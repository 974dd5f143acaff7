/** `postmeter top` where there is no terminal: one look that has rates, or one line of JSON for each. */
import { EXITS, SourceFailure } from '../source/exits.js'
import type { Clock } from './clock.js'
import { type By, families, parts } from './list.js'
import { Endpoint, type Looked } from './look/endpoint.js'
import { Model } from './look/model.js'
import { type Order, sorted } from './order.js'
import { asJson, asText, failureAsJson } from './plain.js'
import { Poller } from './poller.js'

export interface TopOptions {
  /** Milliseconds. */
  readonly every: number
  readonly timeout: number
  readonly headers: Readonly<Record<string, string>>
  readonly filter: string
  readonly order: Order | undefined
  /** The family that is looked into, and by which label. */
  readonly family: string | undefined
  readonly by: By
  /** How many rows are printed; all where undefined. */
  readonly most: number | undefined
  readonly json: boolean
}

export interface Output {
  /** Gives a promise where whoever reads it does not keep up. */
  out(text: string): unknown
  err(text: string): void
}

/** What was asked for, made: a model that has the filter, and the endpoint that writes into it. */
export function prepared(address: string | undefined, options: TopOptions, clock: Clock) {
  const model = new Model()
  model.setFilter(options.filter)
  if (options.family !== undefined) model.openByName(options.family)
  const endpoint = new Endpoint(address, { ...options, now: () => clock.now() }, model)
  return { model, endpoint }
}

/** Looks twice, because rates need that, and prints once. Gives the code to end with. */
export async function once(
  address: string | undefined,
  options: TopOptions,
  { out }: Output,
  clock: Clock,
  stopped: AbortSignal,
): Promise<number> {
  const { model, endpoint } = prepared(address, options, clock)
  const names = options.family === undefined ? [] : [options.family]
  await endpoint.look()
  await clock.sleep(options.every, stopped)
  if (stopped.aborted) return EXITS.fine[0]
  const looked = await endpoint.look(endpoint.isOwn ? names : [])
  await out(printed(model, endpoint, looked, options))
  return EXITS.fine[0]
}

/** One line for each look, until it is stopped. */
export async function lines(
  address: string | undefined,
  options: TopOptions,
  { out, err }: Output,
  clock: Clock,
  stopped: AbortSignal,
): Promise<number> {
  const { model, endpoint } = prepared(address, options, clock)
  const looked = (looked: Looked) => out(printed(model, endpoint, looked, options))
  await looked(await endpoint.look())
  let gone = false
  const poller = new Poller(endpoint, options.every, clock, {
    looked: one => {
      if (gone) err(`${endpoint.shown} is back\n`)
      gone = false
      return looked(one)
    },
    failed: ({ exit, message }) => {
      if (!gone) err(`${message}\n`)
      gone = true
      return out(failureAsJson(endpoint.shown, { kind: exit, message }))
    },
    wanted: () => [],
  })
  await poller.run(stopped)
  return EXITS.fine[0]
}

function printed(model: Model, endpoint: Endpoint, looked: Looked, options: TopOptions): string {
  const { family, by, json, most } = options
  if (family !== undefined && model.opened?.family.look !== model.look)
    throw new SourceFailure('usage', `--family ${family}: there is no family of that name`)
  const all = family === undefined ? families(model) : parts(model, by)
  const order = options.order ?? { key: family === undefined ? 'name' : 'main', reversed: false }
  const rows = sorted(all, order).slice(0, most)
  if (!json) return asText(rows)
  const { samples, bad } = model
  return asJson(rows, { ...looked, source: endpoint.shown, samples, bad, family, by })
}
