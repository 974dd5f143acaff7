import { counter, fact } from './define.js'

/** The process and the machine it runs on. */
export const host = {
  memory_usage: fact('Resident memory of the process in bytes'),
  memory_usage_rust: fact("Bytes handed out by kumod's own allocator"),
  memory_limit: fact('Memory in bytes that the process should stay below'),
  memory_low_thresh: fact('Memory in bytes from which on memory counts as low'),
  memory_low_count: counter('Times that memory became low'),
  memory_over_limit_count: counter('Times that memory went over its limit'),

  process_cpu_usage_sum: fact('CPU used by the process in percent of one core'),
  process_cpu_usage_normalized: fact('CPU used by the process in percent of all cores, 0 to 100'),
  system_cpu_usage_sum: fact('CPU in use on the machine in percent of one core'),
  system_cpu_usage_normalized: fact('CPU in use on the machine in percent of all cores, 0 to 100'),

  disk_free_bytes: fact('Bytes available in a watched place', ['name']),
  disk_free_inodes: fact('Inodes available in a watched place', ['name']),
  disk_free_inodes_percent: fact('Percentage of inodes available in a watched place', ['name']),
  disk_free_percent: fact('Percentage of bytes available in a watched place', ['name']),

  thread_pool_size: fact('Threads in a pool', ['pool']),
  thread_pool_parked: fact('Threads in a pool that mostly waited since the last look', ['pool']),
} as const
