/**
 * A thread's own index of what it has looked up: from label values to children. It is for one thread.
 *
 * Assumes: Label values come from senders that may want collisions, and that do not know the key of the hash.
 * Guarantees: Values are never joined to one key, so two different label sets never share an entry. One call does
 * bounded work, whatever the values are and however many entries there are: it checks the slots of one part, and moves
 * the entries of at most one part. When the list of parts doubles, only its pointers are copied: one for each part, so
 * one for about five hundred entries. A large Map would stop its thread for a quarter of a second when it passes a
 * million entries.
 */
import { KeyedHash } from '../catalogue/keyed-hash.js'
import type { HashKey } from '../common/half-sip-hash.js'

/**
 * Up to this size a Map is fastest, because V8 keeps the hash of a string. It is not used beyond, because that hash
 * cannot be trusted with values that senders choose: numbers have hashed to themselves, long strings hash to their
 * length, and in some releases collisions could be made without the seed. If all entries of the Map are in one chain, a
 * walk takes no longer than a registration.
 */
const MAP_ENTRIES = 256

/** No family has this reference, so these hashes are independent of those in the chains. */
const DOMAIN = 0

/** A map from strings. */
export class StringMap<T> {
  readonly #hash: KeyedHash
  readonly #map = new Map<string, T>()
  #parts: Parts<string, T> | undefined
  /** Scratch: the hash takes a list. */
  readonly #one = ['']

  constructor(key: HashKey) {
    this.#hash = new KeyedHash(key, DOMAIN)
  }

  get(key: string): T | undefined {
    const parts = this.#parts
    if (parts === undefined) return this.#map.get(key)
    const hash = this.#hashOf(key)
    const part = parts.of(hash)
    return part.valueAt(find(part, hash, key))
  }

  /** Adds a key that `get` did not find. */
  add(key: string, value: T): void {
    if (this.#parts === undefined && this.#map.size < MAP_ENTRIES) this.#map.set(key, value)
    else (this.#parts ?? this.#outgrown()).add(this.#hashOf(key), key, value)
  }

  /** Moves the entries of the Map into parts. */
  #outgrown(): Parts<string, T> {
    const parts = new Parts<string, T>()
    for (const [key, value] of this.#map) parts.add(this.#hashOf(key), key, value)
    this.#map.clear()
    this.#parts = parts
    return parts
  }

  delete(key: string): void {
    if (this.#parts === undefined) {
      this.#map.delete(key)
      return
    }
    const hash = this.#hashOf(key)
    const part = this.#parts.of(hash)
    this.#parts.delete(part, find(part, hash, key))
  }

  #hashOf(key: string): number {
    this.#one[0] = key
    return this.#hash.of(this.#one)
  }
}

/** The index of a key in a part; -1 if it is not there. */
function find<T>(part: Part<string, T>, hash: number, key: string): number {
  let at = part.first(hash)
  while (at >= 0 && part.keyAt(at) !== key) at = part.next(hash, at)
  return at
}

/** A map from several label values. */
export class TupleMap<T> {
  readonly #hash: KeyedHash
  readonly #parts = new Parts<readonly string[], T>()
  /** Scratch: the values of the object that is looked up. Taken while they are read. */
  #asked: string[] | undefined

  constructor(key: HashKey, width: number) {
    this.#hash = new KeyedHash(key, DOMAIN)
    this.#asked = Array.from({ length: width }, () => '')
  }

  get(values: readonly string[]): T | undefined {
    const hash = this.#hash.of(values)
    const part = this.#parts.of(hash)
    return part.valueAt(findList(part, hash, values))
  }

  /** As get, for the values that an object has under `names`. Undefined also if one of them is no string. */
  getFrom(labels: Record<string, unknown>, names: readonly string[]): T | undefined {
    // A getter may look up another object here.
    const asked = this.#asked ?? [...names]
    this.#asked = undefined
    let texts = true
    for (let n = 0; texts && n < asked.length; n++) {
      const value = labels[names[n]]
      if (typeof value === 'string') asked[n] = value
      else texts = false
    }
    this.#asked = asked
    return texts ? this.get(asked) : undefined
  }

  /** Adds a list that `get` did not find, and keeps the list. */
  add(values: readonly string[], value: T): void {
    this.#parts.add(this.#hash.of(values), values, value)
  }

  delete(values: readonly string[]): void {
    const hash = this.#hash.of(values)
    const part = this.#parts.of(hash)
    this.#parts.delete(part, findList(part, hash, values))
  }
}

/** As find(), for lists. */
function findList<T>(part: Part<readonly string[], T>, hash: number, values: readonly string[]): number {
  let at = part.first(hash)
  while (at >= 0 && !same(part.keyAt(at), values)) at = part.next(hash, at)
  return at
}

function same(one: readonly string[], other: readonly string[]): boolean {
  for (let n = 0; n < one.length; n++) if (one[n] !== other[n]) return false
  return true
}

/** A part is divided instead of getting more slots than this. */
const MOST_SLOTS = 1_024
/**
 * The fewest entries for each pointer in the list of parts, so that the list is never large compared to the entries.
 */
const ENTRIES_A_POINTER = 32

/** The parts, by the low bits of the hash. A full part is divided by one more bit. */
class Parts<K, T> {
  /** Its length is a power of two. A part that was divided less often than others is in it several times. */
  #parts = [new Part<K, T>(0, 16)]
  #size = 0

  of(hash: number): Part<K, T> {
    return this.#parts[hash & (this.#parts.length - 1)]
  }

  add(hash: number, key: K, value: T): void {
    const part = this.of(hash)
    part.add(hash, key, value)
    this.#size++
    if (part.full) this.#makeRoom(part, hash)
  }

  /** Deletes the entry at a slot of a part; does nothing if that is -1. */
  delete(part: Part<K, T>, at: number): void {
    if (at < 0) return
    part.delete(at)
    this.#size--
  }

  #makeRoom(part: Part<K, T>, hash: number): void {
    const parts = this.#parts
    const whole = 1 << part.bits === parts.length
    // There are too few entries in all for so many with the same low bits. Only someone who knows the key could cause
    // that. They stay in one part.
    const crowded = whole && this.#size < parts.length * ENTRIES_A_POINTER
    if (part.slots < MOST_SLOTS || crowded) part.grow()
    else {
      if (whole) this.#parts = parts.concat(parts)
      this.#divide(part, hash)
    }
  }

  #divide(part: Part<K, T>, hash: number): void {
    const bit = 1 << part.bits
    const [zeros, ones] = part.divided(bit)
    for (let n = hash & (bit - 1); n < this.#parts.length; n += bit) {
      this.#parts[n] = (n & bit) === 0 ? zeros : ones
    }
  }
}

/** An open-addressed table of hashes and entry numbers. For most keys that are not in it, one slot shows that. */
class Part<K, T> {
  /** The number of low bits that all hashes in it have in common. */
  readonly bits: number
  /** Pairs: hash, entry number + 1 (0 for none). The high bits of a hash give its first slot. */
  #slots: Int32Array
  #shift: number
  readonly #keys: (K | undefined)[] = []
  readonly #values: (T | undefined)[] = []
  readonly #free: number[] = []
  #size = 0

  constructor(bits: number, slots: number) {
    this.bits = bits
    this.#slots = new Int32Array(2 * slots)
    this.#shift = Math.clz32(slots) + 1
  }

  get slots(): number {
    return this.#slots.length >> 1
  }

  /** Whether more than two thirds of the slots are taken, so that probes become long. */
  get full(): boolean {
    return this.#size * 3 > this.#slots.length
  }

  /** The first slot of an entry with that hash, as an index of a pair; -1 if there is none. */
  first(hash: number): number {
    return this.#from(hash, this.#home(hash))
  }

  /** The next one after `at`. */
  next(hash: number, at: number): number {
    return this.#from(hash, (at + 2) & (this.#slots.length - 1))
  }

  keyAt(at: number): K {
    return this.#keys[this.#slots[at + 1] - 1] as K
  }

  /** The value at a slot; undefined for -1. */
  valueAt(at: number): T | undefined {
    return at < 0 ? undefined : this.#values[this.#slots[at + 1] - 1]
  }

  add(hash: number, key: K, value: T): void {
    const entry = this.#free.pop() ?? this.#keys.length
    this.#keys[entry] = key
    this.#values[entry] = value
    this.#insert(hash, entry + 1)
    this.#size++
  }

  delete(from: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    const entry = slots[from + 1] - 1
    this.#keys[entry] = undefined
    this.#values[entry] = undefined
    this.#free.push(entry)
    this.#size--
    // Later entries move up, so that no probe ends at the gap.
    let at = from
    slots[at + 1] = 0
    for (let next = (at + 2) & mask; slots[next + 1] !== 0; next = (next + 2) & mask) {
      const home = this.#home(slots[next])
      if (((next - home) & mask) < ((next - at) & mask)) continue
      slots[at] = slots[next]
      slots[at + 1] = slots[next + 1]
      slots[next + 1] = 0
      at = next
    }
  }

  grow(): void {
    const old = this.#slots
    this.#slots = new Int32Array(old.length * 2)
    this.#shift--
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.#insert(old[at], old[at + 1])
  }

  /** Its entries in two parts: those whose hash does not have the bit, and those whose hash has it. */
  divided(bit: number): [Part<K, T>, Part<K, T>] {
    const zeros = new Part<K, T>(this.bits + 1, this.slots)
    const ones = new Part<K, T>(this.bits + 1, this.slots)
    const slots = this.#slots
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] === 0) continue
      const part = (slots[at] & bit) === 0 ? zeros : ones
      part.add(slots[at], this.keyAt(at), this.valueAt(at) as T)
    }
    return [zeros, ones]
  }

  #home(hash: number): number {
    return (hash >>> this.#shift) << 1
  }

  #from(hash: number, from: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = from; slots[at + 1] !== 0; at = (at + 2) & mask) if (slots[at] === hash) return at
    return -1
  }

  #insert(hash: number, entry: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = this.#home(hash)
    while (slots[at + 1] !== 0) at = (at + 2) & mask
    slots[at] = hash
    slots[at + 1] = entry
  }
}
