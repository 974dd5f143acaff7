import { once as event } from 'node:events'
import { DEFAULT_ADDRESS, shownOf } from './source/address.js'
import { EXITS, SourceFailure } from './source/exits.js'
import { CLOCK } from './top/clock.js'
import { SORT_KEYS, type SortKey } from './top/order.js'
import { failureAsJson } from './top/plain.js'
import { lines, once, type TopOptions } from './top/run.js'
import { countOf, FLAG, headersOf, parsePlaced, secondsOf, TEXT, UsageError } from './usage.js'

const OPTIONS = {
  every: TEXT,
  timeout: TEXT,
  header: { type: 'string', multiple: true },
  once: FLAG,
  json: FLAG,
  filter: TEXT,
  sort: TEXT,
  reverse: FLAG,
  family: TEXT,
  by: TEXT,
  rows: TEXT,
} as const

/** So long, in ms, what was written last may take to go out. */
const LAST_WORDS = 1000

/** Shows what an endpoint counts, again and again on a terminal, else once. */
export async function top(args: readonly string[]): Promise<void> {
  const { values, positionals } = parsePlaced(args, OPTIONS)
  if (positionals.length > 1) throw new UsageError(`top takes one URL, and not ${positionals.length}`)
  const options = optionsOf(values)
  const [address] = positionals
  const stop = new AbortController()
  const { stdin, stdout, env } = process
  const draws = stdin.isTTY && stdout.isTTY && env.TERM !== 'dumb' && !values.once && !values.json
  // Who reads it may have enough: `| head`.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  try {
    if (draws) {
      const { view } = await import('./top/view/view.js')
      end(await view(address, options, CLOCK))
      return
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        stop.abort()
        end(EXITS.fine[0])
      })
    const output = {
      out: (text: string) => (stdout.write(text) ? undefined : event(stdout, 'drain')),
      err: (text: string) => process.stderr.write(`postmeter: ${text}`),
    }
    const command = values.json && !values.once ? lines : once
    process.exitCode = await command(address, options, output, CLOCK, stop.signal)
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error
    if (error.exit === 'usage') throw new UsageError(error.message)
    if (options.json)
      stdout.write(
        failureAsJson(shownOf(address ?? DEFAULT_ADDRESS), { kind: error.exit, message: error.message }),
      )
    process.stderr.write(`postmeter: ${error.message}\n`)
    process.exitCode = EXITS[error.exit][0]
  }
}

/** Also where a look is under way, which is given up, and where a terminal takes nothing any more. */
function end(code: number): void {
  process.stdout.write('', () => process.exit(code))
  setTimeout(() => process.exit(code), LAST_WORDS)
}

function optionsOf(values: ReturnType<typeof parsePlaced<typeof OPTIONS>>['values']): TopOptions {
  const { sort, rows, family, by, reverse = false } = values
  if (sort !== undefined && !SORT_KEYS.includes(sort as SortKey))
    throw new UsageError(`--sort ${sort} is none of ${SORT_KEYS.join(', ')}`)
  if (by !== undefined && family === undefined) throw new UsageError('--by goes with --family')
  return {
    every: secondsOf('every', values.every ?? '2'),
    timeout: secondsOf('timeout', values.timeout ?? '10'),
    headers: headersOf(values.header ?? []),
    filter: values.filter ?? '',
    order:
      sort === undefined && !reverse ? undefined : { key: (sort ?? 'name') as SortKey, reversed: reverse },
    family,
    by,
    most: rows === undefined ? undefined : countOf('rows', rows),
    json: values.json === true,
  }
}
