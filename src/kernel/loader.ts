import { readFileSync } from 'node:fs'
import { damaged } from '../common/errors.js'
import { ownFile } from '../common/files.js'
import { SummaryFold } from '../folds/summary-fold.js'
import type { Arena } from '../memory/arena.js'
import { uptimeOf } from '../memory/clock.js'

/** What the kernel offers; slots, families and pages are references. See assembly/index.ts. */
export interface Kernel {
  headCost(slot: number, family: number): number
  plan(slot: number, family: number, page: number, first: number, budget: number): number
  encode(slot: number): void
  /** Returns how many series it leaves hidden; see assembly/sweep.ts for what it leaves in the slot. */
  sweep(slot: number, family: number, page: number, pages: number, now: number): number
  /** One value of a series over all shards: a cell, by its number in the family. `index` is the place's in its page. */
  foldCell(family: number, page: number, index: number, cell: number): number
  /** What the threads' cells add up to, without the common shard's. Of families that add up alone. */
  foldThreads(family: number, page: number, index: number, cell: number): number
  /** What shows whether a series moved, as sweep() compares it. */
  activityOf(family: number, page: number, index: number): number
  /** Spells a number into the slot's text; returns its length. For tests. */
  spell(slot: number, value: number): number
}

let compiled: WebAssembly.Module | undefined
/** Of this thread, by memory: two arenas can lie over one. */
const loaded = new WeakMap<WebAssembly.Memory, Kernel>()

/**
 * The calling thread's kernel over an arena's memory, made by the first call for it. `module` is that of the registry's
 * handle. With an `uptime` of the caller's own it is another one each time, whose summaries have the ages of that clock.
 */
export function loadKernel(arena: Arena, module: object = compileKernel(), uptime?: () => number): Kernel {
  if (uptime !== undefined) return instantiate(module as WebAssembly.Module, arena, uptime)
  let kernel = loaded.get(arena.memory)
  if (kernel === undefined) {
    kernel = instantiate(module as WebAssembly.Module, arena, uptimeOf(arena))
    loaded.set(arena.memory, kernel)
  }
  return kernel
}

/**
 * Reads and compiles the kernel, once in a thread: about two milliseconds. Who makes a registry does it, and leaves the
 * module for all other threads: they need no file, whatever has been put in the place of this release meanwhile, and
 * all run the same kernel over the memory.
 */
export function compileKernel(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(ownFile(new URL('./kernel.wasm', import.meta.url))))
  return compiled
}

/** `more` is for the kernel that tests run: see assembly/hook.ts. */
export function instantiate(
  module: WebAssembly.Module,
  arena: Arena,
  uptime: () => number,
  more: Record<string, (...args: number[]) => void> = {},
): Kernel {
  const summaries = new SummaryFold(arena, uptime)
  const quantiles = (family: number, page: number, first: number, count: number, values: number) =>
    summaries.fill(family, page, first, count, values)
  const env = { memory: arena.memory, quantiles, ...more }
  const { exports } = new WebAssembly.Instance(module, { env })
  const calls = Object.entries(exports).map(([name, call]) => [name, sound(call as Call)])
  return Object.fromEntries(calls) as Kernel
}

type Call = (...args: number[]) => number

/** A call of the kernel, which traps where the memory is damaged: see assembly/sound.ts. */
function sound(call: Call): Call {
  return (...args) => {
    try {
      return call(...args)
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error
      throw damaged(`the kernel came to what cannot be (${error.message})`, error)
    }
  }
}
