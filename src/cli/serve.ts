import type { LogEvent } from '../common/log.js'
import { serveOutside } from '../front/outside.js'
import type { ServeOptions } from '../front/serve.js'
import { FLAG, listOf, parse, SOURCE_OPTIONS, sourceOf, TEXT, UsageError } from './usage.js'

const OPTIONS = {
  ...SOURCE_OPTIONS,
  listen: TEXT,
  'trusted-hosts': TEXT,
  'allowed-hosts': TEXT,
  openmetrics: FLAG,
  protobuf: FLAG,
  'tls-cert': TEXT,
  'tls-key': TEXT,
  'socket-mode': TEXT,
  transport: TEXT,
  'no-self-metrics': FLAG,
  'no-dashboard': FLAG,
} as const

/** Serves until it is told to end. */
export async function serve(args: readonly string[]): Promise<void> {
  const given = parse(args, OPTIONS)
  const source = sourceOf(given)
  const front = await serveOutside(source, optionsOf(given)).catch((error: Error & { code?: string }) => {
    throw error.code === 'ERR_POSTMETER_OPTION' ? new UsageError(error.message) : error
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      front.close().then(() => process.exit(0))
    })
  }
  // Not before: who waits for it may end this process at once.
  say(`serves on ${front.url}`)
}

function optionsOf(given: ReturnType<typeof parse<typeof OPTIONS>>): ServeOptions {
  const { listen, transport, openmetrics: openMetrics = false, protobuf = false } = given
  const [trustedHosts, allowedHosts] = [listOf(given['trusted-hosts']), listOf(given['allowed-hosts'])]
  const mode = given['socket-mode']
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(trustedHosts === undefined ? {} : { trustedHosts }),
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
    ...(transport === undefined ? {} : { transport: transport as NonNullable<ServeOptions['transport']> }),
    ...(mode === undefined ? {} : { socketMode: modeOf(mode) }),
    ...tlsOf(given['tls-cert'], given['tls-key']),
    openMetrics,
    protobuf,
    selfMetrics: given['no-self-metrics'] !== true,
    dashboard: given['no-dashboard'] !== true,
    log: ({ level, message }: LogEvent) => say(level === 'info' ? message : `${level}: ${message}`),
  }
}

function tlsOf(cert: string | undefined, key: string | undefined): Pick<ServeOptions, 'tls'> {
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--tls-cert and --tls-key go together')
  return cert === undefined || key === undefined ? {} : { tls: { cert, key } }
}

function modeOf(text: string): number {
  if (!/^[0-7]{3}$/.test(text)) throw new UsageError(`--socket-mode ${text} is no mode such as 660`)
  return Number.parseInt(text, 8)
}

/** To where journals and terminals show it; what is printed is for `dump`. */
function say(what: string): void {
  process.stderr.write(`postmeter: ${what}\n`)
}
