import { readFileSync } from 'node:fs'
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
  /** Spells a number into the slot's text; returns its length. For tests. */
  spell(slot: number, value: number): number
}

let compiled: WebAssembly.Module | undefined

/** A kernel over an arena's memory, for the calling thread. Compiled once for each thread. */
export function loadKernel(arena: Arena, uptime = uptimeOf(arena)): Kernel {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)))
  return instantiate(compiled, arena, uptime)
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
  return new WebAssembly.Instance(module, { env }).exports as unknown as Kernel
}
