import { counter, flag, held, histogram } from './define.js'

/** Sessions, receptions and deliveries. */
export const smtp = {
  connection_count: held('SMTP connections that are open now', ['service'], 'pruned'),
  connection_count_by_provider: held('Outgoing connections open now to a provider', ['provider'], 'pruned'),
  connection_count_by_provider_and_pool: held(
    'Outgoing connections open now to a provider from an egress pool',
    ['provider', 'pool'],
    'pruned',
  ),
  total_connection_count: counter('SMTP connections opened since the start', ['service'], 'pruned'),
  total_connections_denied: counter('Connections turned away at a limit', ['service'], 'pruned'),

  total_messages_received: counter('Messages accepted, one for each recipient', ['service']),
  total_messages_delivered: counter('Messages that the next hop accepted', ['service'], 'pruned'),
  total_messages_delivered_by_provider: counter('Messages that a provider accepted', ['provider'], 'pruned'),
  total_messages_delivered_by_provider_and_source: counter(
    'Messages that a provider accepted from an egress source',
    ['provider', 'source', 'pool'],
    'pruned',
  ),
  total_messages_transfail: counter(
    'Delivery attempts that failed for now and may be repeated',
    ['service'],
    'pruned',
  ),
  total_messages_transfail_by_provider: counter(
    'Delivery attempts to a provider that failed for now',
    ['provider'],
    'pruned',
  ),
  total_messages_transfail_by_provider_and_source: counter(
    'Delivery attempts to a provider from an egress source that failed for now',
    ['provider', 'source', 'pool'],
    'pruned',
  ),
  total_messages_fail: counter('Messages given up: refused, or out of attempts', ['service'], 'pruned'),
  total_messages_fail_by_provider: counter('Messages to a provider given up', ['provider'], 'pruned'),
  total_messages_fail_by_provider_and_source: counter(
    'Messages to a provider from an egress source given up',
    ['provider', 'source', 'pool'],
    'pruned',
  ),

  smtp_server_rejections: counter('Commands that the SMTP listener answered with 4xx or 5xx', ['service']),
  smtpsrv_transaction_duration: histogram('Seconds from MAIL FROM to the end of the transaction'),
  smtpsrv_read_data_duration: histogram('Seconds that reading the data of a message took'),
  smtpsrv_process_data_duration: histogram('Seconds from the data being there to the message being queued'),
  deliver_message_latency_rollup: histogram('Seconds that one delivery attempt took', ['service']),
  bounce_classify_latency: histogram('Seconds that sorting a refusal into a class took'),

  bind_failures: counter('Egress sources whose local address could not be bound'),
  proxy_connection_failures: counter('Connections through an outgoing proxy that failed'),
  egress_source_connection_failures_total: counter('Connection failures blamed on an egress source', [
    'source',
    'kind',
  ]),
  egress_source_health_suspended: flag('Whether an egress source is set aside now, 0 or 1', [
    'source',
    'reason',
  ]),
  egress_source_health_suspensions_total: counter('Times that an egress source was set aside', [
    'source',
    'reason',
  ]),
  dispatcher_watchdog_aborted_total: counter(
    'Delivery sessions ended because nothing had moved in them',
    ['service'],
    'pruned',
  ),
  dane_result_count: counter('DANE verdicts', ['result']),
} as const
