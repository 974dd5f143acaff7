/** What is encoded in the bench: families of one kind or several, of as many lines as wanted, for any library. */
export const KINDS = ['counters', 'histograms', 'mixed', 'long labels'] as const
export type Kind = (typeof KINDS)[number]

/** Buckets and totals of a histogram, with the bounds that all libraries have by default. */
export const HISTOGRAM_LINES = 14

interface Options {
  name: string
  help: string
  labelNames: string[]
}

/** What the libraries have in common. */
export interface Maker {
  counter(options: Options): { inc(labels: Record<string, string>, value: number): void }
  gauge(options: Options): { set(labels: Record<string, string>, value: number): void }
  histogram(options: Options): { observe(labels: Record<string, string>, value: number): void }
}

const queue = (at: number) =>
  `campaign@tenant-${at % 100}.example:domain-${String(at).padStart(7, '0')}.example`
const HELP = 'As in a mail server.'
const OBSERVATIONS = 10

/** Makes families of about `lines` lines: one at least, of histograms whole ones. Returns how many there are. */
export function fill(maker: Maker, kind: Kind, lines: number): number {
  if (kind === 'counters') return counters(maker, 'messages_delivered_total', lines)
  if (kind === 'histograms') return histograms(maker, 'delivery_seconds', lines)
  if (kind === 'long labels') return longLabels(maker, lines)
  let made = 0
  // Ten families, of which each has a tenth, as far as there are enough.
  const each = Math.max(1, Math.floor(lines / 10))
  for (let n = 0; n < 4 && made < lines; n++) made += counters(maker, `events_${n}_total`, each)
  for (let n = 0; n < 4 && made < lines; n++) made += gauges(maker, `level_${n}`, each)
  for (let n = 0; n < 2 && made < lines; n++) made += histograms(maker, `duration_${n}_seconds`, each)
  return made
}

function counters(maker: Maker, name: string, lines: number): number {
  const counter = maker.counter({ name, help: HELP, labelNames: ['queue'] })
  for (let at = 0; at < lines; at++) counter.inc({ queue: queue(at) }, (at * 7919) % 100_000)
  return lines
}

/** Every other one a fraction. */
function gauges(maker: Maker, name: string, lines: number): number {
  const gauge = maker.gauge({ name, help: HELP, labelNames: ['queue'] })
  for (let at = 0; at < lines; at++)
    gauge.set({ queue: queue(at) }, at % 2 === 0 ? at : ((at * 7919) % 100_000) / 1000)
  return lines
}

function histograms(maker: Maker, name: string, lines: number): number {
  const histogram = maker.histogram({ name, help: HELP, labelNames: ['domain'] })
  const sets = Math.max(1, Math.round(lines / HISTOGRAM_LINES))
  for (let at = 0; at < sets; at++) {
    const labels = { domain: `domain-${at}.example` }
    for (let n = 0; n < OBSERVATIONS; n++)
      histogram.observe(labels, (((at * OBSERVATIONS + n) * 7919) % 10_000) / 1000)
  }
  return sets * HISTOGRAM_LINES
}

/** Some 260 bytes a line. */
function longLabels(maker: Maker, lines: number): number {
  const counter = maker.counter({
    name: 'messages_total',
    help: HELP,
    labelNames: ['queue', 'path', 'error'],
  })
  for (let at = 0; at < lines; at++) {
    const labels = {
      queue: queue(at),
      path: `/var/spool/mail/outgoing/${String(at % 997).padStart(4, '0')}/${'deferred-'.repeat(4)}${at}`,
      error: `451 4.7.1 ${at % 89}: greylisted, "try again" in ${at % 600} seconds; see the postmaster's page`,
    }
    counter.inc(labels, at)
  }
  return lines
}
