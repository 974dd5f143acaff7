/** Options of createRegistry, and their checks. */
import { resolve } from 'node:path'
import { checkLabelName, escapeLabelValue, labelText } from '../catalogue/names.js'
import { DROP_LABELS } from '../catalogue/self-metrics.js'
import { bytesOf, duration, expiry, NEVER, wholeNumber } from '../common/checks.js'
import { badOption, isPlain, knownOptions, outOfRange } from '../common/errors.js'
import { defaultLog, type Log } from '../common/log.js'
import { readText } from '../common/system.js'
import * as L from '../memory/layout.js'
import type { RegistryFile } from '../processes/registry-file.js'

export interface RegistryOptions {
  /** The name of the registry. Registries of different names have nothing in common. Default `default`. */
  name?: string
  /**
   * Address space to reserve, in bytes or as `'512MiB'`; at most just under 4 GiB. It takes no memory until it is used,
   * and never grows. Default 256 MiB, which is enough for about two million series of one label. V8 reserves 8 or 10 GiB
   * of address space for each registry all the same, unless node was started with `--disable-wasm-trap-handler`.
   */
  memory?: number | string
  /** Labels that every series gets. */
  labels?: Readonly<Record<string, string | number | boolean>>
  /** The most threads that record at the same time, 1 to 4095. Default 256. */
  maxThreads?: number
  /** The most bytes of a label value in UTF-8, 1 to 65,536. Default 4,096. */
  maxLabelLength?: number
  /**
   * The most series of all families together, without those that have no labels. Default: as many as fit the memory.
   */
  maxSeries?: number
  /**
   * How long series may be idle before they are freed: ms, or for example `'10m'`. Families can have their own.
   * Default: `'never'`.
   */
  expireAfter?: number | string
  /** How often idle series are looked for: ms, or for example `'5s'`. Default 5 s. */
  sweepEvery?: number | string
  /**
   * What a call does with data that cannot be recorded, in all threads: an amount that is no number, is not finite or is
   * negative where the metric takes none such; a label value that is missing, null or no text; a state that a stateset
   * does not have; an exemplar that is no object. `throw` (default) throws at the call. `drop` drops the update, counts
   * it in `postmeter_dropped_updates_total` (reason `value`) and logs it once for each family: for production, where such
   * data comes from the network. A label name that is unknown, a wrong number of label values and a wrong definition
   * always throw; a label value or an exemplar that is too long never does.
   */
  onBadValue?: 'throw' | 'drop'
  /** How often `collect` callbacks run, ms. Default 5,000. */
  collectEvery?: number
  /**
   * Whether processes that this one starts record into this registry, too, and those that they start: with
   * node:cluster, child_process, or any other way that passes on the environment and open files. They find it with
   * `getRegistry()`. Needs Linux, and package koffi unless Node has node:ffi. Default false.
   */
  shared?: boolean
  /**
   * A file in which processes meet that know nothing of each other, and that a service which starts again goes on with:
   * a path on a file system in memory, such as `/run/mta/metrics`, or an object with more to say. The first process makes
   * it, the others attach to it; children of each find it with `getRegistry()`. All must be given the same options.
   * Needs what `shared` needs. Default none.
   */
  file?: string | FileOptions
  /** Called with what goes wrong at run time. Default: Node's own warnings. */
  log?: Log
}

/** The file of a registry that processes share. */
export interface FileOptions {
  /** Its directory must be there. A relative path is one from the working directory. */
  path: string
  /** Its permissions when it is made; 0o600 at least. Default 0o600. */
  mode?: number
  /** The group that it is given to when it is made: a name or an id. Default: the process' own. */
  group?: string | number
  /**
   * Whether counters, histograms and summaries go on where they stood when all processes have ended and the service
   * starts again. Default true.
   */
  keep?: boolean
  /**
   * Whether it may lie on a disk. The system then writes out what is recorded, over and over. Network file systems and
   * FUSE are refused all the same. Default false.
   */
  onDisk?: boolean
  /**
   * Whether it may belong to another user, and others may write to it: whoever can write to it can change all counts, and
   * end all processes that use it. Default false.
   */
  anyOwner?: boolean
}

const ON_BAD_VALUE = ['throw', 'drop'] as const
export type OnBadValue = (typeof ON_BAD_VALUE)[number]

/** The options that must be the same in every thread, with defaults. */
export interface SharedOptions {
  readonly memory: number
  readonly labels: Readonly<Record<string, string>>
  readonly maxThreads: number
  readonly maxLabelLength: number
  readonly maxSeries: number
  /** ms; 0 for never. */
  readonly expireAfter: number
  readonly sweepEvery: number
  readonly onBadValue: OnBadValue
  /** Whether other processes share it. */
  readonly processes: boolean
}

export interface CheckedOptions {
  readonly name: string
  readonly shared: SharedOptions
  readonly file: RegistryFile | undefined
  readonly collectEvery: number
  readonly log: Log
}

export const DEFAULT_COLLECT_EVERY = 5_000

const KNOWN = [
  ...['name', 'memory', 'labels', 'maxThreads', 'maxLabelLength', 'maxSeries'],
  ...['expireAfter', 'sweepEvery', 'onBadValue', 'collectEvery', 'shared', 'file', 'log'],
]

export function checkOptions(options: RegistryOptions = {}): CheckedOptions {
  knownOptions('createRegistry', options, KNOWN)
  const { name = 'default', log = defaultLog, onBadValue = 'throw', shared = false } = options
  if (typeof name !== 'string' || name === '') throw badOption('name', name, 'is not a name')
  if (typeof log !== 'function') throw badOption('log', log, 'is not a function')
  if (!ON_BAD_VALUE.includes(onBadValue))
    throw badOption('onBadValue', onBadValue, `is none of ${ON_BAD_VALUE.join(', ')}`)
  if (typeof shared !== 'boolean') throw badOption('shared', shared, 'is neither true nor false')
  const file = checkFile(options.file)
  if (shared && file !== undefined)
    throw badOption(
      'shared',
      shared,
      'goes without option "file", by which processes share the registry, too',
    )
  const memory = memoryBytes(options.memory ?? '256MiB')
  return {
    name,
    log,
    file,
    collectEvery: wholeNumber('collectEvery', options.collectEvery, DEFAULT_COLLECT_EVERY, 10, 2 ** 31 - 1),
    shared: {
      memory,
      labels: defaultLabels(options.labels),
      maxThreads: wholeNumber('maxThreads', options.maxThreads, 256, 1, L.MAX_SHARDS - 1),
      maxLabelLength: wholeNumber('maxLabelLength', options.maxLabelLength, 4_096, 1, 65_536),
      maxSeries: wholeNumber('maxSeries', options.maxSeries, 0, 1, mostSeries(memory)),
      expireAfter: expiry(options.expireAfter, NEVER),
      sweepEvery: duration('sweepEvery', options.sweepEvery, 5_000),
      onBadValue,
      processes: shared || file !== undefined,
    },
  }
}

const FILE_OPTIONS = ['path', 'mode', 'group', 'keep', 'onDisk', 'anyOwner']
const OWN_MODE = 0o600

function checkFile(given: RegistryOptions['file']): RegistryFile | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'string') return checkFile({ path: given })
  if (!isPlain(given)) throw badOption('file', given, 'is neither a path nor an object')
  knownOptions('file', given, FILE_OPTIONS)
  const { path, mode = OWN_MODE, keep = true, onDisk = false, anyOwner = false } = given
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw badOption('file.path', path, 'is not a path')
  if (!Number.isInteger(mode) || (mode & ~0o777) !== 0 || (mode & OWN_MODE) !== OWN_MODE)
    throw badOption('file.mode', mode, 'is no mode with which its owner reads and writes it, such as 0o640')
  for (const [name, value] of Object.entries({ keep, onDisk, anyOwner })) {
    if (typeof value !== 'boolean') throw badOption(`file.${name}`, value, 'is neither true nor false')
  }
  return { path: resolve(path), mode, group: groupId(given.group), keep, onDisk, anyOwner }
}

/** The id of a group. Node looks none up, so the system's own list is read. */
function groupId(group: unknown): number | undefined {
  if (group === undefined) return undefined
  const known = (readText('/etc/group') ?? '').split('\n').map(line => line.split(':'))
  const id =
    typeof group === 'string' ? Number(known.find(([name]) => name === group)?.[2] ?? Number.NaN) : group
  if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= 2 ** 32 - 1)
    throw badOption('file.group', group, 'is no group of this system (/etc/group)')
  return id as number
}

/** The number of series that would fit a memory if they had no text and one cell. A higher limit is a mistake. */
export function mostSeries(memory: number): number {
  return Math.floor(memory / (L.PLACE_WORDS * L.WORD_BYTES + L.WORD_BYTES))
}

function memoryBytes(memory: unknown): number {
  const bytes = bytesOf(memory)
  if (bytes === undefined) {
    throw badOption('memory', memory, "is not a size (a number of bytes, or for example '512MiB')")
  }
  if (bytes < L.MIN_MEMORY_BYTES || bytes > L.MAX_MEMORY_BYTES) {
    throw outOfRange('memory', memory, `is not from ${L.MIN_MEMORY_BYTES} to ${L.MAX_MEMORY_BYTES} bytes`)
  }
  return L.roundUp(bytes, L.WASM_PAGE_BYTES)
}

function defaultLabels(labels: RegistryOptions['labels']): Record<string, string> {
  if (labels === undefined) return {}
  // A Map, for example, is refused: its entries are no labels.
  if (!isPlain(labels)) {
    throw badOption('labels', labels, 'is not an object of label values')
  }
  const checked: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(labels)) {
    checkLabelName('labels', name)
    if (name === 'le' || name === 'quantile')
      throw badOption('labels', name, 'is a label of histograms or summaries')
    if (DROP_LABELS.includes(name)) throw badOption('labels', name, "is a label of the library's own metrics")
    checked[name] = labelText('(default labels)', name, value).toWellFormed()
  }
  const bytes = Buffer.byteLength(defaultsText(checked)) + Buffer.byteLength(defaultsJson(checked))
  if (bytes > L.MAX_DEFAULTS_BYTES)
    throw outOfRange('labels', labels, `are longer than ${L.MAX_DEFAULTS_BYTES} bytes`)
  return checked
}

/** `a="x",b="y"` */
export function defaultsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabelValue(value)}"`)
    .join(',')
}

/** `"a":"x","b":"y"` */
export function defaultsJson(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `"${name}":${JSON.stringify(value)}`)
    .join(',')
}
