import { readFileSync } from 'node:fs'
import type { Arena } from '../memory/arena.js'

/** What the kernel offers; slots, families and pages are references. See assembly/index.ts. */
export interface Kernel {
  headCost(slot: number, family: number): number
  plan(slot: number, family: number, page: number, first: number, budget: number): number
  encode(slot: number): void
  sweep(slot: number, family: number, now: number): void
  /** Spells a number into the slot's text; returns its length. For tests. */
  spell(slot: number, value: number): number
}

let compiled: WebAssembly.Module | undefined

/** A kernel over an arena's memory, for the calling thread. Compiled once for each thread. */
export function loadKernel(arena: Arena): Kernel {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)))
  const instance = new WebAssembly.Instance(compiled, {
    env: { memory: arena.memory },
  })
  return instance.exports as unknown as Kernel
}
