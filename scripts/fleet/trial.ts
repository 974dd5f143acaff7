/** What happens in a trial, in order: the fleet starts, runs, loses servers, ends; then its figures are looked at. */
import { setTimeout as wait } from 'node:timers/promises'
import { account, fleetQuery, heard, type Row, seen } from './account.js'
import { type Fleet, JOB } from './fleet.js'
import type { Options } from './options.js'
import type { Prometheus, Store, VictoriaMetrics } from './stores.js'
import type { Total } from './table.js'

export interface TrialTools {
  readonly options: Options
  readonly fleet: Fleet
  readonly prometheus: Prometheus
  readonly victoria: VictoriaMetrics
  /** Aborts when the program is to end. */
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

export interface Figures {
  readonly rows: readonly Row[]
  readonly totals: readonly Total[]
}

/** The alert that tells of a server's end. */
const ALERTS = { scraped: 'MailScrapeMissing', pushing: 'MailPushMissing' } as const

export async function trial(tools: TrialTools): Promise<Figures> {
  const { options, fleet, prometheus, victoria, signal, say } = tools
  const since = Date.now()
  await fleet.start()
  const begun = performance.now()
  await arrived(prometheus, fleet.names, since)
  const ways = [...fleet.ways()].map(([way, count]) => `${count} ${way}`).join(', ')
  say(`${options.servers} servers run, and Prometheus hears of each: ${ways}`)
  await wait((1000 * options.seconds) / 2, undefined, { signal })

  const { victims, retired } = fleet.chosen()
  for (const name of retired) {
    await fleet.retire(name)
    // Its last push has said that its series end here.
    await prometheus.until(`nothing of ${name} is there`, async () => {
      return !(await heard(prometheus, JOB)).has(name) || undefined
    })
    say(`${name} (${fleet.wayOf(name)}) has ended by itself, and its series with it`)
  }
  for (const name of victims) {
    await fleet.kill(name)
    say(`killed ${name} (${fleet.wayOf(name)})`)
  }
  await Promise.all(victims.map(name => alertOf(name, tools, true)))
  if (options.again) {
    for (const name of victims) {
      await fleet.again(name)
      say(`started ${name} anew`)
    }
    await Promise.all(victims.map(name => alertOf(name, tools, false)))
  }
  const left = 1000 * options.seconds - (performance.now() - begun)
  if (left > 0) await wait(left, undefined, { signal })

  await fleet.quiet()
  const quiet = Date.now()
  say('the clients send no more; waiting for the last figures')
  await arrived(prometheus, fleet.alive, quiet)
  // What Prometheus has now is written to VictoriaMetrics, and added up by its rules.
  const there = Date.now()
  await arrived(victoria, fleet.alive, quiet)
  for (const store of [prometheus, victoria]) await recorded(store, there)
  const end = Date.now()
  for (const name of retired) await noAlert(name, tools, end - since)
  return figures(tools, since, end)
}

/** @throws Error if there was an alert of a server that has ended by itself. */
async function noAlert(name: string, { prometheus }: TrialTools, rangeMs: number): Promise<void> {
  const fired = `count_over_time(ALERTS{alertname="${ALERTS.pushing}", instance="${name}"}[${rangeMs}ms])`
  if ((await prometheus.value(fired)) === undefined) return
  throw new Error(`${ALERTS.pushing} was pending or fired for ${name}, which had ended by itself`)
}

/** Resolves when a store has a sample of each server that was measured after a time. */
async function arrived(store: Store, names: readonly string[], after: number): Promise<void> {
  await store.until(`it has heard of ${names.join(', ')}`, async () => {
    const last = await heard(store, JOB)
    return names.every(name => (last.get(name) ?? 0) > after) || undefined
  })
}

/** Resolves when a store has what the rules added up after a time. */
async function recorded(store: Store, after: number): Promise<void> {
  await store.until('the rules have added up', async () => {
    const at = await store.value(`timestamp(${RECORDED}{job="${JOB}"})`)
    return (at ?? 0) * 1000 > after || undefined
  })
}

const RECORDED = 'job:messages_received:last1h'

/** Resolves when the alert of a server's end fires, or no longer fires. */
async function alertOf(name: string, { fleet, prometheus, say }: TrialTools, firing: boolean): Promise<void> {
  const alert = ALERTS[fleet.wayOf(name) === 'scraped' ? 'scraped' : 'pushing']
  const begun = performance.now()
  await prometheus.until(`${alert} ${firing ? 'fires' : 'is over'} for ${name}`, async () => {
    const alerts = await prometheus.alerts(alert)
    const fires = alerts.some(({ state, labels }) => state === 'firing' && labels.instance === name)
    return fires === firing || undefined
  })
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  say(`${alert} ${firing ? 'fires' : 'is over'} for ${name} after ${seconds} s`)
}

async function figures(
  { fleet, prometheus, victoria }: TrialTools,
  since: number,
  end: number,
): Promise<Figures> {
  const rows: Row[] = []
  for (const run of await fleet.runs(end)) {
    rows.push(account(run, await seen(prometheus, JOB, run), await seen(victoria, JOB, run)))
  }
  // Of a server that was started anew the queries give the last run, and increase_pure() all of them.
  const last = rows.filter(({ run }) => run.until === end)
  const query = fleetQuery(JOB, end - since)
  const sum = (of: readonly Row[]) => ({
    least: of.reduce((sum, { least }) => sum + least, 0),
    most: of.reduce((sum, { most }) => sum + most, 0),
  })
  const total = async (what: string, store: Store, asked: string, of: readonly Row[]): Promise<Total> => ({
    ...{ what, asked, ...sum(of) },
    value: await store.value(asked, end),
  })
  const pure = query.replace('last_over_time', 'increase_pure')
  return {
    rows,
    totals: [
      await total('Prometheus', prometheus, query, last),
      await total('Prometheus, recorded', prometheus, `${RECORDED}{job="${JOB}"}`, last),
      await total('VictoriaMetrics', victoria, query, last),
      await total('VictoriaMetrics, recorded', victoria, `${RECORDED}{job="${JOB}"}`, last),
      await total('VictoriaMetrics, all runs', victoria, pure, rows),
    ],
  }
}
