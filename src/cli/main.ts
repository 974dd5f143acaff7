/** `postmeter`: what an operator starts beside the service. */
import { createRequire } from 'node:module'
import { check } from './check.js'
import { dump } from './dump.js'
import { serve } from './serve.js'
import { exitLines } from './source/exits.js'
import { top } from './top.js'
import { UsageError } from './usage.js'

const HELP = `postmeter serve --file PATH | --pid PID [--name NAME] [options]
  Serves what a service records, from a process of its own, until it is ended.
    --file PATH              the file of createRegistry({ file })
    --pid PID                a process of createRegistry({ shared: true })
    --name NAME              which of its registries, if it has several
    --listen ADDRESS         127.0.0.1:8000 (default), [::1]:8000, unix:/run/metrics.sock
    --trusted-hosts LIST     who may read, as 127.0.0.1,10.0.0.0/8; default 127.0.0.1,::1
    --allowed-hosts LIST     what the Host header may be; default any
    --openmetrics, --protobuf  what readers may ask for beside text
    --tls-cert FILE, --tls-key FILE  serves HTTPS
    --socket-mode MODE       permissions of a Unix socket, as 660
    --transport NAME         auto (default), uws, http
    --no-self-metrics        without the library's own metrics
    --no-dashboard           without the live page at /dashboard

postmeter dump --file PATH | --pid PID [--name NAME] [options]
  Prints what a service has recorded, also after its end.
    --format FORMAT          text (default), openmetrics, json, protobuf
    --prefix PREFIX          before every metric name
    --no-self-metrics

postmeter check [URL | FILE | -] [options]
  Checks an exposition, in text or OpenMetrics: default http://127.0.0.1:8000/metrics, - is what is piped in.
    --format FORMAT          text, openmetrics; default what Content-Type or the end of a file says
    --json                   one line of JSON for each look
    --watch [SECONDS]        looks again and again (15), and tells what fell, came and went; Ctrl-C ends it
    --timeout SECONDS        for an answer (10)
    --header 'NAME: VALUE'   is sent along; may stand several times
    --limit COUNT            findings of each code that are told (100); the others are counted
    --top COUNT              families whose labels are told (10)
  It ends with
${exitLines('    ')}

postmeter top [URL] [options]
  Shows live what an endpoint counts: rates, values, percentiles; default http://127.0.0.1:8000/metrics; ? tells keys.
    --every SECONDS          from look to look (2)
    --timeout SECONDS        for an answer (10)
    --header 'NAME: VALUE'   is sent along; may stand several times
    --filter TEXT            series with it in their name or labels
    --sort KEY, --reverse    name, type, series, value, rate, p50, p90, p99, main: the rate, or a gauge's value
    --family NAME            shows the series of one family, --by LABEL their sums for each value of a label
    --once                   prints a table: looks twice, --every apart, because rates need that. Likewise without a terminal
    --json                   one line of JSON for each look; with --once, for the second alone
    --rows COUNT             rows that are printed at most; default all
  It ends as check does where its first look fails; later failures are shown, and it tries again.

postmeter --help | --version
`

async function main([command, ...rest]: readonly string[]): Promise<void> {
  if (command === 'serve') return serve(rest)
  if (command === 'dump') return dump(rest)
  if (command === 'check') return check(rest)
  if (command === 'top') return top(rest)
  if (command === '--help' || command === 'help') process.stdout.write(HELP)
  else if (command === '--version') process.stdout.write(`${version()}\n`)
  else throw new UsageError(command === undefined ? 'a command is missing' : `there is no command ${command}`)
}

function version(): string {
  const require = createRequire(import.meta.url)
  return (require('../../package.json') as { version: string }).version
}

/** 2: the command line is wrong. 1: what it asks for cannot be done. */
main(process.argv.slice(2)).catch((error: Error) => {
  const usage = error instanceof UsageError
  process.stderr.write(`postmeter: ${error.message}${usage ? '\npostmeter --help tells more' : ''}\n`)
  process.exit(usage ? 2 : 1)
})
