import { counter, held, histogram } from './define.js'

/** kumod's Lua policy and the Redis it may share. Nothing here runs in this MTA: present, and zero. */
export const policy = {
  lua_count: held('Lua contexts alive'),
  lua_spare_count: held('Lua contexts waiting to be used again'),
  lua_load_count: counter('Times that the policy was loaded into a Lua context'),
  lua_event_latency: histogram('Seconds that a Lua event handler took', ['event']),
  lua_event_started: counter('Lua event handlers started', ['event']),
  user_lua_latency: histogram("Seconds measured by a policy's own timers", ['label']),
  redis_operation_latency: histogram('Seconds that a Redis operation took', [
    'service',
    'operation',
    'status',
  ]),
} as const
