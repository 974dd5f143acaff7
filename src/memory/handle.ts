import { P_READER } from './layout.js'

/** A WebAssembly.Memory over a SharedArrayBuffer. */
export interface SharedMemory {
  readonly buffer: ArrayBufferLike
}

/** Whether it is a WebAssembly.Memory, of this realm or of another one, in which that class is another. */
export function isMemory(value: unknown): value is WebAssembly.Memory {
  try {
    // The getter checks what it is called on, whichever realm made that.
    Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')!.get!.call(value)
    return true
  } catch {
    return false
  }
}

/** Whether this process may only read the registry's memory. */
export function isReader({ memory }: RegistryHandle): boolean {
  return new Int32Array(memory.buffer)[P_READER] !== 0
}

/** Whether it is a WebAssembly.Module, of this realm or of another. */
export function isModule(value: unknown): value is WebAssembly.Module {
  try {
    WebAssembly.Module.exports(value as WebAssembly.Module)
    return true
  } catch {
    return false
  }
}

/** What another thread needs to find a registry. It can be cloned by structured clone; the memory itself is shared. */
export interface RegistryHandle {
  /** The layout version of the memory. */
  readonly postmeter: number
  readonly name: string
  /**
   * Differs from that of any other registry. Two clones of one handle hold buffers that are not `===`, so they are
   * compared by this.
   */
  readonly id: string
  readonly memory: SharedMemory
  /** A WebAssembly.Module: the compiled kernel, the same in all threads. */
  readonly kernel: object
  /** The options the registry was made with, in one canonical spelling. */
  readonly options: string
  /** The file in which processes meet that share the registry, if they do in one. */
  readonly file?: string | undefined
}
