/** client_js' registry of a process' threads: here they are in one memory, and nobody is asked. */
import { isMainThread } from 'node:worker_threads'
import { spellParts } from './everything.js'
import { home } from './home.js'
import { Registry } from './registry.js'
import { PROMETHEUS_CONTENT_TYPE, type PrometheusContentType, type RegistryContentType } from './types.js'

export class WorkerRegistry<T extends RegistryContentType = PrometheusContentType> extends Registry<T> {
  readonly primary: boolean

  constructor(regContentType: RegistryContentType = PROMETHEUS_CONTENT_TYPE, primary = isMainThread) {
    super(regContentType)
    this.primary = primary
  }

  /** The metrics of all threads, from the memory, whether or not they are busy. */
  async workerMetrics(): Promise<string> {
    return spellParts(home().parts, this.contentType)
  }

  /** What a thread counted stays when it ends: there is nothing to do. */
  async shutdown(_timeout?: number): Promise<void> {}
}
