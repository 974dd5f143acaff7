/**
 * What a thread has looked up: label values to children. Of one thread alone.
 *
 * No joined keys: two different label sets never meet in one entry. No large Map: it stops its thread for a quarter of
 * a second when it passes a million entries, and misses the cache half a dozen times for an entry that is not there.
 */

/** Up to here a Map is fastest: V8 keeps a string's hash. */
const MAP_ENTRIES = 4_096
const PART_BITS = 6

/** A map from strings that never rehashes more than one of 64 parts at once. */
export class StringMap<T> {
  readonly #map = new Map<string, T>()
  #parts: Part<T>[] | undefined

  get(key: string): T | undefined {
    const parts = this.#parts
    if (parts === undefined) return this.#map.get(key)
    const hash = hashString(key)
    return parts[hash >>> (32 - PART_BITS)].get(key, hash)
  }

  set(key: string, value: T): void {
    if (this.#parts === undefined) {
      this.#map.set(key, value)
      if (this.#map.size > MAP_ENTRIES) this.#divide()
      return
    }
    const hash = hashString(key)
    this.#parts[hash >>> (32 - PART_BITS)].set(key, hash, value)
  }

  delete(key: string): void {
    if (this.#parts === undefined) {
      this.#map.delete(key)
      return
    }
    const hash = hashString(key)
    this.#parts[hash >>> (32 - PART_BITS)].delete(key, hash)
  }

  #divide(): void {
    this.#parts = Array.from({ length: 1 << PART_BITS }, () => new Part<T>())
    for (const [key, value] of this.#map) this.set(key, value)
    this.#map.clear()
  }
}

/** FNV-1a over the code units, mixed so that all bits can be used. */
function hashString(key: string): number {
  let h = 0x811c_9dc5
  for (let n = 0; n < key.length; n++) h = Math.imul(h ^ key.charCodeAt(n), 0x0100_0193)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b_3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a_2d39)
  return h ^ (h >>> 15)
}

/** An open-addressed table of hashes and entry numbers: what is not there is mostly told by one look. */
class Part<T> {
  /** Pairs: hash, entry number + 1 (0 for none). */
  #slots = new Int32Array(2 * 128)
  readonly #keys: string[] = []
  readonly #values: (T | undefined)[] = []
  readonly #free: number[] = []
  #size = 0

  get(key: string, hash: number): T | undefined {
    const at = this.#find(key, hash)
    return at < 0 ? undefined : this.#values[this.#slots[at + 1] - 1]
  }

  set(key: string, hash: number, value: T): void {
    const at = this.#find(key, hash)
    if (at >= 0) {
      this.#values[this.#slots[at + 1] - 1] = value
      return
    }
    const entry = this.#free.pop() ?? this.#keys.length
    this.#keys[entry] = key
    this.#values[entry] = value
    this.#insert(hash, entry + 1)
    // At most two thirds full: a probe ends soon.
    if (++this.#size * 3 > this.#slots.length) this.#grow()
  }

  delete(key: string, hash: number): void {
    let at = this.#find(key, hash)
    if (at < 0) return
    const slots = this.#slots
    const mask = slots.length - 2
    const entry = slots[at + 1] - 1
    this.#keys[entry] = ''
    this.#values[entry] = undefined
    this.#free.push(entry)
    this.#size--
    // Entries behind it move up, so that no probe ends at the gap.
    slots[at + 1] = 0
    for (let next = (at + 2) & mask; slots[next + 1] !== 0; next = (next + 2) & mask) {
      const home = (slots[next] << 1) & mask
      if (((next - home) & mask) < ((next - at) & mask)) continue
      slots[at] = slots[next]
      slots[at + 1] = slots[next + 1]
      slots[next + 1] = 0
      at = next
    }
  }

  /** Where the key's pair is; -1 where it is not. */
  #find(key: string, hash: number): number {
    const slots = this.#slots
    const mask = slots.length - 2
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const entry = slots[at + 1]
      if (entry === 0) return -1
      if (slots[at] === hash && this.#keys[entry - 1] === key) return at
    }
  }

  #insert(hash: number, entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 2
    let at = (hash << 1) & mask
    while (slots[at + 1] !== 0) at = (at + 2) & mask
    slots[at] = hash
    slots[at + 1] = entry
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.#insert(old[at], old[at + 1])
  }
}

/** Small integers for the values of one label, given out again when nobody uses them any more. */
class Ids {
  readonly #ids = new StringMap<number>()
  readonly #uses: number[] = []
  readonly #free: number[] = []

  get(value: string): number | undefined {
    return this.#ids.get(value)
  }

  /** The value's integer, which is used once more from now on. */
  use(value: string): number {
    let id = this.#ids.get(value)
    if (id === undefined) {
      id = this.#free.pop() ?? this.#uses.length
      this.#uses[id] = 0
      this.#ids.set(value, id)
    }
    this.#uses[id]++
    return id
  }

  unuse(value: string, id: number): void {
    if (--this.#uses[id] > 0) return
    this.#ids.delete(value)
    this.#free.push(id)
  }
}

/** Children by several label values: values become small integers, which one open-addressed table is keyed by. */
export class TupleMap<T> {
  readonly #width: number
  readonly #ids: Ids[]
  /** Entry number + 1, 0 for none. */
  #table = new Int32Array(16)
  /** The ids of entry n, from n * width on. */
  #keys: Int32Array
  readonly #values: (T | undefined)[] = []
  readonly #free: number[] = []
  #size = 0
  readonly #probe: Int32Array

  constructor(width: number) {
    this.#width = width
    this.#ids = Array.from({ length: width }, () => new Ids())
    this.#keys = new Int32Array(8 * width)
    this.#probe = new Int32Array(width)
  }

  get(values: readonly string[]): T | undefined {
    for (let n = 0; n < this.#width; n++) {
      const id = this.#ids[n].get(values[n])
      if (id === undefined) return undefined
      this.#probe[n] = id
    }
    return this.#entryAt(this.#find())
  }

  /** As get, for the values that an object has under `names`; undefined also where one is no string. */
  getFrom(labels: Record<string, unknown>, names: readonly string[]): T | undefined {
    for (let n = 0; n < this.#width; n++) {
      const value = labels[names[n]]
      if (typeof value !== 'string') return undefined
      const id = this.#ids[n].get(value)
      if (id === undefined) return undefined
      this.#probe[n] = id
    }
    return this.#entryAt(this.#find())
  }

  /** Adds what `get` did not find. */
  add(values: readonly string[], value: T): void {
    for (let n = 0; n < this.#width; n++) this.#probe[n] = this.#ids[n].use(values[n])
    const entry = this.#free.pop() ?? this.#values.length
    this.#values[entry] = value
    if ((entry + 1) * this.#width > this.#keys.length) {
      const grown = new Int32Array(this.#keys.length * 2)
      grown.set(this.#keys)
      this.#keys = grown
    }
    this.#keys.set(this.#probe, entry * this.#width)
    this.#insert(entry)
    if (++this.#size * 2 > this.#table.length) this.#grow()
  }

  delete(values: readonly string[]): void {
    if (this.get(values) === undefined) return
    let at = this.#find()
    const entry = this.#table[at] - 1
    for (let n = 0; n < this.#width; n++) this.#ids[n].unuse(values[n], this.#keys[entry * this.#width + n])
    this.#values[entry] = undefined
    this.#free.push(entry)
    this.#size--
    // Entries behind it move up, so that no probe ends at the gap.
    const mask = this.#table.length - 1
    this.#table[at] = 0
    for (let next = (at + 1) & mask; this.#table[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hash(this.#keys, (this.#table[next] - 1) * this.#width) & mask
      if (((next - home) & mask) < ((next - at) & mask)) continue
      this.#table[at] = this.#table[next]
      this.#table[next] = 0
      at = next
    }
  }

  #entryAt(at: number): T | undefined {
    return at < 0 ? undefined : this.#values[this.#table[at] - 1]
  }

  /** Where in the table the probe's entry is; -1 where it is not. */
  #find(): number {
    const mask = this.#table.length - 1
    for (let at = this.#hash(this.#probe, 0) & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at] - 1
      if (entry < 0) return -1
      let n = 0
      while (n < this.#width && this.#keys[entry * this.#width + n] === this.#probe[n]) n++
      if (n === this.#width) return at
    }
  }

  #hash(keys: Int32Array, from: number): number {
    let h = 0
    for (let n = 0; n < this.#width; n++) {
      h = Math.imul(h ^ keys[from + n], 0x9e37_79b1)
      h ^= h >>> 15
    }
    return h
  }

  #insert(entry: number): void {
    const mask = this.#table.length - 1
    let at = this.#hash(this.#keys, entry * this.#width) & mask
    while (this.#table[at] !== 0) at = (at + 1) & mask
    this.#table[at] = entry + 1
  }

  #grow(): void {
    const entries = this.#table.filter(entry => entry !== 0)
    this.#table = new Int32Array(this.#table.length * 2)
    for (const entry of entries) this.#insert(entry - 1)
  }
}
