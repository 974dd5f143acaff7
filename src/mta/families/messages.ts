import { counter, fact, histogram, level } from './define.js'

/** Messages in hand, where they are kept, and the log of what became of them. */
export const messages = {
  message_count: level('Messages in hand'),
  message_data_resident_count: level('Messages whose data is in memory'),
  message_meta_resident_count: level('Messages whose metadata is in memory'),
  message_data_load_latency: histogram('Seconds that loading the data of a message from the spool took'),
  message_meta_load_latency: histogram('Seconds that loading the metadata of a message from the spool took'),
  message_save_latency: histogram('Seconds that saving a message to the spool took'),

  rocks_spool_actual_delayed_write_rate: fact('Bytes a second that RocksDB holds writes down to', ['path']),
  rocks_spool_background_errors: fact('Errors in the background work of RocksDB', ['path']),
  rocks_spool_cache_total: fact('Bytes in the block cache of RocksDB', ['path']),
  rocks_spool_compaction_pending: fact('Whether RocksDB has a compaction to do', ['path']),
  rocks_spool_estimate_pending_compaction_bytes: fact('Bytes that RocksDB has yet to compact', ['path']),
  rocks_spool_load_shed_active: fact('Whether mail is refused to spare RocksDB', ['path']),
  rocks_spool_mem_table_readers_total: fact('Bytes held by readers of RocksDB tables', ['path']),
  rocks_spool_mem_table_total: fact('Bytes in the mem tables of RocksDB', ['path']),
  rocks_spool_mem_table_unflushed: fact('Bytes in the mem tables of RocksDB not yet on disk', ['path']),
  rocks_spool_num_running_compactions: fact('Compactions that RocksDB is running', ['path']),
  rocks_spool_write_stopped: fact('Whether RocksDB has stopped writes', ['path']),

  log_hook_backlog_count: counter('Log records that a hook had to leave for later', ['logger']),
  log_submit_full: counter('Log records that found the logger full', ['logger']),
  log_submit_latency: histogram('Seconds that handing a record to the logger took', ['logger']),
} as const
