/** client_js' registry of a process' threads: here they are in one memory, and nobody is asked. */
import { isMainThread } from 'node:worker_threads'
import { listOf, tellOf } from './cluster.js'
import { spellParts } from './everything.js'
import { home } from './home.js'
import { Registry } from './registry.js'
import { PROMETHEUS_CONTENT_TYPE, type PrometheusContentType, type RegistryContentType } from './types.js'

/** Those that are told in the place of the whole memory. */
let registries: readonly Registry<RegistryContentType>[] | undefined

export class WorkerRegistry<T extends RegistryContentType = PrometheusContentType> extends Registry<T> {
  readonly primary: boolean

  constructor(regContentType: RegistryContentType = PROMETHEUS_CONTENT_TYPE, primary = isMainThread) {
    super(regContentType)
    this.primary = primary
  }

  /** The metrics of all threads, from the memory, whether or not they are busy. */
  async workerMetrics(): Promise<string> {
    if (registries !== undefined)
      return Registry.aggregate(await tellOf(registries), this.contentType).metrics()
    return spellParts(home().parts, this.contentType)
  }

  /** What a thread counted stays when it ends: there is nothing to do. */
  async shutdown(_timeout?: number): Promise<void> {}

  /**
   * The registries of which this thread's workerMetrics() tells, in the place of all that is in the memory. `register` and
   * those that have a name are all threads'; others are this thread's own, and no other thread tells of them.
   *
   * @throws TypeError for what is no registry.
   */
  static setRegistries(
    // biome-ignore lint/suspicious/noExplicitAny: of either content type
    regs: Registry<any>[] | Registry<any>,
  ): void {
    registries = listOf(regs)
  }
}
