/** The handle of a registry whose memory this process only reads: for scrapers, which need no more. */
import { compileKernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import type { RegistryHandle } from '../memory/handle.js'
import { H_OPTIONS, LAYOUT_VERSION } from '../memory/layout.js'

export function handleOf(arena: Arena): RegistryHandle {
  arena.keepDefaults()
  return {
    postmeter: LAYOUT_VERSION,
    name: 'of a service',
    id: String(arena.i32[H_OPTIONS]),
    memory: arena.memory,
    kernel: compileKernel(),
    // Not the service's, which it may be writing: who only reads does nothing by them.
    options: '{}',
  }
}
