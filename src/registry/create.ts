/** Making and finding registries. */
import { createRequire } from 'node:module'
import { isMainThread, threadId } from 'node:worker_threads'
import { writeSelfMetrics } from '../catalogue/self-metrics.js'
import { badOption, plainError, show } from '../common/errors.js'
import { defaultLog, type Log, logEvent } from '../common/log.js'
import { mebibytes } from '../common/system.js'
import { compileKernel, loadKernel } from '../kernel/loader.js'
import { freeLeftSeries } from '../lifecycle/anew.js'
import { ancestors } from '../memory/ancestors.js'
import { type Arena, createArena, openArena } from '../memory/arena.js'
import { monotonic, uptimeOf } from '../memory/clock.js'
import type { RegistryHandle } from '../memory/handle.js'
import * as L from '../memory/layout.js'
import type { Replaced } from '../processes/meeting.js'
import type { RegistryFile } from '../processes/registry-file.js'
import { join, meetIn, type Shared, share } from '../processes/sharing.js'
import { type GroupMemory, groupMemory, left } from './control-group.js'
import { inherited, registries } from './environment.js'
import {
  checkOptions,
  DEFAULT_COLLECT_EVERY,
  defaultsJson,
  defaultsText,
  type RegistryOptions,
  type SharedOptions,
} from './options.js'
import { checkPlatform } from './platform.js'
import { Registry } from './registry.js'

// For what only makers of registries need: not in each thread that records.
const require = createRequire(import.meta.url)

/**
 * Makes a registry and reserves its memory; Workers that this thread starts from now on find it with
 * `getRegistry()`. Called again with the same name and options it gives the same registry: for each realm of a thread
 * (node:vm contexts, a test runner's files) one of its own, which holds its memory until close() or the thread's end.
 *
 * If `memory` is more than the process' control group leaves, that is logged once, with code `memory-limit`.
 *
 * @throws Error if there is one of that name with other options, if the system refuses the memory, or if there is no
 * WebAssembly (`node --jitless`); TypeError or RangeError naming a bad option.
 */
export function createRegistry(options?: RegistryOptions): Registry {
  return createRegistryWith(options, groupMemory)
}

/** createRegistry() with what only tests set: where it learns what the control group leaves. */
export function createRegistryWith(
  options: RegistryOptions | undefined,
  ofGroup: () => GroupMemory | undefined,
): Registry {
  checkPlatform()
  const { name, shared, file, collectEvery, log } = checkOptions(options)
  const spelled = JSON.stringify(shared)
  const checkSame = (options: string, path: string | undefined) => {
    if (options === spelled && path === file?.path) return
    const of = (options: string, path: string | undefined) =>
      path === undefined ? `options ${options}` : `options ${options} and file ${path}`
    throw plainError(
      'ERR_POSTMETER_CONFLICT',
      `registry "${name}" exists with ${of(options, path)}, not ${of(spelled, file?.path)}`,
    )
  }
  const inherits = shared.processes && file === undefined
  const known = find(name, inherits ? options => checkSame(options, undefined) : undefined)
  if (known !== undefined) {
    checkSame(known.handle.options, inherits ? undefined : known.handle.file)
    return known
  }
  const { randomBytes, randomUUID } = require('node:crypto') as typeof import('node:crypto')
  const key = randomBytes(8)
  const wanted = {
    bytes: shared.memory,
    maxThreads: shared.maxThreads,
    maxLabelBytes: shared.maxLabelLength,
    maxSeries: shared.maxSeries,
    now: Date.now(),
    started: monotonic(),
    hashKey: [key.readInt32LE(0), key.readInt32LE(4)],
  } as const
  // Before anything is made: it may fail, too.
  const kernel = compileKernel()
  const define = (arena: Arena) => {
    if (!writeDefaults(arena, shared.labels)) return false
    writeSelfMetrics(arena, Date.now())
    return true
  }
  const identity = () => ({ name, id: randomUUID(), options: spelled })
  let made: Shared
  if (file !== undefined) {
    made = meetIn(file, wanted, identity(), define, options => checkSame(options, file.path))
    const { arena, how } = made
    if (typeof how === 'object') logReplaced(log, name, file, how)
    if (how === 'anew')
      freeLeftSeries(
        arena,
        () => loadKernel(arena, kernel),
        { threadId, ancestors: ancestors() },
        uptimeOf(arena)(),
      )
  } else if (shared.processes) made = share(wanted, identity(), define)
  else {
    const arena = createArena(wanted)
    if (!define(arena)) throw badOption('labels', shared.labels, 'do not fit into memory (option "memory")')
    made = { arena, id: randomUUID(), options: spelled, how: 'made' }
  }
  made.arena.keepDefaults()
  warnOfGroup(name, shared.memory, log, ofGroup())
  const handle = {
    postmeter: L.LAYOUT_VERSION,
    name,
    id: made.id,
    memory: made.arena.memory,
    kernel,
    options: spelled,
    file: file?.path,
  }
  return enter(
    new Registry(handle, made.arena, {
      ancestors: ancestors(),
      collectEvery,
      log,
      maker: made.how !== 'joined',
    }),
  )
}

function logReplaced(log: Log, name: string, { path }: RegistryFile, { replaced }: Replaced): void {
  logEvent(log, {
    level: 'warn',
    code: 'file-replaced',
    message: `registry "${name}": ${path} is made anew, and all counts begin at zero: ${replaced}`,
  })
}

/**
 * The registry of that name, made by this thread or by one that started it, or by one before that; without a name the
 * default one, which the main thread makes if need be. With a handle: that registry, in a Worker that was started
 * before it was made.
 *
 * @throws Error naming it if there is none, or if there is no WebAssembly; TypeError for a handle that another release laid out.
 */
export function getRegistry(nameOrHandle: string | RegistryHandle = 'default'): Registry {
  checkPlatform()
  if (typeof nameOrHandle === 'object' && nameOrHandle !== null) return open(nameOrHandle)
  if (typeof nameOrHandle !== 'string')
    throw badOption('name', nameOrHandle, 'is neither a name nor a handle')
  const known = find(nameOrHandle, () => {})
  if (known !== undefined) return known
  if (isMainThread && nameOrHandle === 'default') return createRegistry()
  throw plainError(
    'ERR_POSTMETER_NO_REGISTRY',
    `there is no registry ${show(nameOrHandle)} in this thread: make it with createRegistry() before the Worker is ` +
      'started, or send its handle',
  )
}

/** It may be that of another process if there is a `check` of its options. */
function find(name: string, check?: (options: string) => void): Registry | undefined {
  const here = stillOpen(name)
  if (here !== undefined) return here
  const handle = inherited(name)
  if (handle === undefined) return check && joined(name, check)
  const arena = openArena(handle)
  return Atomics.load(arena.i32, L.P_CLOSED) === 0 ? enter(attach(handle, arena)) : undefined
}

/** The registry of that name that a process above this one shares. */
function joined(name: string, check: (options: string) => void): Registry | undefined {
  const found = join(name, check)
  if (found === undefined) return undefined
  const { arena, id, options, file } = found
  arena.keepDefaults()
  const handle = {
    ...{ postmeter: L.LAYOUT_VERSION, name, id, memory: arena.memory, options, file },
    // Compiled when it is first used, or a Worker is started: a process that only records in its main thread does neither.
    get kernel() {
      return compileKernel()
    },
  }
  return enter(attach(handle, arena))
}

/** This realm's registry of that name, unless any thread has closed it: then this thread lets go of it too. */
function stillOpen(name: string): Registry | undefined {
  const here = registries<Registry>().get(name)
  if (here === undefined || !here.closed) return here
  // What callbacks throw then is for who calls close().
  here.close().catch(() => {})
  return undefined
}

function open(handle: RegistryHandle): Registry {
  const arena = openArena(handle)
  const here = stillOpen(handle.name)
  if (here?.handle.id === handle.id) return here
  if (Atomics.load(arena.i32, L.P_CLOSED) !== 0)
    throw plainError('ERR_POSTMETER_CLOSED', `registry "${handle.name}" is closed`)
  if (here !== undefined)
    throw plainError('ERR_POSTMETER_CONFLICT', `this thread has another registry "${handle.name}"`)
  return enter(attach(handle, arena))
}

function attach(handle: RegistryHandle, arena: Arena): Registry {
  const thread = {
    ancestors: ancestors(),
    collectEvery: DEFAULT_COLLECT_EVERY,
    log: defaultLog,
    maker: false,
  }
  const { postmeter, name, id, memory, options, file } = handle
  // No more of it than that: what no Worker can be sent would keep this thread from starting any.
  const own = {
    ...{ postmeter, name, id, memory, options, file },
    get kernel() {
      return handle.kernel
    },
  }
  return new Registry(own, arena, thread)
}

function enter(registry: Registry): Registry {
  registries<Registry>().set(registry.name, registry)
  return registry
}

/** Only said: a registry need not fill, and the group's limit can be raised meanwhile. */
function warnOfGroup(name: string, memory: number, log: Log, group: GroupMemory | undefined): void {
  if (group === undefined || memory <= left(group)) return
  logEvent(log, {
    level: 'warn',
    code: 'memory-limit',
    message:
      `registry "${name}": option "memory": ${mebibytes(memory)} are more than the ${mebibytes(left(group))} that the ` +
      `control group leaves (${mebibytes(group.limit)} in ${group.folder}, ${mebibytes(group.used)} of them used): if ` +
      'it fills, the process may be killed; ask for less, or raise the limit',
  })
}

/** False when memory is full. */
function writeDefaults(arena: Arena, labels: SharedOptions['labels']): boolean {
  const { i32 } = arena
  const count = Object.keys(labels).length
  const text = Buffer.from(defaultsText(labels))
  const json = Buffer.from(defaultsJson(labels))
  if (count > 0 && !(arena.storeText(L.H_DEFAULTS, text) && arena.storeText(L.H_DEFAULTS_JSON, json)))
    return false
  i32[L.H_DEFAULTS_BYTES] = text.length
  i32[L.H_DEFAULTS_JSON_BYTES] = json.length
  i32[L.H_DEFAULTS_COUNT] = count
  return true
}
