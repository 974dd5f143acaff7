/**
 * What the clients of each server know, beside what Prometheus and VictoriaMetrics say.
 *
 * Of a server that ended by itself, both must have to the message what its clients sent. Of one that was killed, what it counted
 * after its last scrape or push is lost: there must be at least what its clients knew to be accepted when that was made, and
 * at most what they ever sent, answered or not.
 */
import type { Told } from './client.js'
import type { End, Way } from './server.js'
import type { Sample, Store } from './stores.js'

const SERIES = (job: string) => `total_messages_received{job="${job}", service="esmtp_listener"}`

/** One run of a server, as it is accounted for. */
export interface Run {
  /** As it is shown. */
  readonly name: string
  /** Its label. */
  readonly instance: string
  readonly way: Way
  readonly end: End
  /** ms since the epoch: its samples are later than the first, and not later than the second. */
  readonly since: number
  readonly until: number
  readonly told: Told
}

export interface Row {
  readonly run: Run
  /** Between these its figure must be. */
  readonly least: number
  readonly most: number
  readonly prometheus: Sample | undefined
  readonly victoria: Sample | undefined
  readonly right: boolean
}

/** Scrapes are recorded at even intervals, if they are a little off. */
const TOLERANCE_MS = 10

/** What the clients knew to be accepted at a time. */
export function acceptedBy({ history }: Told, time: number): number {
  return history.findLast(([at]) => at <= time - TOLERANCE_MS)?.[1] ?? 0
}

export function account(run: Run, prometheus: Sample | undefined, victoria: Sample | undefined): Row {
  const { told } = run
  const killed = run.end === 'killed'
  const least = killed ? acceptedBy(told, prometheus?.at ?? 0) : told.sent
  const most = told.sent + told.unanswered
  const within = (seen: Sample | undefined) =>
    seen === undefined ? killed && least === 0 : seen.value >= least && seen.value <= most
  const exact = killed || told.unanswered === 0
  const right = exact && within(prometheus) && within(victoria) && prometheus?.value === victoria?.value
  return { run, least, most, prometheus, victoria, right }
}

/** The last that a store has of a run. */
export async function seen(store: Store, job: string, run: Run): Promise<Sample | undefined> {
  const series = SERIES(job).replace('}', `, instance="${run.instance}"}`)
  return (await store.samples(`${series}[${run.until - run.since}ms]`, run.until)).at(-1)
}

/** The fleet-wide query: the last that was heard of each server since a time, added up. */
export function fleetQuery(job: string, rangeMs: number): string {
  return `sum(last_over_time(${SERIES(job)}[${rangeMs}ms]))`
}

/** When each server was last heard of, ms since the epoch, by instance. Those that are gone are not there. */
export async function heard(store: Store, job: string): Promise<Map<string, number>> {
  const answers = await store.query(`timestamp(${SERIES(job)})`)
  return new Map(answers.map(({ metric, value }) => [metric.instance!, 1000 * value]))
}
