import { randomInt } from 'node:crypto'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { addressOf, bad, numbersOf, UsageError } from '../command-line.js'

/** Where its metrics are pushed to, besides that they can be scraped. */
export interface PushTo {
  readonly url: string
  readonly protocol: 'remote-write' | 'otlp'
  /** Of remote write. */
  readonly version: '1.0' | '2.0'
  readonly everyMs: number
  readonly labels: Readonly<Record<string, string>>
}

export interface Options {
  /** Messages a second that the generator sends. */
  readonly rate: number
  /** Threads that receive, queue and deliver. */
  readonly workers: number
  /** Where the metrics endpoint listens. */
  readonly listen: string
  readonly trustedHosts: readonly string[] | undefined
  readonly push: PushTo | undefined
  readonly smtpHost: string
  /** The first Worker's port; the others take those after it. 0: free ones. */
  readonly smtpPort: number
  readonly traffic: boolean
  /** Domains that the generator sends to. */
  readonly domains: number
  /** Shares of recipients, 0 to 1. */
  readonly defer: number
  readonly refuse: number
  readonly retryMs: number
  readonly maxAttempts: number
  /** Whether there is an egress source whose address this machine does not have. */
  readonly unplumbed: boolean
  readonly logDirectory: string | undefined
  /** Series that the registry keeps; undefined: what memory holds. */
  readonly maxSeries: number | undefined
  readonly seed: number
  /** Milliseconds after which it ends by itself. */
  readonly durationMs: number | undefined
  readonly reportMs: number
}

export const usage = `A sample mail server, measured with postmeter. All on loopback.

  npm start -- [options]

  --rate N             messages a second that the traffic generator sends (200)
  --workers N          threads that receive, queue and deliver mail (2)
  --listen HOST:PORT   where /metrics is (127.0.0.1:8000; port 0 picks one)
  --trusted-hosts A,B  addresses and CIDRs that may read /metrics (127.0.0.1,::1)
  --push URL           push the metrics there, too (off)
  --push-protocol P    remote-write or otlp (remote-write)
  --push-version V     1.0 or 2.0, of remote write (1.0)
  --push-every SECONDS time between two pushes, at least 1 (15)
  --push-labels A=B,…  labels of all that is pushed (job=mail,instance=HOSTNAME)
  --smtp HOST:PORT     where the first thread listens for mail, the others on the ports after it
                       (127.0.0.1:0; port 0 picks free ones)
  --no-traffic         no generator: send mail yourself
  --domains N          domains that the generator sends to (3000)
  --defer SHARE        share of recipients that the receiving side puts off at first, 0 to 1 (0.08)
  --refuse SHARE       share of recipients that it refuses for good, 0 to 1 (0.02)
  --retry SECONDS      time before the second attempt, doubled for each one after (2)
  --max-attempts N     attempts after which a message is given up (5)
  --unplumbed          add an egress source whose address this machine does not have: connections fail
  --log-dir DIR        write what became of each message there, as JSON lines (off)
  --max-series N       series that the registry keeps; what is beyond them is dropped, and counted as such
                       (what memory holds)
  --seed N             where chance begins (a new one each time; printed)
  --duration SECONDS   end after so long (never)
  --report SECONDS     time between two lines of what moved (5)
  --help
`

const LOOPBACK = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|::1)$/

/** Reads a command line. Returns undefined if it asks for help; throws UsageError if it makes no sense. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args)
  if (values.help) return undefined

  const number = numbersOf(values)
  const smtp = addressOf('smtp', values.smtp ?? '127.0.0.1:0')
  if (!LOOPBACK.test(smtp.host)) {
    throw bad('smtp', values.smtp, 'is not on loopback: this server takes mail from anybody')
  }
  const workers = number('workers', 2, 1, 64)
  if (smtp.port !== 0 && smtp.port + workers - 1 > 65_535) {
    throw bad('smtp', values.smtp, `leaves no ports for ${workers} workers`)
  }
  const defer = number('defer', 0.08, 0, 1, false)
  const refuse = number('refuse', 0.02, 0, 1, false)
  if (defer + refuse > 1)
    throw bad('refuse', values.refuse ?? refuse, `and --defer ${defer} are more than 1 together`)
  const listen = values.listen ?? '127.0.0.1:8000'
  addressOf('listen', listen)
  const maxSeries = number('max-series', 0, 1, 1e9)
  const duration = number('duration', 0, 0.1, 1e6, false)

  return {
    rate: number('rate', 200, 1, 100_000, false),
    workers,
    listen,
    trustedHosts: values['trusted-hosts']?.split(',').map(host => host.trim()),
    push: pushOf(values, number),
    smtpHost: smtp.host,
    smtpPort: smtp.port,
    traffic: !values['no-traffic'],
    domains: number('domains', 3000, 1, 100_000),
    defer,
    refuse,
    retryMs: 1000 * number('retry', 2, 0.001, 86_400, false),
    maxAttempts: number('max-attempts', 5, 1, 100),
    unplumbed: values.unplumbed ?? false,
    logDirectory: values['log-dir'],
    maxSeries: maxSeries === 0 ? undefined : maxSeries,
    seed: number('seed', randomInt(2 ** 32), 0, 2 ** 32 - 1),
    durationMs: duration === 0 ? undefined : 1000 * duration,
    reportMs: 1000 * number('report', 5, 0.1, 86_400, false),
  }
}

function pushOf(values: ReturnType<typeof parse>, number: ReturnType<typeof numbersOf>): PushTo | undefined {
  const { push: url, 'push-protocol': protocol = 'remote-write', 'push-version': version = '1.0' } = values
  for (const name of ['push-protocol', 'push-version', 'push-every', 'push-labels'] as const) {
    if (url === undefined && values[name] !== undefined) throw bad(name, values[name], 'needs --push')
  }
  if (url === undefined) return undefined
  if (protocol !== 'remote-write' && protocol !== 'otlp') {
    throw bad('push-protocol', protocol, 'is neither remote-write nor otlp')
  }
  if (version !== '1.0' && version !== '2.0') throw bad('push-version', version, 'is neither 1.0 nor 2.0')
  const everyMs = 1000 * number('push-every', 15, 1, 86_400, false)
  const labels = labelsOf(values['push-labels'] ?? `job=mail,instance=${hostname()}`)
  return { url, protocol, version, everyMs, labels }
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(',').map(pair => {
    const match = /^([^=]+)=(.*)$/.exec(pair)
    if (match === null) throw bad('push-labels', text, 'is not NAME=VALUE,NAME=VALUE')
    return [match[1]!, match[2]!] as const
  })
  return Object.fromEntries(pairs)
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const given = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        rate: text,
        workers: text,
        listen: text,
        'trusted-hosts': text,
        push: text,
        'push-protocol': text,
        'push-version': text,
        'push-every': text,
        'push-labels': text,
        smtp: text,
        'no-traffic': given,
        domains: text,
        defer: text,
        refuse: text,
        retry: text,
        'max-attempts': text,
        'log-dir': text,
        unplumbed: given,
        'max-series': text,
        seed: text,
        duration: text,
        report: text,
        help: { ...given, short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
