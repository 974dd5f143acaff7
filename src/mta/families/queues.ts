import { counter, held, histogram, level } from './define.js'

const TARDINESS = [0.25, 0.5, 1, 2.5, 3, 5, 10, 15] as const

/** Scheduled queues (what waits for its time) and ready queues (what waits for a connection). */
export const queues = {
  scheduled_count: level('Messages waiting for their time in a scheduled queue', ['queue'], 'pruned'),
  scheduled_count_total: level('Messages waiting for their time, all scheduled queues together'),
  scheduled_by_domain: level('Messages for a domain waiting for their time', ['domain'], 'pruned'),
  scheduled_by_tenant: level('Messages of a tenant waiting for their time', ['tenant'], 'pruned'),
  scheduled_by_tenant_campaign: level(
    "Messages of a tenant's campaign waiting for their time",
    ['tenant', 'campaign'],
    'pruned',
  ),
  scheduled_queue_count: held('Scheduled queues that exist, each thread counting its own'),
  scheduled_queue_maintainer_count: held('Maintainers that look after scheduled queues'),
  queued_count_by_provider: level('Messages scheduled or ready for a provider', ['provider'], 'pruned'),
  queued_count_by_provider_and_pool: level(
    'Messages scheduled or ready for a provider, by egress pool',
    ['provider', 'pool'],
    'pruned',
  ),
  ready_count: level('Messages waiting for a connection', ['service'], 'pruned'),
  ready_full: counter('Times that a ready queue had no room for a message', ['service'], 'pruned'),

  delayed_due_to_message_rate_throttle: counter(
    'Times that a rate limit put a message off',
    ['queue'],
    'pruned',
  ),
  delayed_due_to_ready_queue_full: counter(
    'Times that a full ready queue put a message off',
    ['queue'],
    'pruned',
  ),
  delayed_due_to_throttle_insert_ready: counter(
    "Times that a policy's throttle put a message off",
    ['queue'],
    'pruned',
  ),

  queue_insert_latency: histogram('Seconds from handing a message to its queue until it has a place'),
  queue_resolve_latency: histogram('Seconds that finding or making a scheduled queue took'),
  ready_queue_insert_latency: histogram('Seconds that placing a message in a ready queue took'),
  timeq_pop_interval: histogram(
    'Seconds between two looks at what is due',
    [],
    [3, 4, 5, 8, 10, 12, 15, 20, 25, 30],
  ),
  timeq_pop_latency: histogram('Seconds that taking out what is due took'),
  timeq_pop_tardiness: histogram('Seconds past its time when a message was taken out', [], TARDINESS),
  timeq_reinsert_tardiness: histogram(
    'Seconds past its time when a message taken out had a place again',
    [],
    [...TARDINESS, 30, 45, 60, 90, 180, 360, 720],
  ),
  total_qmaint_runs: counter('Rounds of scheduled queue maintainers'),
  total_readyq_runs: counter('Rounds of ready queue maintainers'),
} as const
