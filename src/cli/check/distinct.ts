/**
 * How many different hashes were added: counted up to 512, estimated beyond (HyperLogLog of 4096 registers, whose standard
 * error is 1.6 %). Takes at most 4 KiB.
 */
import { mix } from '../bytes/hash.js'

const EXACT = 512
const SMALLEST = 16
const INDEX_BITS = 12
const REGISTERS = 1 << INDEX_BITS
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)

export class Distinct {
  /** Open addressing; 0 is free. Undefined once there are registers. */
  #exact: Int32Array | undefined = new Int32Array(SMALLEST)
  #registers: Uint8Array | undefined
  #count = 0
  #last = 0

  add(hash: number): void {
    // Lines that follow each other mostly agree.
    if (hash === this.#last) return
    this.#last = hash
    if (this.#registers !== undefined) raise(this.#registers, hash)
    else this.#addExactly(hash === 0 ? 1 : hash)
  }

  get count(): number {
    return this.#registers === undefined ? this.#count : Math.round(estimate(this.#registers))
  }

  /** Whether the count is one, or an estimate. */
  get exact(): boolean {
    return this.#registers === undefined
  }

  #addExactly(hash: number): void {
    let table = this.#exact!
    if (!insert(table, hash)) return
    this.#count++
    if (this.#count > EXACT) {
      this.#registers = new Uint8Array(REGISTERS)
      for (const one of table) if (one !== 0) raise(this.#registers, one)
      this.#exact = undefined
      return
    }
    if (this.#count * 2 <= table.length) return
    table = new Int32Array(table.length * 2)
    for (const one of this.#exact!) if (one !== 0) insert(table, one)
    this.#exact = table
  }
}

function insert(table: Int32Array, hash: number): boolean {
  const mask = table.length - 1
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    if (table[at] === hash) return false
    if (table[at] !== 0) continue
    table[at] = hash
    return true
  }
}

function raise(registers: Uint8Array, hash: number): void {
  const mixed = mix(hash)
  const at = mixed >>> (32 - INDEX_BITS)
  // The bit behind the others ends the count of zeros.
  const rank = Math.clz32((mixed << INDEX_BITS) | (1 << (INDEX_BITS - 1))) + 1
  if (rank > registers[at]!) registers[at] = rank
}

function estimate(registers: Uint8Array): number {
  let sum = 0
  let empty = 0
  for (const rank of registers) {
    sum += 2 ** -rank
    if (rank === 0) empty++
  }
  const raw = (ALPHA * REGISTERS * REGISTERS) / sum
  return raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw
}
