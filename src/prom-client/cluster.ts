/**
 * One exposition of all workers of node:cluster. Where they share a registry it is in the memory, and nobody is asked.
 * Elsewhere the primary asks each worker by prom-client's messages, so workers that still run prom-client answer, too.
 */
import type { Worker } from 'node:cluster'
import { plainError, typeError } from '../common/errors.js'
import { spellAll } from './everything.js'
import { homeIfKnown } from './home.js'
import { globalRegistry, Registry } from './registry.js'
import { PROMETHEUS_CONTENT_TYPE, type PrometheusContentType, type RegistryContentType } from './types.js'
import { cluster, haveTheirOwn, workers } from './workers.js'

const REQUEST = 'prom-client:getMetricsReq'
const RESPONSE = 'prom-client:getMetricsRes'
const TIMEOUT = 5_000

interface Message {
  readonly type?: string
  readonly requestId?: number
  readonly metrics?: readonly (readonly unknown[])[]
  readonly error?: string
}

/** One question to all workers. */
interface Question {
  readonly answers: (readonly unknown[])[]
  /** Those that have not answered yet. */
  readonly pending: Set<Worker>
  readonly settle: (error: Error | undefined) => void
}

const questions = new Map<number, Question>()
let asked = 0
let registries: readonly Registry<RegistryContentType>[] = [globalRegistry]
let listening = false

export class AggregatorRegistry<T extends RegistryContentType = PrometheusContentType> extends Registry<T> {
  constructor(regContentType: RegistryContentType = PROMETHEUS_CONTENT_TYPE) {
    super(regContentType)
    listen()
  }

  /**
   * The metrics of all workers; the empty text where there are none. Where the registry is shared over processes it is
   * read from the memory, with the primary's own, whether or not the workers are busy. As long as there are workers that
   * were forked before it was made, all are asked.
   *
   * A worker that ends before it has answered is left out.
   *
   * @throws Error if one that lives has not answered within 5 seconds.
   */
  async clusterMetrics(): Promise<string> {
    const all = spellAll(this.contentType)
    if (all === undefined) return this.askWorkers([])
    return haveTheirOwn() ? this.askWorkers(await tell()) : all
  }

  /** @internal */
  protected async askWorkers(own: readonly (readonly unknown[])[]): Promise<string> {
    const all = workers()
    if (all.length === 0 && own.length === 0) return ''
    const answers = await ask(all)
    return Registry.aggregate([...own, ...answers], this.contentType).metrics()
  }

  /** The registries of which this worker tells the primary. Default `register`. */
  static setRegistries(
    // biome-ignore lint/suspicious/noExplicitAny: of either content type
    regs: Registry<any>[] | Registry<any>,
  ): void {
    registries = listOf(regs)
  }
}

/** client_js' name for it; the primary's own metrics are told, too. */
export class ClusterRegistry<
  T extends RegistryContentType = PrometheusContentType,
> extends AggregatorRegistry<T> {
  override async clusterMetrics(): Promise<string> {
    const all = spellAll(this.contentType)
    return all === undefined || haveTheirOwn() ? this.askWorkers(await tell()) : all
  }

  /** Waits for the questions that are under way. What a worker of a shared registry counted stays when it ends. */
  async shutdown(timeout = TIMEOUT): Promise<void> {
    const limit = Date.now() + timeout
    while (questions.size > 0 && Date.now() < limit) await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** What setRegistries() is given. @throws TypeError for what is no registry. */
// biome-ignore lint/suspicious/noExplicitAny: of either content type
export function listOf(regs: Registry<any>[] | Registry<any>): readonly Registry<RegistryContentType>[] {
  const all = Array.isArray(regs) ? regs : [regs]
  for (const one of all) {
    if (!(one instanceof Registry))
      throw typeError('ERR_POSTMETER_CALL', `Expected Registry, got ${typeof one}`)
  }
  return all
}

export function tellOf(
  those: readonly Registry<RegistryContentType>[],
): Promise<readonly (readonly unknown[])[]> {
  return Promise.all(those.map(one => one.getMetricsAsJSON()))
}

function tell(): Promise<readonly (readonly unknown[])[]> {
  return tellOf(registries)
}

function ask(them: readonly Worker[]): Promise<(readonly unknown[])[]> {
  if (them.length === 0) return Promise.resolve([])
  const requestId = asked++
  return new Promise((resolve, reject) => {
    const answers: (readonly unknown[])[] = []
    const timer = setTimeout(
      () => settle(plainError('ERR_POSTMETER_SHARED', 'Operation timed out.')),
      TIMEOUT,
    )
    const settle = (error: Error | undefined) => {
      clearTimeout(timer)
      questions.delete(requestId)
      if (error === undefined) resolve(answers)
      else reject(error)
    }
    const question = { answers, pending: new Set(them), settle }
    questions.set(requestId, question)
    for (const worker of them) {
      // Without a callback, one that has died unnoticed would be an error that nobody handles.
      worker.send({ type: REQUEST, requestId }, error => {
        if (error !== null) strike(question, worker)
      })
    }
  })
}

function answered(worker: Worker, { requestId, metrics = [], error }: Message): void {
  const question = questions.get(requestId as number)
  if (!question?.pending.has(worker)) return
  if (error !== undefined) question.settle(new Error(error))
  else {
    question.answers.push(...metrics)
    strike(question, worker)
  }
}

function strike({ pending, settle }: Question, worker: Worker): void {
  if (pending.delete(worker) && pending.size === 0) settle(undefined)
}

async function answer({ requestId }: Message): Promise<void> {
  const told = await tell().then(
    metrics => ({ metrics }),
    (error: Error) => ({ error: error.message }),
  )
  // The primary may have gone meanwhile.
  if (process.connected) process.send?.({ type: RESPONSE, requestId, ...told })
}

/** Once in a process, with the first registry of this class. */
function listen(): void {
  if (listening) return
  listening = true
  // One that is to be shared is made before there are workers, so that they find it.
  homeIfKnown()
  if (cluster().isPrimary) {
    cluster().on('message', (worker: Worker, message: Message) => {
      if (message?.type === RESPONSE) answered(worker, message)
    })
    // One that has ended answers no more, and tells nothing.
    cluster().on('disconnect', (worker: Worker) => {
      for (const question of questions.values()) strike(question, worker)
    })
  }
  if (cluster().isWorker) {
    process.on('message', (message: Message) => {
      if (message?.type === REQUEST) void answer(message)
    })
  }
}
