/**
 * The files of docs/fleet and docs/monitoring, as a trial needs them: they are made for a scrape every 15 s, and nobody
 * waits for minutes here, so that all their times are shortened alike.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

/** Where the pages' files are. */
export const docs = fileURLToPath(new URL('../../../docs', import.meta.url))

/** The interval that the files are made for, ms. */
export const MADE_FOR_MS = 15_000

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** Fields whose value is a duration. */
const DURATION_FIELDS =
  /^(\s*(?:- )?(?:for|keep_firing_for|interval|scrape_interval|evaluation_interval|scrape_timeout|refresh_interval|batch_send_deadline):\s*)(\d+[smh])[ \t]*$/gm

/** Durations in square brackets: of a range, and the step of a subquery. */
const RANGES = /\[(\d+[smh])(?::(\d+[smh]))?\]/g

/** Shortens the durations of a file in YAML, in fields and in ranges. Names such as rate5m stay. */
export function shortened(text: string, everyMs: number): string {
  const short = (duration: string) =>
    `${Math.max(1, Math.round((Number(duration.slice(0, -1)) * UNIT_MS[duration.slice(-1)]! * everyMs) / MADE_FOR_MS))}ms`
  return text
    .replace(DURATION_FIELDS, (_all, field, duration) => field + short(duration))
    .replace(RANGES, (_all, range, step) => `[${short(range)}${step === undefined ? '' : `:${short(step)}`}]`)
}

/** The files that one Prometheus of a fleet reads, by name: itself at HOST:PORT, and the URL that it writes to. */
export async function files(everyMs: number, itself: string, write: string): Promise<Record<string, string>> {
  const config = parse(shortened(await read('fleet/prometheus.yml'), everyMs))
  config.remote_write[0].url = write
  const own = config.scrape_configs.find(({ job_name }: { job_name: string }) => job_name === 'prometheus')
  own.static_configs[0].targets = [itself]
  const made: Record<string, string> = { 'prometheus.yml': stringify(config) }
  for (const name of config.rule_files as string[]) {
    const folder = name.startsWith('fleet-') ? 'fleet' : 'monitoring'
    made[name] = shortened(await read(`${folder}/${name}`), everyMs)
  }
  return made
}

function read(name: string): Promise<string> {
  return readFile(`${docs}/${name}`, 'utf8')
}
