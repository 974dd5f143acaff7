import { counter, held, histogram } from './define.js'

/** Looking things up: DNS, caches, keys for signing. */
export const lookups = {
  dns_mx_resolve_cache_hit: counter('MX look-ups answered from the cache'),
  dns_mx_resolve_cache_miss: counter('MX look-ups that had to ask'),
  dns_mx_resolve_in_progress: held('MX questions that are out now'),
  dns_mx_resolve_status_fail: counter('MX questions that found no mail host'),
  dns_mx_resolve_status_ok: counter('MX questions that found a mail host'),

  lruttl_cache_size: held('Entries in a cache', ['cache_name']),
  lruttl_error_count: counter('Entries that could not be filled', ['cache_name']),
  lruttl_evict_count: counter('Entries that made room for others', ['cache_name']),
  lruttl_expire_count: counter('Entries that outlived their time', ['cache_name']),
  lruttl_hit_count: counter('Look-ups that found their entry', ['cache_name']),
  lruttl_insert_count: counter('Entries put in', ['cache_name']),
  lruttl_lookup_count: counter('Look-ups', ['cache_name']),
  lruttl_miss_count: counter('Look-ups that did not find their entry', ['cache_name']),
  lruttl_populated_count: counter('Entries filled on demand', ['cache_name']),
  lruttl_stale_count: counter('Look-ups that were given an outlived entry', ['cache_name']),
  lruttl_waiting_populate: held('Callers waiting for an entry to be filled', ['cache_name']),

  memoize_cache_hit_count: counter('Memoized calls answered from the cache', ['cache_name']),
  memoize_cache_lookup_count: counter('Memoized calls', ['cache_name']),
  memoize_cache_miss_count: counter('Memoized calls that had to be made', ['cache_name']),
  memoize_cache_populated_count: counter('Memoized results stored', ['cache_name']),

  dkim_signer_cache_hit: counter('DKIM signers found in the cache'),
  dkim_signer_cache_lookup_count: counter('DKIM signers looked up'),
  dkim_signer_cache_miss: counter('DKIM signers not found in the cache'),
  dkim_signer_creation: histogram('Seconds that making a DKIM signer took'),
  dkim_signer_key_cache_hit: counter('DKIM keys found in the cache'),
  dkim_signer_key_cache_lookup_count: counter('DKIM keys looked up'),
  dkim_signer_key_cache_miss: counter('DKIM keys not found in the cache'),
  dkim_signer_key_fetch: histogram('Seconds that fetching a DKIM key took'),
  dkim_signer_message_parse: histogram('Seconds that reading a message for signing took'),
  dkim_signer_sign: histogram('Seconds that one DKIM signature took'),
} as const
