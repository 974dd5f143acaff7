import { of, quantile, quantiles, type RowSpec, rate, sum, TOTALS } from './spec.js'

/** What the server needs for it. */
export const serverRows: readonly RowSpec[] = [
  {
    title: 'Connections',
    panels: [
      {
        title: 'Open',
        description: 'SMTP connections that are open: esmtp_listener has those that come in.',
        unit: 'short',
        queries: [{ expr: sum(of('connection_count', TOTALS), 'service'), legend: '{{service}}' }],
      },
      {
        title: 'Opened',
        description: 'SMTP connections opened a second.',
        unit: 'cps',
        queries: [{ expr: sum(rate('total_connection_count', TOTALS), 'service'), legend: '{{service}}' }],
      },
      {
        title: 'Turned away',
        description: 'Connections a second that a listener denied at its limit.',
        unit: 'cps',
        queries: [{ expr: sum(rate('total_connections_denied', TOTALS), 'service'), legend: '{{service}}' }],
      },
      {
        title: 'Failures by source',
        description:
          'Connections a second that failed because of the egress source: its address, or its proxy.',
        unit: 'cps',
        queries: [
          {
            expr: sum(rate('egress_source_connection_failures_total'), 'source, kind'),
            legend: '{{source}}: {{kind}}',
          },
          { expr: sum(rate('bind_failures')), legend: 'addresses not bound' },
          { expr: sum(rate('proxy_connection_failures')), legend: 'proxies' },
        ],
      },
      {
        title: 'Sources set aside',
        description: '1 while an egress source sends nothing.',
        unit: 'short',
        max: 1,
        queries: [
          {
            expr: `max by (source, reason) (${of('egress_source_health_suspended')})`,
            legend: '{{source}}: {{reason}}',
          },
        ],
      },
      {
        title: 'MX look-ups',
        description: 'Questions for mail hosts a second, and how many were answered from the cache.',
        unit: 'ops',
        queries: [
          { expr: sum(rate('dns_mx_resolve_cache_hit')), legend: 'from the cache' },
          { expr: sum(rate('dns_mx_resolve_status_ok')), legend: 'answered' },
          { expr: sum(rate('dns_mx_resolve_status_fail')), legend: 'no mail host' },
        ],
      },
    ],
  },
  {
    title: 'Latency',
    panels: [
      {
        title: 'SMTP transactions',
        description: 'From MAIL FROM to the end of the transaction: what a client waits.',
        unit: 's',
        queries: quantiles('smtpsrv_transaction_duration', 0.5, 0.95, 0.99),
      },
      {
        title: 'Parts of a transaction (p95)',
        description: 'Reading the data depends on the client and the network, processing it on this server.',
        unit: 's',
        queries: [
          { expr: quantile(0.95, 'smtpsrv_read_data_duration'), legend: 'reading the data' },
          { expr: quantile(0.95, 'smtpsrv_process_data_duration'), legend: 'processing it' },
          { expr: quantile(0.95, 'queue_insert_latency'), legend: 'placing the message in a queue' },
        ],
      },
      {
        title: 'Delivery attempts',
        description: 'What the other side takes for one message.',
        unit: 's',
        queries: quantiles('deliver_message_latency_rollup', 0.5, 0.95, 0.99),
      },
      {
        title: 'Retries past their time (p95)',
        description:
          'How late a scheduled message is looked at, and in a queue again: above some seconds the server is behind. The first bucket ends at 0.25 s.',
        unit: 's',
        queries: [
          { expr: quantile(0.95, 'timeq_pop_tardiness'), legend: 'taken out' },
          { expr: quantile(0.95, 'timeq_reinsert_tardiness'), legend: 'placed again' },
        ],
      },
    ],
  },
  {
    title: 'Process and machine',
    panels: [
      {
        title: 'CPU',
        description: 'In percent of one core: a process of several threads can be above 100.',
        unit: 'percent',
        queries: [
          { expr: sum(of('process_cpu_usage_sum'), 'instance'), legend: '{{instance}}' },
          { expr: sum(of('system_cpu_usage_sum'), 'instance'), legend: '{{instance}}: all of the machine' },
        ],
      },
      {
        title: 'Memory',
        description: 'What the process uses, or its container.',
        unit: 'bytes',
        queries: [{ expr: sum(of('memory_usage'), 'instance'), legend: '{{instance}}' }],
      },
      {
        title: 'Memory, of its limit',
        description: 'Share of memory_limit that is used, and the share from which on memory counts as low.',
        unit: 'percentunit',
        max: 1,
        queries: [
          {
            expr: `${sum(of('memory_usage'), 'instance')} / ${sum(of('memory_limit'), 'instance')}`,
            legend: '{{instance}}',
          },
          { expr: `min(${of('memory_low_thresh')} / ${of('memory_limit')})`, legend: 'low' },
        ],
      },
      {
        title: 'Disks',
        description: 'Free space and free inodes of the places that are watched.',
        unit: 'percent',
        max: 100,
        queries: [
          {
            expr: `min by (instance, name) (${of('disk_free_percent')})`,
            legend: '{{instance}}: {{name}}',
          },
          {
            expr: `min by (instance, name) (${of('disk_free_inodes_percent')})`,
            legend: '{{instance}}: {{name}}, inodes',
          },
        ],
      },
      {
        title: 'Threads',
        description:
          'Threads of a pool, and those that mostly waited: none of them, and the pool is at its limit.',
        unit: 'short',
        queries: [
          { expr: sum(of('thread_pool_size'), 'pool'), legend: '{{pool}}' },
          { expr: sum(of('thread_pool_parked'), 'pool'), legend: '{{pool}}: waiting' },
        ],
      },
    ],
  },
]
