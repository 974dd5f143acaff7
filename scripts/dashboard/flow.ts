import {
  averageOverAll,
  of,
  orZero,
  PARTS,
  PROVIDERS,
  type Query,
  type RowSpec,
  rate,
  rateOverAll,
  sum,
  TOTALS,
  together,
  top,
} from './spec.js'

/** What the counters of deliveries have in common. */
const outcomes = (suffix = '') =>
  ['delivered', 'transfail', 'fail'].map(outcome => `total_messages_${outcome}${suffix}`)
const ended = ['total_messages_delivered', 'total_messages_fail']
const byProvider = (outcome: string) => `total_messages_${outcome}_by_provider`

const topGauge = (metric: string, matchers: string, by: string): Query => ({
  expr: top(sum(of(metric, matchers), by), averageOverAll(metric, matchers, by)),
  legend: `{{${by}}}`,
})
const topCounter = (metric: string, matchers: string, by: string): Query => ({
  expr: top(sum(rate(metric, matchers), by), rateOverAll(metric, matchers, by)),
  legend: `{{${by}}}`,
})

const received = sum(rate('total_messages_received', TOTALS))
const delivered = orZero(sum(rate('total_messages_delivered', TOTALS)))
const transfail = orZero(sum(rate('total_messages_transfail', TOTALS)))
const fail = orZero(sum(rate('total_messages_fail', TOTALS)))

/** What becomes of the mail: of the metrics of postmeter/mta, which kumod has too. */
export const flowRows: readonly RowSpec[] = [
  {
    title: 'Overview',
    panels: [
      {
        title: 'Received',
        description: 'Messages accepted a second, one for each recipient.',
        unit: 'mps',
        look: 'figure',
        queries: [{ expr: received, legend: 'received' }],
      },
      {
        title: 'Delivered',
        description: 'Messages a second that the next hop accepted.',
        unit: 'mps',
        look: 'figure',
        queries: [{ expr: delivered, legend: 'delivered' }],
      },
      {
        title: 'Deferred',
        description: 'Share of delivery attempts that failed for now.',
        unit: 'percentunit',
        look: 'figure',
        limits: [0.15, 0.3],
        queries: [{ expr: `(${transfail}) / (${together(outcomes(), TOTALS)} > 0)`, legend: 'deferred' }],
      },
      {
        title: 'Bounced',
        description: 'Share of the messages that left which were given up.',
        unit: 'percentunit',
        look: 'figure',
        limits: [0.03, 0.05],
        queries: [{ expr: `(${fail}) / (${together(ended, TOTALS)} > 0)`, legend: 'bounced' }],
      },
      {
        title: 'In hand',
        description: 'Messages that are neither delivered nor given up yet.',
        unit: 'short',
        look: 'figure',
        queries: [{ expr: sum(of('message_count')), legend: 'in hand' }],
      },
      {
        title: 'Alerts',
        description: 'Alerts of the rules beside this dashboard that fire now.',
        unit: 'short',
        look: 'figure',
        limits: [1, 3],
        queries: [
          {
            expr: orZero(
              'count(count by (alertname, instance) ' +
                '(ALERTS{alertstate="firing", job=~"$job", alertname=~"(Mail|Postmeter).+"}))',
            ),
            legend: 'firing',
          },
        ],
      },
    ],
  },
  {
    title: 'Mail flow',
    panels: [
      {
        title: 'Messages',
        description:
          'What comes in and what becomes of it. Deferred are attempts, of which a message can have several.',
        unit: 'mps',
        queries: [
          { expr: received, legend: 'received' },
          { expr: delivered, legend: 'delivered' },
          { expr: transfail, legend: 'deferred' },
          { expr: fail, legend: 'bounced' },
        ],
      },
      {
        title: 'Received by listener',
        description: 'Messages accepted at each address and port.',
        unit: 'mps',
        look: 'stack',
        queries: [{ expr: sum(rate('total_messages_received', PARTS), 'service'), legend: '{{service}}' }],
      },
      {
        title: 'Commands rejected',
        description: 'SMTP commands that the listeners answered with 4xx or 5xx.',
        unit: 'cps',
        queries: [{ expr: sum(rate('smtp_server_rejections', TOTALS), 'instance'), legend: '{{instance}}' }],
      },
    ],
  },
  {
    title: 'Queues',
    panels: [
      {
        title: 'Messages in hand',
        description:
          'Scheduled ones wait for their time, ready ones for a connection; the rest is being looked up or sent.',
        unit: 'short',
        queries: [
          { expr: sum(of('message_count')), legend: 'in hand' },
          { expr: sum(of('scheduled_count_total')), legend: 'scheduled' },
          { expr: sum(of('ready_count', TOTALS)), legend: 'ready' },
        ],
      },
      {
        title: 'Queued by provider',
        description: 'Messages scheduled or ready, for the ten providers with most of them.',
        unit: 'short',
        queries: [topGauge('queued_count_by_provider', PROVIDERS, 'provider')],
      },
      {
        title: 'Time to drain',
        description: 'How long the messages in hand take at the rate at which messages leave now.',
        unit: 's',
        queries: [
          {
            expr: `${sum(of('message_count'), 'instance')} / (${together(ended, TOTALS, 'instance')} > 0)`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Scheduled by domain',
        description: 'Messages that wait for their time, for the ten domains with most of them.',
        unit: 'short',
        queries: [topGauge('scheduled_by_domain', '', 'domain')],
      },
      {
        title: 'Scheduled by tenant',
        description: 'Messages of a tenant that wait for their time; the ten tenants with most.',
        unit: 'short',
        look: 'stack',
        queries: [topGauge('scheduled_by_tenant', '', 'tenant')],
      },
      {
        title: 'Put off without an attempt',
        description: 'Messages a second that wait longer because of a limit of this server.',
        unit: 'cps',
        queries: [
          { expr: orZero(sum(rate('delayed_due_to_ready_queue_full'))), legend: 'ready queue full' },
          { expr: orZero(sum(rate('delayed_due_to_message_rate_throttle'))), legend: 'message rate' },
          {
            expr: orZero(sum(rate('delayed_due_to_throttle_insert_ready'))),
            legend: 'throttle of the policy',
          },
        ],
      },
    ],
  },
  {
    title: 'Deliveries by provider',
    panels: [
      {
        title: 'Delivered',
        description: 'Messages a second that a provider accepted; the ten with most.',
        unit: 'mps',
        queries: [topCounter(byProvider('delivered'), PROVIDERS, 'provider')],
      },
      {
        title: 'Share deferred',
        description:
          'Of the delivery attempts to a provider, those that failed for now; for the ten that defer most.',
        unit: 'percentunit',
        max: 1,
        queries: [
          {
            expr: top(
              `${sum(rate(byProvider('transfail'), PROVIDERS), 'provider')} / ` +
                `(${together(outcomes('_by_provider'), PROVIDERS, 'provider')} > 0)`,
              rateOverAll(byProvider('transfail'), PROVIDERS, 'provider'),
            ),
            legend: '{{provider}}',
          },
        ],
      },
      {
        title: 'Bounced',
        description: 'Messages a second to a provider that were given up; the ten with most.',
        unit: 'mps',
        queries: [topCounter(byProvider('fail'), PROVIDERS, 'provider')],
      },
      {
        title: 'Delivered by source',
        description: 'Messages a second that were accepted from each egress source.',
        unit: 'mps',
        look: 'stack',
        queries: [
          {
            expr: sum(rate('total_messages_delivered_by_provider_and_source', PROVIDERS), 'source, pool'),
            legend: '{{source}} ({{pool}})',
          },
        ],
      },
      {
        title: 'Deferred by source',
        description: 'Attempts a second that failed for now: one source alone is blocked or has a bad name.',
        unit: 'cps',
        look: 'stack',
        queries: [
          {
            expr: sum(rate('total_messages_transfail_by_provider_and_source', PROVIDERS), 'source, pool'),
            legend: '{{source}} ({{pool}})',
          },
        ],
      },
      {
        title: 'Connections open',
        description: 'Outgoing connections to a provider; the ten with most.',
        unit: 'short',
        queries: [topGauge('connection_count_by_provider', PROVIDERS, 'provider')],
      },
    ],
  },
  {
    title: 'Bounces by class',
    panels: [
      {
        title: 'Bounced',
        description:
          'Messages a second that were given up, by what the other side said. kumod has no such counts.',
        unit: 'mps',
        look: 'stack',
        queries: [{ expr: sum(rate('total_messages_fail_by_class'), 'class'), legend: '{{class}}' }],
      },
      {
        title: 'Share of what left',
        description: 'Bounces of a class, of all messages delivered or given up.',
        unit: 'percentunit',
        queries: [
          {
            expr: `${sum(rate('total_messages_fail_by_class'), 'class')} / scalar(${together(ended, TOTALS)} > 0)`,
            legend: '{{class}}',
          },
        ],
      },
      {
        title: 'Deferred',
        description:
          'Attempts a second that failed for now, by what the other side said. NoAnswerFromHost: no connection.',
        unit: 'cps',
        look: 'stack',
        queries: [{ expr: sum(rate('total_messages_transfail_by_class'), 'class'), legend: '{{class}}' }],
      },
    ],
  },
]
