import { of, orZero, quantiles, type RowSpec, rate, sum } from './spec.js'

const byInstance = (metric: string) => sum(of(metric), 'instance')

/** Of the library's own metrics. */
export const postmeterRows: readonly RowSpec[] = [
  {
    title: 'postmeter: memory and processes',
    panels: [
      {
        title: 'Memory of the registry',
        description:
          'Bytes given out to families, series, cells and text; those of series records that are free again.',
        unit: 'bytes',
        queries: [
          { expr: byInstance('postmeter_memory_used_bytes'), legend: '{{instance}}' },
          { expr: byInstance('postmeter_memory_reusable_bytes'), legend: '{{instance}}: free again' },
        ],
      },
      {
        title: 'Memory of the registry, of its limit',
        description:
          'Share given out of what createRegistry() reserved. When all is, new series are dropped.',
        unit: 'percentunit',
        max: 1,
        queries: [
          {
            expr: `${byInstance('postmeter_memory_used_bytes')} / ${byInstance('postmeter_memory_reserved_bytes')}`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Updates dropped',
        description:
          'Updates a second that could not be recorded. Anything here means that figures are incomplete.',
        unit: 'cps',
        look: 'stack',
        queries: [
          {
            expr: orZero(sum(rate('postmeter_dropped_updates_total'), 'family, reason'), 'reason'),
            legend: '{{reason}} {{family}}',
          },
        ],
      },
      {
        title: 'Series',
        description: 'Series that exist. Retired ones are hidden and not yet free.',
        unit: 'short',
        queries: [
          { expr: byInstance('postmeter_series'), legend: '{{instance}}' },
          { expr: byInstance('postmeter_series_retired'), legend: '{{instance}}: retired' },
        ],
      },
      {
        title: 'Series that come and go',
        description: 'Series made, freed, and removed by the program, a second.',
        unit: 'cps',
        queries: [
          { expr: sum(rate('postmeter_series_made_total')), legend: 'made' },
          { expr: sum(rate('postmeter_series_expired_total')), legend: 'freed' },
          { expr: sum(rate('postmeter_series_removed_total')), legend: 'removed' },
        ],
      },
      {
        title: 'Threads',
        description:
          'Threads that record, shards of threads that ended, and threads whose end nobody will notice.',
        unit: 'short',
        queries: [
          { expr: sum(of('postmeter_shards_in_use')), legend: 'record' },
          { expr: sum(of('postmeter_shards_orphaned')), legend: 'ended' },
          { expr: sum(of('postmeter_shards_unwatched')), legend: 'unwatched' },
        ],
      },
      {
        title: 'Processes',
        description: 'Processes that record into the registry: one where it is not shared.',
        unit: 'short',
        queries: [
          {
            expr: `${byInstance('postmeter_processes')} or ${sum(`0 * ${of('postmeter_series')} + 1`, 'instance')}`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Sweeps',
        description: 'How long the last look for idle series took.',
        unit: 's',
        queries: [
          {
            expr: `max by (instance) (${of('postmeter_sweep_last_seconds')})`,
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Faults',
        description:
          'A second: threads that found no shard, processes found dead, sweeps that were broken off.',
        unit: 'cps',
        queries: [
          { expr: sum(rate('postmeter_threads_refused_total')), legend: 'threads refused' },
          { expr: orZero(sum(rate('postmeter_processes_found_dead_total'))), legend: 'processes found dead' },
          { expr: sum(rate('postmeter_sweeps_failed_total')), legend: 'sweeps broken off' },
        ],
      },
    ],
  },
  {
    title: 'postmeter: the endpoint',
    panels: [
      {
        title: 'Up',
        description: "1 where Prometheus' last scrape went well.",
        unit: 'short',
        max: 1,
        queries: [{ expr: `min by (instance) (${of('up')})`, legend: '{{instance}}' }],
      },
      {
        title: 'Scrapes',
        description:
          'Scrapes answered a second, by status. aborted: the reader went away, for it waits too short a time.',
        unit: 'reqps',
        look: 'stack',
        queries: [
          {
            expr: sum(rate('postmeter_scrapes_total'), 'status, format'),
            legend: '{{status}} {{format}}',
          },
        ],
      },
      {
        title: 'Time of a scrape',
        description:
          'From a request to the end of its answer, as the endpoint sees it; and the longest as Prometheus does.',
        unit: 's',
        queries: [
          ...quantiles('postmeter_scrape_duration_seconds', 0.5, 0.99),
          { expr: `max(${of('scrape_duration_seconds')})`, legend: 'Prometheus' },
        ],
      },
      {
        title: 'Size of a scrape',
        description: 'Bytes of an answer as sent, compressed or not; on average.',
        unit: 'bytes',
        queries: [
          {
            expr: ['sum', 'count']
              .map(part => sum(rate(`postmeter_scrape_size_bytes_${part}`), 'instance'))
              .join(' / '),
            legend: '{{instance}}',
          },
        ],
      },
      {
        title: 'Samples of a scrape',
        description: 'Lines that Prometheus stores of each scrape.',
        unit: 'short',
        queries: [{ expr: byInstance('scrape_samples_scraped'), legend: '{{instance}}' }],
      },
      {
        title: 'Requests refused, readers cut',
        description: 'A second, by reason: docs/ENDPOINT.md says what each reason asks for.',
        unit: 'reqps',
        queries: [
          {
            expr: orZero(sum(rate('postmeter_requests_denied_total'), 'reason'), 'reason'),
            legend: 'refused: {{reason}}',
          },
          {
            expr: orZero(sum(rate('postmeter_readers_cut_total'), 'reason'), 'reason'),
            legend: 'cut: {{reason}}',
          },
        ],
      },
      {
        title: 'Under way',
        description:
          'Requests and scrapes now. Scrapes that wait for long want a larger maxConcurrentScrapes.',
        unit: 'short',
        queries: [
          { expr: sum(of('postmeter_requests_in_flight')), legend: 'requests' },
          { expr: sum(of('postmeter_scrapes_encoding')), legend: 'scrapes' },
          { expr: sum(of('postmeter_scrapes_waiting')), legend: 'scrapes that wait' },
          { expr: sum(of('postmeter_connections')), legend: 'connections' },
          { expr: `max(${of('postmeter_slots_in_use')})`, legend: 'slots (of 8)' },
        ],
      },
      {
        title: 'Restarts of the front',
        description: 'Times that the thread which serves the metrics was started again, in half an hour.',
        unit: 'short',
        queries: [
          {
            expr: sum(`increase(${of('postmeter_front_restarts_total')}[30m])`, 'instance'),
            legend: '{{instance}}',
          },
        ],
      },
    ],
  },
]
