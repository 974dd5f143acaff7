/**
 * The part of the WebAssembly interface that is used here, declared without the types of browsers, of which Node lacks
 * some.
 */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true })
    readonly buffer: SharedArrayBuffer
  }
  class Module {
    constructor(bytes: Uint8Array)
    static exports(module: Module): object[]
  }
  class RuntimeError extends Error {}
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }
}
