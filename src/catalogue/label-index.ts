/**
 * What a thread has looked up: label values to children. Of one thread alone.
 *
 * Small maps: one JavaScript Map stops its thread for a quarter of a second when it passes a million entries, so maps
 * here split before that. No joined keys: two different label sets never meet in one entry.
 */

const SPLIT_AT = 32_768
const PARTS = 64

/** A Map from strings that splits itself into parts, each again such a map. */
export class StringMap<T> {
  #map: Map<string, T> | undefined = new Map()
  #parts: StringMap<T>[] | undefined
  readonly #depth: number

  constructor(depth = 0) {
    this.#depth = depth
  }

  get(key: string): T | undefined {
    const map = this.#map
    return map !== undefined ? map.get(key) : this.#part(key).get(key)
  }

  set(key: string, value: T): void {
    if (this.#map === undefined) {
      this.#part(key).set(key, value)
      return
    }
    this.#map.set(key, value)
    if (this.#map.size >= SPLIT_AT) this.#split(this.#map)
  }

  delete(key: string): void {
    if (this.#map !== undefined) this.#map.delete(key)
    else this.#part(key).delete(key)
  }

  #part(key: string): StringMap<T> {
    return this.#parts![hashString(key, this.#depth) & (PARTS - 1)]
  }

  #split(map: Map<string, T>): void {
    this.#parts = Array.from({ length: PARTS }, () => new StringMap<T>(this.#depth + 1))
    this.#map = undefined
    for (const [key, value] of map) this.#part(key).set(key, value)
  }
}

/** FNV-1a over the code units; another one at each depth, so that a part's keys do not fall together again. */
function hashString(key: string, depth: number): number {
  let h = 0x811c_9dc5 ^ depth
  for (let n = 0; n < key.length; n++) h = Math.imul(h ^ key.charCodeAt(n), 0x0100_0193)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b_3c6d)
  return h ^ (h >>> 13)
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
