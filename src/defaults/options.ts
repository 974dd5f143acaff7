/** Options of collectDefaults, and their checks. */
import { isMainThread } from 'node:worker_threads'
import { checkLabelName, textOf } from '../catalogue/names.js'
import { wholeNumber } from '../common/checks.js'
import { badOption, isPlain, knownOptions } from '../common/errors.js'
import { checkPrefix } from '../exposition/prefix.js'
import { checkBuckets } from '../instruments/buckets.js'
import { DEFAULT_PRECISION } from './readers/event-loop.js'
import { GC_BUCKETS } from './readers/gc.js'
import { VERSION_LABELS } from './readers/process.js'

export interface DefaultsOptions {
  /** What all names begin with. Default: nothing. */
  prefix?: string
  /**
   * Labels of what this thread tells, such as the part that it has in the program. Their names must be the same in all
   * threads, and none of the registry's default labels.
   */
  labels?: Readonly<Record<string, string | number | boolean>>
  /**
   * Whether each thread has series of its own, told apart by label `thread`. Without, the threads' figures combine: the
   * greatest delay and utilisation, the sum of heaps. Must be the same in all threads. Default true.
   */
  threads?: boolean
  /**
   * Whether this thread tells of the process, too. One thread of a process is enough; one that is never blocked does it
   * best. Default: the main thread does.
   */
  process?: boolean
  /**
   * Whether it tells `memory_limit` and `memory_usage`. Set it to false where the collectors of `postmeter/mta` tell them,
   * whose limit is a part of what there is. Default true.
   */
  memory?: boolean
  /** Upper bounds of `nodejs_gc_duration_seconds`, seconds, ascending. Must be the same in all threads. */
  gcDurationBuckets?: readonly number[]
  /** How often the event loop is looked at to see how late it is: ms, 1 to 60,000. Default 10. */
  eventLoopMonitoringPrecision?: number
}

export type CheckedOptions = Required<DefaultsOptions>

const KNOWN = [
  'prefix',
  'labels',
  'threads',
  'process',
  'memory',
  'gcDurationBuckets',
  'eventLoopMonitoringPrecision',
]

export function checkDefaultsOptions(options: DefaultsOptions = {}): CheckedOptions {
  knownOptions('collectDefaults', options, KNOWN)
  const { prefix = '', labels = {}, threads = true, process = isMainThread, memory = true } = options
  const wrong = checkPrefix(prefix)
  if (wrong !== undefined) throw badOption('prefix', prefix, wrong)
  return {
    prefix,
    labels: checkLabels(labels),
    threads: flag('threads', threads),
    process: flag('process', process),
    memory: flag('memory', memory),
    gcDurationBuckets: checkBuckets(
      'nodejs_gc_duration_seconds',
      options.gcDurationBuckets ?? GC_BUCKETS,
      'gcDurationBuckets',
    ),
    eventLoopMonitoringPrecision: wholeNumber(
      'eventLoopMonitoringPrecision',
      options.eventLoopMonitoringPrecision,
      DEFAULT_PRECISION,
      1,
      60_000,
    ),
  }
}

function flag(option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw badOption(option, value, 'is neither true nor false')
  return value
}

/** Labels that some of the metrics have of their own. */
const OWN_LABELS = ['thread', 'pid', 'type', 'space', 'kind', 'le', ...VERSION_LABELS]

function checkLabels(labels: unknown): Record<string, string> {
  if (!isPlain(labels)) throw badOption('labels', labels, 'is no object of labels')
  // By name: threads that give the same labels in another order have the same metrics.
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    sorted.map(([name, value]) => {
      checkLabelName('labels', name)
      if (OWN_LABELS.includes(name)) throw badOption('labels', name, 'is a label that they have of their own')
      const text = textOf(value)
      if (text === undefined) throw badOption('labels', value, `of "${name}" is no text, number or boolean`)
      return [name, text]
    }),
  )
}
