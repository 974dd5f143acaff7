import { plainError, show, typeError } from '../common/errors.js'
import { isMemory, type RegistryHandle } from '../memory/handle.js'

/** What the front needs of a registry: where its memory is, and a call when it is closed. */
export interface Servable {
  readonly handle: RegistryHandle
  /** Whether it was closed. */
  readonly closed?: boolean
  /**
   * Has `callback` called and awaited when the registry is closed, before its memory is given up.
   * Returns a function that removes the callback.
   */
  onClose(callback: () => Promise<void> | void): () => void
}

/** @throws TypeError if this is not a registry. */
export function checkServable(call: string, registry: unknown): void {
  const { handle, onClose } = Object(registry) as Partial<Servable>
  if (typeof onClose === 'function' && isMemory(handle?.memory)) return
  throw typeError('ERR_POSTMETER_CALL', `${call}: ${show(registry)} is not a registry`)
}

/** @throws Error that names the registry if it is closed. */
export function checkOpen(call: string, { handle, closed }: Servable): void {
  if (closed) throw plainError('ERR_POSTMETER_CLOSED', `${call}: registry "${handle.name}" is closed`)
}
