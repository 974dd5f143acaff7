/** What the stand-in plays: the families of a busy mail server, and any number of others. */
import type { FamilyType, HistogramValue, Value } from '../../src/front/contract/dashboard.js'
import type { Played } from './stand-in.js'

type Play = (n: number) => Value

/** Goes up by about `rate` a second, in steps of two seconds, with waves. */
const counter =
  (rate: number, phase = 0): Play =>
  n =>
    Math.round(2 * rate * (n + 3 * Math.sin(n / 9 + phase)) + 10 * rate)
const gauge =
  (level: number, phase = 0): Play =>
  n =>
    Math.round(level * (1 + 0.3 * Math.sin(n / 11 + phase) + 0.1 * Math.sin(n / 3 + 2 * phase)))

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Observations that lie around a bound, and move with time. */
const histogram =
  (rate: number, around: number, phase = 0): Play =>
  (n): HistogramValue => {
    const counts = BOUNDS.map(() => 0)
    for (let past = 0; past <= n; past++)
      for (const [at, bound] of BOUNDS.entries()) {
        const distance = Math.log2(bound / around) - Math.sin(past / 8 + phase)
        counts[at]! += Math.round(2 * rate * Math.exp(-distance * distance))
      }
    let sum = 0
    const buckets: [number | null, number][] = []
    for (const [at, count] of counts.entries()) {
      sum += count
      buckets.push([BOUNDS[at]!, sum])
    }
    return { count: sum, sum: sum * around, buckets: [...buckets, [null, sum]] }
  }

function family(
  name: string,
  type: FamilyType,
  help: string,
  total: Play,
  more: Partial<Played> = {},
): Played {
  return { name, type, help, labels: [], series: 1, total, ...more }
}

const split =
  (names: readonly string[], play: (at: number) => Play) =>
  (n: number): ReadonlyMap<string, Value> =>
    new Map(names.map((name, at) => [name, play(at)(n)]))

const PROVIDERS = [
  'bigmail',
  'lookout',
  'yoohoo',
  'pear',
  'postbox',
  'telco',
  'orangery',
  'lycee',
  'freenet',
  'gee',
  'zedmail',
  'mailbox',
]
const DOMAINS = Array.from({ length: 14 }, (_, at) => `${PROVIDERS[at % PROVIDERS.length]}-${at}.example`)

/** A family by service: the total of each protocol, and the same once more in its parts. */
function services(
  ...[name, type, help, service, play]: [string, FamilyType, string, string, (share: number) => Play]
): Played {
  return family(name, type, help, n => 2 * (play(1)(n) as number), {
    ...{ labels: ['service'], series: 3 },
    by: {
      service: n =>
        new Map([
          [service, play(1)(n)],
          [`${service}:out-1->mx.big.example@${service}`, play(0.75)(n)],
          [`${service}:out-2->mx.pear.example@${service}`, play(0.25)(n)],
        ]),
    },
  })
}

export const mail: readonly Played[] = [
  family(
    'deliver_message_latency_rollup',
    'histogram',
    'Seconds that one delivery attempt took',
    histogram(180, 0.12),
    {
      labels: ['service'],
      series: 2,
      by: { service: split(['smtp_client', 'lmtp_client'], at => histogram(170 - 120 * at, 0.12, at)) },
    },
  ),
  family('message_count', 'gauge', 'Messages in hand', gauge(48_000)),
  family(
    'nodejs_eventloop_lag_p99_seconds',
    'gauge',
    'The 99th percentile of the recorded event loop delays.',
    n => 0.012 + 0.004 * Math.sin(n / 7),
    {
      labels: ['thread'],
      series: 3,
      by: { thread: split(['0', '1', '2'], at => n => 0.011 + 0.004 * at + 0.004 * Math.sin(n / 7 + at)) },
    },
  ),
  family(
    'process_cpu_seconds_total',
    'counter',
    'Total user and system CPU time spent in seconds.',
    n => 1.5 * n + 0.8 * Math.sin(n / 6),
  ),
  family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', gauge(740_000_000, 2)),
  family('queued_count_by_provider', 'gauge', 'Messages scheduled or ready for a provider', gauge(47_000), {
    labels: ['provider'],
    series: 12,
    by: { provider: split(PROVIDERS, at => gauge(16_000 / (at + 1), at)) },
  }),
  services('ready_count', 'gauge', 'Messages waiting for a connection', 'smtp_client', share =>
    gauge(8000 * share, 1),
  ),
  family('scheduled_by_domain', 'gauge', 'Messages for a domain waiting for their time', gauge(42_000, 1), {
    labels: ['domain'],
    series: 100_000,
    by: { domain: split(DOMAINS, at => gauge(9000 / (at + 2), at)) },
  }),
  family(
    'scheduled_count_total',
    'gauge',
    'Messages waiting for their time, all scheduled queues together',
    gauge(42_000, 1),
  ),
  family(
    'smtpsrv_transaction_duration',
    'histogram',
    'Seconds from MAIL FROM to the end of the transaction',
    histogram(210, 0.04, 2),
  ),
  services(
    'total_messages_delivered',
    'counter',
    'Messages that the next hop accepted',
    'smtp_client',
    share => counter(190 * share, 0.4),
  ),
  services(
    'total_messages_fail',
    'counter',
    'Messages given up: refused, or out of attempts',
    'smtp_client',
    share => counter(4 * share, 2),
  ),
  services(
    'total_messages_received',
    'counter',
    'Messages accepted, one for each recipient',
    'esmtp_listener',
    share => counter(210 * share, 0),
  ),
  services(
    'total_messages_transfail',
    'counter',
    'Delivery attempts that failed for now and may be repeated',
    'smtp_client',
    share => counter(25 * share, 1),
  ),
]

/** Families that no preset knows, as a large program has them. */
export function others(count: number): Played[] {
  return Array.from({ length: count }, (_, at) => {
    const number = String(at).padStart(4, '0')
    return family(
      `app_part_${number}_total`,
      'counter',
      `Work that part ${at} of the program has done`,
      counter(at % 50),
    )
  })
}

export function together(...families: (readonly Played[])[]): Played[] {
  return families.flat().sort((a, b) => (a.name < b.name ? -1 : 1))
}
