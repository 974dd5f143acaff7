/** What the catalogue of a mail server has no name for: Haraka's own, all with the prefix `haraka_`. */
import type { Counter, Gauge, Histogram, Registry } from '../index.js'

export interface OwnMetrics {
  readonly commands: Counter<'command'>
  readonly replies: Counter<'code'>
  readonly denials: Counter<'hook' | 'plugin' | 'verdict'>
  readonly transactions: Counter<'result'>
  readonly recipients: Counter<'result'>
  readonly messageBytes: Histogram
  readonly connectionSeconds: Histogram
  readonly tlsConnections: Counter<'version' | 'cipher'>
  readonly auth: Counter<'method' | 'result'>
  readonly checks: Counter<'check' | 'scope' | 'result'>
  readonly outboundRecipients: Counter
  readonly outboundDeliveries: Counter<'mode' | 'tls'>
  readonly outboundDelay: Histogram
  readonly outboundFiles: Gauge<'queue'>
  readonly failures: Counter<'at'>
}

/** Registers all of them: the same in each process. */
export function ownMetrics(registry: Registry): OwnMetrics {
  // Labels have few values each, which come from Haraka and its plugins: none of these series expires.
  const counter = <const L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ) => registry.counter({ name: `haraka_${name}`, help, labelNames, expireAfter: 'never' })
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    registry.histogram({ name: `haraka_${name}`, help, buckets })
  return {
    commands: counter('commands_total', "SMTP commands that reached Haraka's hooks", ['command']),
    replies: counter('replies_total', 'SMTP replies, by their code', ['code']),
    denials: counter('denials_total', 'Verdicts of plugins that deny, those that others overrule included', [
      'hook',
      'plugin',
      'verdict',
    ]),
    transactions: counter('transactions_total', 'Transactions that ended, by what became of the message', [
      'result',
    ]),
    recipients: counter('recipients_total', 'RCPT commands, by the answer', ['result']),
    messageBytes: histogram(
      'message_bytes',
      'Bytes of data of messages accepted',
      [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000],
    ),
    connectionSeconds: histogram(
      'connection_duration_seconds',
      'Seconds from the start of a connection to its end',
      [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900],
    ),
    tlsConnections: counter('tls_connections_total', 'Connections that came to be encrypted', [
      'version',
      'cipher',
    ]),
    auth: counter('auth_total', 'Attempts to authenticate, by result', ['method', 'result']),
    checks: counter('checks_total', 'Results that plugins left in the result store', [
      'check',
      'scope',
      'result',
    ]),
    outboundRecipients: counter(
      'outbound_recipients_total',
      'Recipients handed to the outbound queue, of bounces too',
    ),
    outboundDeliveries: counter(
      'outbound_deliveries_total',
      'Queue files handed over to a next hop, whole or in part',
      ['mode', 'tls'],
    ),
    outboundDelay: histogram(
      'outbound_delay_seconds',
      'Seconds from queueing a message to its delivery',
      [0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 345_600],
    ),
    outboundFiles: registry.gauge({
      name: 'haraka_outbound_files',
      help: "Files in the queues of Haraka's outbound",
      labelNames: ['queue'],
      aggregate: 'livesum',
      expireAfter: 'never',
    }),
    failures: counter('postmeter_failures_total', 'Failures in the plugin itself, which mail never notices', [
      'at',
    ]),
  }
}
