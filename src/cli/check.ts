import { check as run } from './check/run.js'
import { SourceFailure } from './source/exits.js'
import type { Format } from './source/format.js'
import { countOf, FLAG, headersOf, parsePlaced, secondsOf, TEXT, UsageError } from './usage.js'

const OPTIONS = {
  format: TEXT,
  json: FLAG,
  watch: TEXT,
  timeout: TEXT,
  header: { type: 'string', multiple: true },
  limit: TEXT,
  top: TEXT,
} as const

const FORMATS: readonly string[] = ['text', 'openmetrics']
const WATCH_SECONDS = '15'

/** Checks an exposition, and ends with what was found. */
export async function check(args: readonly string[]): Promise<void> {
  const { values, positionals } = parsePlaced(withSeconds(args), OPTIONS)
  if (positionals.length > 1)
    throw new UsageError(`check takes one URL or file, and not ${positionals.length}`)
  const { format, watch, header = [] } = values
  if (format !== undefined && !FORMATS.includes(format))
    throw new UsageError(`--format ${format} is none of ${FORMATS.join(', ')}`)
  const stop = new AbortController()
  if (watch !== undefined)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  // Who reads it may have enough: `| head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const options = {
    format: format as Format | undefined,
    json: values.json === true,
    watch: watch === undefined ? undefined : secondsOf('watch', watch),
    timeout: secondsOf('timeout', values.timeout ?? '10'),
    headers: headersOf(header),
    most: countOf('limit', values.limit ?? '100'),
    top: countOf('top', values.top ?? '10'),
  }
  const output = {
    out: (text: string) => process.stdout.write(text),
    err: (text: string) => process.stderr.write(`postmeter: ${text}`),
  }
  const code = await run(positionals[0], options, output, stop.signal).catch((error: Error) => {
    if (!(error instanceof SourceFailure)) throw error
    throw error.exit === 'usage' ? new UsageError(error.message) : error
  })
  process.exitCode = code
  // A look that was under way when it was stopped is given up.
  if (stop.signal.aborted) process.stdout.write('', () => process.exit(code))
}

/** `--watch` may stand alone, and `--watch 5` be written as two words. */
function withSeconds(args: readonly string[]): string[] {
  const all: string[] = []
  for (let n = 0; n < args.length; n++) {
    const arg = args[n]!
    const next = args[n + 1]
    if (arg !== '--watch') all.push(arg)
    else if (next !== undefined && /^\d+(\.\d+)?$/.test(next)) {
      all.push(`--watch=${next}`)
      n++
    } else all.push(`--watch=${WATCH_SECONDS}`)
  }
  return all
}
