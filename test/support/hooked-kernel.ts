import { readFileSync } from 'node:fs'
import { instantiate, type Kernel } from '../../src/kernel/loader.js'
import type { Arena } from '../../src/memory/arena.js'
import { uptimeOf } from '../../src/memory/clock.js'

const hooked = new WebAssembly.Module(readFileSync(new URL('../kernel/hooked.wasm', import.meta.url)))

/** The kernel that is shipped, but for a call to the test at src/kernel/assembly/hook.ts. */
export function hookedKernel(arena: Arena, beforeCopy: (place: number) => void): Kernel {
  return instantiate(hooked, arena, uptimeOf(arena), { beforeCopy })
}
