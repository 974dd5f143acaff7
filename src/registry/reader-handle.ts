/** The handle of a registry whose memory this process only reads: for scrapers, which need no more. */
import { compileKernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'
import { H_OPTIONS, H_OPTIONS_BYTES, LAYOUT_VERSION } from '../memory/layout.js'

export function handleOf(arena: Arena): RegistryHandle {
  arena.keepDefaults()
  return {
    postmeter: LAYOUT_VERSION,
    name: 'of a service',
    id: String(arena.i32[H_OPTIONS]),
    memory: arena.memory,
    kernel: compileKernel(),
    options: arena.text(arena.i32[H_OPTIONS], arena.i32[H_OPTIONS_BYTES]),
  }
}
