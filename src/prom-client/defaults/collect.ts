/** The metrics that collectDefaultMetrics() registers. */
import { typeError } from '../../common/errors.js'
import { RESOURCES } from '../../defaults/readers/active.js'
import { isObject } from '../labels.js'
import { type Collects, type DefaultsConfig, groupOf } from './config.js'
import { cpu } from './cpu.js'
import { eventLoopLag } from './event-loop-lag.js'
import { eventLoopUtilization } from './event-loop-utilization.js'
import { maxFileDescriptors, openFileDescriptors } from './file-descriptors.js'
import { gc } from './gc.js'
import { handles, requests, resources } from './handles.js'
import { heapSize, heapSpaces } from './heap.js'
import { memory } from './memory.js'
import { startTime, version } from './process.js'

/** By the names that prom-client has for them. */
export const COLLECTS: Readonly<Record<string, Collects>> = {
  processCpuTotal: cpu,
  processStartTime: startTime,
  osMemoryHeap: memory,
  processOpenFileDescriptors: openFileDescriptors,
  processMaxFileDescriptors: maxFileDescriptors,
  eventLoopLag,
  ...(RESOURCES.known() ? { processResources: resources } : {}),
  processHandles: handles,
  processRequests: requests,
  heapSizeAndUsed: heapSize,
  heapSpacesSizeAndUsed: heapSpaces,
  version,
  gc,
}

/** By the names that client_js has for them, in its order. */
export const CLIENT_JS_COLLECTS: Readonly<Record<string, Collects>> = Object.fromEntries(
  Object.entries(COLLECTS).flatMap(entry =>
    entry[0] === 'eventLoopLag' ? [entry, ['eventLoopUtilization', eventLoopUtilization]] : [entry],
  ),
)

export function registerDefaults(config: unknown, collects = COLLECTS): void {
  if (config !== null && config !== undefined && !isObject(config)) {
    throw typeError('ERR_POSTMETER_OPTION', 'config must be null, undefined, or an object')
  }
  const group = groupOf(config as DefaultsConfig)
  for (const collect of Object.values(collects)) collect(group)
}
