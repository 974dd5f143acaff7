/** What a process must have for registries. Looked at by calls, and not by the import, which never throws. */
import { plainError } from '../common/errors.js'

/** @throws Error that says what is missing, and what to do. */
export function checkPlatform(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1)
    throw plainError('ERR_POSTMETER_PLATFORM', 'postmeter needs a little-endian processor, as WebAssembly is')
  // Not declared anywhere that it can be missing.
  const { Memory, Module, Instance } = ((globalThis as Record<string, unknown>).WebAssembly ?? {}) as Record<
    string,
    unknown
  >
  if (Memory !== undefined && Module !== undefined && Instance !== undefined) return
  throw plainError(
    'ERR_POSTMETER_PLATFORM',
    'postmeter needs WebAssembly, which this process lacks: start node without --jitless (look in NODE_OPTIONS, too), ' +
      'and leave the global "WebAssembly" in place',
  )
}
