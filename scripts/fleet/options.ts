import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { addressOf, bad, numbersOf, UsageError } from '../command-line.js'

/** What the servers are set apart by. */
export type NetworkKind = 'namespaces' | 'loopback'

export interface Options {
  readonly servers: number
  /** Messages a second that each server's clients send. */
  readonly rate: number
  /** Seconds of traffic, at least. */
  readonly seconds: number
  /** Servers that push, the others are scraped. */
  readonly pushing: number
  /** Of those that push: how many do it by OTLP. */
  readonly otlp: number
  /** Servers that are killed. */
  readonly kill: number
  /** Servers that push and are ended midway as a supervisor does. */
  readonly retire: number
  /** Whether the killed ones are started anew. */
  readonly again: boolean
  /** Milliseconds between two scrapes, and between two pushes. */
  readonly everyMs: number
  /** undefined: namespaces where the system allows them. */
  readonly network: NetworkKind | undefined
  /** Where Prometheus' pages are. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Domains that the clients send to. */
  readonly domains: number
  readonly seed: number
}

export const usage = `A fleet of sample mail servers, a Prometheus that scrapes some and is pushed to by the others, and a VictoriaMetrics
that it writes to. Kills some servers, waits for the alerts, and sets what the clients sent beside what queries say.

  npm run fleet -- [options]

  --servers N          sample mail servers (8)
  --rate N             messages a second that the clients of each send (20)
  --seconds N          seconds of traffic, or as long as alerts take (60)
  --pushing N          servers that push; the others are scraped (half of them)
  --otlp N             of those that push, servers that do it by OTLP and not by remote write (1, if 2 push)
  --kill N             servers that are killed midway, in turn a scraped one and one that pushes (2)
  --retire N           servers that push and are ended midway as a supervisor does: no alert may come of them (1, if 3 push)
  --again              start the killed servers anew, and wait until their alerts are over
  --every SECONDS      time between two scrapes and between two pushes, at least 1 (2); the rules' times, which are made
                       for 15 s, are shortened as much
  --network KIND       namespaces (each server has a network of its own, with ip and unshare), or loopback (each has an
                       address of its own in 127.1.0.0/16) (namespaces where the system allows them)
  --listen HOST:PORT   where Prometheus' pages are to be seen meanwhile (127.0.0.1:0; port 0 picks one)
  --domains N          domains that the clients send to (100)
  --seed N             where chance begins (a new one each time; printed)
  --help

It ends with 0 if all figures agree, 1 if not or if a program does not start, 2 after a mistake on this line.
`

const MOST_SERVERS = 200

/** Reads a command line. Returns undefined if it asks for help; throws UsageError if it makes no sense. */
export function readOptions(args: readonly string[]): Options | undefined {
  const values = parse(args)
  if (values.help) return undefined

  const number = numbersOf(values)
  const servers = number('servers', 8, 1, MOST_SERVERS)
  const pushing = number('pushing', Math.floor(servers / 2), 0, servers)
  const network = values.network
  if (network !== undefined && network !== 'namespaces' && network !== 'loopback') {
    throw bad('network', network, 'is neither namespaces nor loopback')
  }
  return {
    servers,
    rate: number('rate', 20, 1, 10_000, false),
    seconds: number('seconds', 60, 1, 86_400, false),
    pushing,
    otlp: number('otlp', pushing >= 2 ? 1 : 0, 0, pushing),
    kill: number('kill', Math.min(2, servers - 1), 0, servers),
    retire: number('retire', pushing >= 3 ? 1 : 0, 0, pushing),
    again: values.again ?? false,
    everyMs: 1000 * number('every', 2, 1, 60, false),
    network,
    listen: addressOf('listen', values.listen ?? '127.0.0.1:0'),
    domains: number('domains', 100, 1, 100_000),
    seed: number('seed', randomInt(2 ** 32), 0, 2 ** 32 - 1),
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        servers: text,
        rate: text,
        seconds: text,
        pushing: text,
        otlp: text,
        kill: text,
        retire: text,
        again: { type: 'boolean' },
        every: text,
        network: text,
        listen: text,
        domains: text,
        seed: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
