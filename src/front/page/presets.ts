/** The views that the page knows by itself, as a table: what a mail server shows, then what any program does. */
import type { Unit } from './units.js'

/** A family that can give a line, and the label that it is split by where it has it. */
export interface Choice {
  readonly family: string
  readonly label?: string
  readonly only?: 'totals'
}

/** One line of a picture, or all lines of one family where it has no name; of the first family that there is. */
export interface Role {
  readonly as?: string
  readonly from: readonly Choice[]
}

export interface Preset {
  readonly name: string
  readonly title: string
  readonly roles: readonly Role[]
  readonly unit?: Unit
}

/** The totals of a family whose services have their parts beside them. */
const totals = (family: string): Choice => ({ family, label: 'service', only: 'totals' })

/** Names of postmeter/mta, which kumod has too; then the usual ones of programs that name theirs for themselves. */
export const PRESETS: readonly Preset[] = [
  {
    name: 'mail-flow',
    title: 'Mail flow',
    roles: [
      { as: 'received', from: [totals('total_messages_received'), { family: 'mail_received_total' }] },
      {
        as: 'delivered',
        from: [
          totals('total_messages_delivered'),
          { family: 'mail_delivered_total' },
          { family: 'mail_sent_total' },
        ],
      },
      { as: 'deferred', from: [totals('total_messages_transfail'), { family: 'mail_deferred_total' }] },
      { as: 'bounced', from: [totals('total_messages_fail'), { family: 'mail_bounced_total' }] },
    ],
  },
  {
    name: 'in-hand',
    title: 'Messages in hand',
    roles: [
      { as: 'in hand', from: [{ family: 'message_count' }] },
      { as: 'scheduled', from: [{ family: 'scheduled_count_total' }] },
      { as: 'ready', from: [totals('ready_count')] },
    ],
  },
  {
    name: 'waiting-by-domain',
    title: 'Waiting by domain',
    roles: [
      {
        from: [
          { family: 'scheduled_by_domain', label: 'domain' },
          { family: 'scheduled_count', label: 'queue' },
          { family: 'mail_queued', label: 'domain' },
        ],
      },
    ],
  },
  {
    name: 'queued-by-provider',
    title: 'Queued by provider',
    roles: [{ from: [{ family: 'queued_count_by_provider', label: 'provider' }] }],
  },
  {
    name: 'delivery-time',
    title: 'Time of a delivery attempt',
    roles: [{ from: [{ family: 'deliver_message_latency_rollup' }, { family: 'mail_delivery_seconds' }] }],
    unit: 'seconds',
  },
  {
    name: 'acceptance-time',
    title: 'Time to accept a message',
    roles: [{ from: [{ family: 'smtpsrv_transaction_duration' }, { family: 'mail_accept_seconds' }] }],
    unit: 'seconds',
  },
  {
    name: 'cpu',
    title: 'Processor, in shares of one core',
    roles: [{ as: 'process', from: [{ family: 'process_cpu_seconds_total' }] }],
  },
  {
    name: 'cpu',
    title: 'Processor, in percent of one core',
    roles: [{ as: 'process', from: [{ family: 'process_cpu_usage_sum' }] }],
    unit: 'percent',
  },
  {
    name: 'memory',
    title: 'Memory',
    roles: [
      { as: 'resident', from: [{ family: 'process_resident_memory_bytes' }, { family: 'memory_usage' }] },
    ],
    unit: 'bytes',
  },
  {
    name: 'event-loop',
    title: 'Event loop lag, p99',
    roles: [
      {
        from: [
          { family: 'nodejs_eventloop_lag_p99_seconds', label: 'thread' },
          { family: 'nodejs_eventloop_lag_seconds', label: 'thread' },
        ],
      },
    ],
  },
]
