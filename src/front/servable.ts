import type { RegistryHandle } from '../memory/handle.js'

/** What the front needs of a registry: where its memory is, and word when it closes. */
export interface Servable {
  readonly handle: RegistryHandle
  /**
   * Has `callback` called, and awaited, when the registry is closed, before its memory is given up.
   * Returns a function that takes the callback off again.
   */
  onClose(callback: () => Promise<void> | void): () => void
}
