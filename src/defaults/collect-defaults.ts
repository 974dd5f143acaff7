import { threadId } from 'node:worker_threads'
import { plainError, show, typeError } from '../common/errors.js'
import type { Gauge } from '../instruments/gauge.js'
import { type GroupMemory, groupMemory } from '../registry/control-group.js'
import { Registry } from '../registry/registry.js'
import { Group } from './group.js'
import { type CheckedOptions, checkDefaultsOptions, type DefaultsOptions } from './options.js'
import { processMetrics } from './process-metrics.js'
import { threadMetrics } from './thread-metrics.js'

/** What this thread tells a registry. */
interface Telling {
  /** The options, as text. */
  readonly options: string
  readonly collect: () => void
  readonly stop: () => void
}

const tellings = new WeakMap<Registry, Telling>()
/** By the gauge whose callback collects. */
const byMarker = new WeakMap<object, Telling>()

/** The callback of all of them: one that is there again after a stop replaces nothing. */
function collect(this: Gauge<string>): void {
  byMarker.get(this)?.collect()
}

/**
 * Tells of the calling thread, and, in the main thread, of the process: prom-client's default metrics with their names
 * and meanings, the event loop's utilisation, and the limit of a container. Call it once in each thread that is to be
 * told of; a further call with the same options does nothing. It reads every `collectEvery` ms of the registry, about a
 * millisecond each time; a scrape reads nothing, and finds the last figures of a thread that is blocked.
 *
 * Label `thread` is the thread's id (0 is the main thread). Where processes share the registry, label `pid` is the
 * process' id. The series of a thread or process that has ended are removed within some
 * `collectEvery`, by any thread that tells of a process.
 *
 * @returns a function that ends it and takes this thread's series out, but for what the process has counted. Closing the
 * registry ends it, too.
 * @throws TypeError or RangeError naming the option. An Error if this thread tells the registry already, with other
 * options, or if the program has other metrics of these names.
 */
export function collectDefaults(registry: Registry, options?: DefaultsOptions): () => void {
  return collectDefaultsWith(registry, options, groupMemory)
}

/** As above; `limits` reads what memory the control group leaves. */
export function collectDefaultsWith(
  registry: Registry,
  options: DefaultsOptions | undefined,
  limits: () => GroupMemory | undefined,
): () => void {
  if (!(registry instanceof Registry)) {
    throw typeError('ERR_POSTMETER_CALL', `collectDefaults: ${show(registry)} is not a registry`)
  }
  const checked = checkDefaultsOptions(options)
  const spelled = JSON.stringify(checked)
  const known = tellings.get(registry)
  if (known?.options === spelled) return known.stop
  if (known !== undefined) {
    const message = `collectDefaults: this thread tells registry "${registry.name}" already, with other options: ${known.options}, not ${spelled}`
    throw plainError('ERR_POSTMETER_CONFLICT', message)
  }
  const telling = tell(registry, checked, spelled, limits)
  tellings.set(registry, telling)
  return telling.stop
}

function tell(
  registry: Registry,
  checked: CheckedOptions,
  options: string,
  limits: () => GroupMemory | undefined,
): Telling {
  // Ids of threads are the same in every process.
  const ofProcess = {
    ...(registry.parts.shared.processes ? { pid: `${process.pid}` } : {}),
    ...checked.labels,
  }
  const ofThread = { ...(checked.threads ? { thread: `${threadId}` } : {}), ...ofProcess }
  const groups = [ofProcess, ofThread].map(labels => new Group(registry, checked.prefix, labels))
  const [forProcess, forThread] = groups
  const { whole, own } = begin()
  const forget = registry.onClose(stop)
  const telling: Telling = {
    options,
    stop,
    collect() {
      own.collect()
      whole?.collect()
      if (whole !== undefined) own.removeEnded()
    },
  }
  byMarker.set(own.marker, telling)
  return telling

  /** All of them, or nothing: what has begun when a name is found to be taken would tell zeros for ever. */
  function begin() {
    try {
      const whole = checked.process
        ? processMetrics(forProcess, checked.memory ? limits : () => undefined)
        : undefined
      return { whole, own: threadMetrics(forThread, checked, collect) }
    } catch (error) {
      for (const group of groups) group.takeOut(undefined, false)
      throw error
    }
  }

  function stop(): void {
    if (tellings.get(registry) !== telling) return
    tellings.delete(registry)
    byMarker.delete(own.marker)
    forget()
    whole?.stop()
    own.stop()
  }
}
