/**
 * One registry's shared memory as a thread sees it: typed views, and the allocator. The views are made once: the memory
 * never grows, so they stay valid.
 *
 * Assumes: Int32 access through Atomics is sequentially consistent. Plain 8-byte aligned Float64 access does not tear;
 * that is so on every platform that V8 runs on, though the specification does not promise it.
 * Guarantees: `alloc` may be called from any thread. A thread that dies in it leaks at most the piece that it was
 * given. Memory that was never allocated is zero.
 */
import { badOption, damaged, plainError } from '../common/errors.js'
import { quiet } from '../common/inspect.js'
import { LESS_ADDRESSES } from './address-space.js'
import { writeZeros } from './backing.js'
import { isMemory, isModule, type RegistryHandle } from './handle.js'
import * as L from './layout.js'
import { workspacesBytes } from './workspace-size.js'

/** Words of the smallest page of a file that a system has. */
const FILE_PAGE_WORDS = 4_096 / L.WORD_BYTES

export class Arena {
  readonly memory: WebAssembly.Memory
  readonly f64: Float64Array
  readonly i32: Int32Array
  readonly i64: BigInt64Array
  readonly u8: Uint8Array
  /** Word at which the table of shards begins; likewise for hash buckets and slots. */
  readonly shards: number
  readonly hash: number
  readonly hashMask: number
  readonly slots: number
  readonly slotWords: number
  /** Number of shards, the common one included. */
  readonly shardCount: number
  /** Word at which the table of attachments begins. */
  readonly attachments: number
  /** Words between which all references lie, but those to slots and tables. */
  readonly begin: number
  readonly limit: number
  /** The process' descriptor of the file that lies over what is recorded; 0 if there is none. */
  readonly #descriptor: number
  /** Key of the hashes by which label sets are found: random, and the same in all threads. */
  readonly hashKey: readonly [number, number]

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory
    const { buffer } = memory
    // What is behind is for compressing: see workspaces.ts.
    const bytes = new Int32Array(buffer)[L.P_PAGES] * L.WASM_PAGE_BYTES
    this.f64 = quiet(new Float64Array(buffer, 0, bytes / 8))
    this.i32 = quiet(new Int32Array(buffer, 0, bytes / 4))
    this.i64 = quiet(new BigInt64Array(buffer, 0, bytes / 8))
    this.u8 = quiet(new Uint8Array(buffer, 0, bytes))
    this.shards = this.i32[L.P_SHARDS]
    this.hash = this.i32[L.P_HASH]
    this.hashMask = this.i32[L.P_HASH_MASK]
    this.slots = this.i32[L.P_SLOTS]
    this.slotWords = this.i32[L.P_SLOT_WORDS]
    this.shardCount = this.i32[L.P_SHARD_COUNT]
    this.attachments = this.i32[L.P_ATTACHMENTS]
    this.begin = this.i32[L.P_ARENA]
    this.limit = this.i32[L.P_LIMIT]
    this.#descriptor = this.i32[L.P_DESCRIPTOR]
    this.hashKey = [this.i32[L.P_KEY], this.i32[L.P_KEY + 1]]
  }

  /** Whether so many words from a reference on can be a record: they are in the arena. */
  has(reference: number, words: number): boolean {
    return reference >= this.begin && words >= 0 && reference + words <= this.limit
  }

  /**
   * Copies what the header says of default labels to where no other process writes. Call when they are written, before
   * anything is exposed. @throws Error if they cannot be what was written.
   */
  keepDefaults(): void {
    const { i32 } = this
    const defaults = i32.slice(L.H_DEFAULTS, L.H_DEFAULTS_COUNT + 1)
    const [text, textBytes, json, jsonBytes, count] = defaults
    const whole = [
      [text, textBytes],
      [json, jsonBytes],
    ].every(
      ([at, bytes]) =>
        bytes >= 0 && bytes <= L.MAX_DEFAULTS_BYTES && (bytes === 0 || this.has(at, bytes / L.WORD_BYTES)),
    )
    if (!whole || count < 0 || count > textBytes) throw damaged('its default labels are none')
    i32.set(defaults, L.P_DEFAULTS)
  }

  /** Capacity of a slot's text, bytes. */
  get slotText(): number {
    return this.i32[L.P_SLOT_TEXT]
  }

  /** The most bytes of a label value. */
  get maxLabelBytes(): number {
    return this.i32[L.P_MAX_LABEL_BYTES]
  }

  /** Whether this process may only read what is recorded. */
  get reader(): boolean {
    return this.i32[L.P_READER] !== 0
  }

  /** The number of this process' attachment; 0 if the memory is not shared with other processes. */
  get attachment(): number {
    return this.i32[L.P_ATTACHMENT]
  }

  /** A reference to so many zeroed words, on a cache line of their own; 0 when memory is full. */
  alloc(words: number): number {
    if (this.reader) return 0
    const size = L.roundUp(words, L.LINE_WORDS)
    const begin = this.begin
    const limit = this.limit
    let at = Atomics.load(this.i32, L.H_BUMP)
    for (;;) {
      const all = size + this.#beyond(at + size)
      if (at + all > limit || at < begin) return 0
      const seen = Atomics.compareExchange(this.i32, L.H_BUMP, at, at + all)
      if (seen === at) return this.#backs(at, all) ? at : 0
      at = seen
    }
  }

  /**
   * Words that belong to a piece which ends at a word, beyond its end. Copies read past what they copy: where the piece
   * ends with a page of a file, they would be the first to use the next page.
   */
  #beyond(end: number): number {
    return this.#descriptor !== 0 && end % FILE_PAGE_WORDS === 0 ? L.LINE_WORDS : 0
  }

  /**
   * Whether words that were just given out can be used. A page of a file that the system cannot back ends the process at
   * its first use, so zeros are written there first, by a call that can fail.
   */
  #backs(at: number, words: number): boolean {
    // A copy that no store can reach: zeros must never be written to another file.
    const descriptor = this.#descriptor
    if (descriptor === 0 || writeZeros(descriptor, rangeOffset(at), words * L.WORD_BYTES)) return true
    // For later, when there may be room. It stays unused if other words have been given out since.
    Atomics.compareExchange(this.i32, L.H_BUMP, at + words, at)
    return false
  }

  /** Bytes of the arena that were given out. */
  usedBytes(): number {
    return (Atomics.load(this.i32, L.H_BUMP) - this.begin) * L.WORD_BYTES
  }

  /** Bytes that have never been given out. */
  freeBytes(): number {
    return (this.limit - Atomics.load(this.i32, L.H_BUMP)) * L.WORD_BYTES
  }

  /** Copies bytes into newly allocated memory with room for a 16-byte copy's overrun; 0 when memory is full. */
  store(bytes: Uint8Array): number {
    const at = this.alloc(textRoom(bytes.length))
    if (at !== 0) this.u8.set(bytes, at * L.WORD_BYTES)
    return at
  }

  /**
   * Has two fields refer to a text, as store() keeps it, in place of the one that they refer to; false when memory is
   * full. Call while nobody reads them.
   */
  storeText(field: number, bytes: Uint8Array): boolean {
    const { i32, u8 } = this
    const room = textRoom(i32[field + 1])
    const fits = this.has(i32[field], room) && textRoom(bytes.length) <= room
    if (fits) u8.set(bytes, i32[field] * L.WORD_BYTES)
    else {
      const at = this.store(bytes)
      if (at === 0) return false
      i32[field] = at
    }
    i32[field + 1] = bytes.length
    return true
  }

  /** A copy of bytes in the memory, as text; none if there are no bytes. @throws Error if there cannot be so many. */
  text(at: number, bytes: number): string {
    if (bytes === 0) return ''
    if (bytes > MAX_TEXT_BYTES || !this.has(at, bytes / L.WORD_BYTES))
      throw damaged(`a text has ${bytes} bytes`)
    return Buffer.from(this.u8.slice(at * L.WORD_BYTES, at * L.WORD_BYTES + bytes)).toString('utf8')
  }
}

/** Words that a text of so many bytes is given. */
function textRoom(bytes: number): number {
  return L.roundUp(Math.ceil((bytes + 1) / L.WORD_BYTES), L.LINE_WORDS)
}

/** More than a definition or a help can have. */
const MAX_TEXT_BYTES = 2 ** 24

export interface ArenaOptions {
  /** Multiple of a WebAssembly page. The largest ones come to a little less: workspaces must fit behind them. */
  readonly bytes: number
  readonly maxThreads: number
  readonly maxLabelBytes: number
  readonly maxSeries: number
  /** When the memory is made, ms since the epoch. */
  readonly now: number
  /** The same moment on the monotonic clock, ms. */
  readonly started: number
  /** Two random Int32s that nobody can guess: see catalogue/keyed-hash.ts. */
  readonly hashKey: readonly [number, number]
}

/** Bytes of the memory that such options come to, without its workspaces. */
export function arenaBytes({ bytes, maxThreads }: Pick<ArenaOptions, 'bytes' | 'maxThreads'>): number {
  const { slotText } = L.regions(bytes, maxThreads + 1)
  return Math.min(bytes, L.MAX_MEMORY_BYTES - workspacesBytes(slotText))
}

/** Where a word of what is recorded is in a file that lies over it. */
export function rangeOffset(word: number): number {
  return word * L.WORD_BYTES - L.HEADER_AT
}

/** Lays a file over what is recorded in a memory that nobody has written to; returns the file's descriptor. */
export type LayOver = (memory: WebAssembly.Memory, at: L.Regions) => number

/**
 * Reserves and lays out a memory. Costs address space; pages become resident when they are first written. With `layOver`
 * all that is recorded is in a file, too.
 */
export function createArena(options: ArenaOptions, layOver?: LayOver): Arena {
  const shardCount = options.maxThreads + 1
  const bytes = arenaBytes(options)
  const at = L.regions(bytes, shardCount)
  const extra = workspacesBytes(at.slotText)
  const memory = reserveMemory(bytes, extra)
  const descriptor = layOver?.(memory, at) ?? 0
  const i32 = new Int32Array(memory.buffer)
  i32[L.P_DESCRIPTOR] = descriptor
  i32[L.H_VERSION] = L.LAYOUT_VERSION
  i32[L.H_BUMP] = at.arena
  i32[L.H_LIMIT] = at.limit
  i32[L.H_HASH] = at.hash
  i32[L.H_HASH_MASK] = at.hashMask
  i32[L.H_ATTACHMENTS] = at.attachments
  i32[L.H_SHARDS] = at.shards
  i32[L.H_SHARD_COUNT] = shardCount
  i32[L.H_PAGES] = bytes / L.WASM_PAGE_BYTES
  i32[L.H_SLOTS] = at.slots
  i32[L.H_SLOT_WORDS] = at.slotWords
  i32[L.H_SLOT_TEXT] = at.slotText
  i32[L.H_MAX_LABEL_BYTES] = options.maxLabelBytes
  i32[L.H_MAX_SERIES] = options.maxSeries
  i32[L.H_KEY] = options.hashKey[0]
  i32[L.H_KEY + 1] = options.hashKey[1]
  i32[L.H_ROOM] = 1
  i32[L.H_EPOCH] = 1
  const f64 = new Float64Array(memory.buffer)
  f64[L.H_BIRTH_WORD] = options.now
  f64[L.H_STARTED_WORD] = options.started
  i32[at.shards * 2 + L.SHARD_OWNER] = L.SHARD_LIVE
  Atomics.store(i32, L.H_MAGIC, L.MAGIC)
  keep(i32, bytes, shardCount, at)
  return new Arena(memory)
}

/**
 * Notes where what is, where no other process writes. It is what a memory of these sizes has, and what a header says that
 * was checked: from here on the header is not asked.
 */
function keep(i32: Int32Array, bytes: number, shardCount: number, at: L.Regions): void {
  i32[L.P_PAGES] = bytes / L.WASM_PAGE_BYTES
  i32[L.P_ARENA] = at.arena
  i32[L.P_LIMIT] = at.limit
  i32[L.P_HASH] = at.hash
  i32[L.P_HASH_MASK] = at.hashMask
  i32[L.P_SHARDS] = at.shards
  i32[L.P_SHARD_COUNT] = shardCount
  i32[L.P_ATTACHMENTS] = at.attachments
  i32[L.P_SLOTS] = at.slots
  i32[L.P_SLOT_WORDS] = at.slotWords
  i32[L.P_SLOT_TEXT] = at.slotText
  i32[L.P_MAX_LABEL_BYTES] = i32[L.H_MAX_LABEL_BYTES]
  i32[L.P_KEY] = i32[L.H_KEY]
  i32[L.P_KEY + 1] = i32[L.H_KEY + 1]
  Atomics.store(i32, L.P_LAID_OUT, L.LAYOUT_VERSION)
}

/** A memory of so many bytes, and so many more behind them for workspaces, in whole pages of WebAssembly. */
function reserveMemory(bytes: number, extra: number): WebAssembly.Memory {
  const pages = (bytes + extra) / L.WASM_PAGE_BYTES
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  } catch (cause) {
    throw plainError(
      'ERR_POSTMETER_MEMORY',
      `option "memory": the system refused to reserve address space for ${bytes / 2 ** 20} MiB; raise its limit ` +
        `(ulimit -v, vm.overcommit_memory), ask for less, or ${LESS_ADDRESSES}`,
      { cause },
    )
  }
}

/** A memory over the file of a registry that another process laid out; `pages` are those of its header. */
export function joinArena(pages: number, shardCount: number, layOver: LayOver): Arena {
  const bytes = pages * L.WASM_PAGE_BYTES
  const at = L.regions(bytes, shardCount)
  const memory = reserveMemory(bytes, workspacesBytes(at.slotText))
  const i32 = new Int32Array(memory.buffer)
  i32[L.P_DESCRIPTOR] = layOver(memory, at)
  keep(i32, bytes, shardCount, at)
  return new Arena(memory)
}

/** Checks a handle that came from another thread, before anything is read through it. */
export function openArena(handle: RegistryHandle): Arena {
  const texts = [handle?.name, handle?.id, handle?.options]
  if (handle?.file !== undefined) texts.push(handle.file)
  if (!isMemory(handle?.memory) || !isModule(handle.kernel) || texts.some(text => typeof text !== 'string')) {
    throw badOption('handle', handle, 'is not the handle of a registry')
  }
  if (handle.postmeter !== L.LAYOUT_VERSION) {
    throw badOption(
      'handle',
      handle.postmeter,
      `is the layout version of another release of postmeter; this one reads ${L.LAYOUT_VERSION}`,
    )
  }
  const i32 = new Int32Array(handle.memory.buffer)
  if (i32.length <= L.H_MAGIC || Atomics.load(i32, L.P_LAID_OUT) !== L.LAYOUT_VERSION) {
    throw badOption('handle', handle.name, 'names a memory that postmeter did not lay out')
  }
  return new Arena(handle.memory)
}
