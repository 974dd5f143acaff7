// Huffman codes of limited length, canonical, from counts. RFC 1951, 3.2.2.

import { NEXT, OF_LENGTH, ORDER, WEIGHTS, workspace } from './map'

// While lengths are made, WEIGHTS has counts, ascending, which become lengths, and ORDER the symbols they are of.

const MAX_BITS = 15

// @ts-ignore: decorator
@inline
function weight(n: i32): u32 {
  return load<u32>(workspace + (<usize>n << 2), WEIGHTS)
}

// @ts-ignore: decorator
@inline
function setWeight(n: i32, value: u32): void {
  store<u32>(workspace + (<usize>n << 2), value, WEIGHTS)
}

/**
 * Code lengths for symbols by how often they are used, into `lengths` (a byte each). Two symbols at least are given a
 * code, so that the code is complete.
 */
export function makeLengths(counts: usize, symbols: i32, lengths: usize, maxBits: i32): void {
  let used = 0
  memory.fill(lengths, 0, symbols)
  for (let symbol = 0; symbol < symbols; symbol++) {
    const n = load<u32>(counts + (<usize>symbol << 2))
    if (n != 0) insert(used++, symbol, n)
  }
  for (let symbol = 0; used < 2; symbol++) {
    if (load<u32>(counts + (<usize>symbol << 2)) == 0) insert(used++, symbol, 1)
  }
  sort(used)
  computeLengths(used)
  limit(maxBits)
  // The rarest first, and they have the longest codes.
  let n = 0
  for (let bits = maxBits; bits > 0; bits--) {
    for (let left = load<u32>(workspace + (<usize>bits << 2), OF_LENGTH); left > 0; left--) {
      store<u8>(lengths + load<u16>(workspace + (<usize>n << 1), ORDER), <u8>bits)
      n++
    }
  }
}

function insert(n: i32, symbol: i32, times: u32): void {
  setWeight(n, times)
  store<u16>(workspace + (<usize>n << 1), <u16>symbol, ORDER)
}

/** By count, ascending: a shell sort, as there are a few hundred at most. */
function sort(used: i32): void {
  for (let gap = 121; gap > 0; gap = gap == 1 ? 0 : gap == 4 ? 1 : gap == 13 ? 4 : gap == 40 ? 13 : 40) {
    for (let n = gap; n < used; n++) {
      const times = weight(n)
      const symbol = load<u16>(workspace + (<usize>n << 1), ORDER)
      let to = n
      for (; to >= gap && weight(to - gap) > times; to -= gap) insert(to, load<u16>(workspace + (<usize>(to - gap) << 1), ORDER), weight(to - gap))
      insert(to, symbol, times)
    }
  }
}

/** Turns ascending weights into code lengths, in place. Moffat and Katajainen, 'In-place calculation of minimum-redundancy codes'. */
function computeLengths(used: i32): void {
  // First, parents.
  let leaf = 0
  let root = 0
  for (let next = 0; next < used - 1; next++) {
    let sum: u32 = 0
    for (let twice = 0; twice < 2; twice++) {
      if (leaf >= used || (root < next && weight(root) < weight(leaf))) {
        sum += weight(root)
        setWeight(root++, next)
      } else sum += weight(leaf++)
    }
    setWeight(next, sum)
  }
  // Then depths of inner nodes.
  setWeight(used - 2, 0)
  for (let next = used - 3; next >= 0; next--) setWeight(next, weight(weight(next)) + 1)
  // Then how many leaves each depth has.
  memory.fill(workspace + OF_LENGTH, 0, 33 * 4)
  let available = 1
  let inner = 0
  let depth = 0
  let node = used - 2
  let left = used
  while (available > 0 && left > 0) {
    while (node >= 0 && weight(node) == depth) {
      inner++
      node--
    }
    const leaves = min(available - inner, left)
    const at = workspace + OF_LENGTH + (<usize>min(depth, 32) << 2)
    store<u32>(at, load<u32>(at) + leaves)
    left -= leaves
    available = 2 * inner
    depth++
    inner = 0
  }
}

/** Shortens what is longer than allowed, and lengthens others until it is a code again. */
function limit(maxBits: i32): void {
  const last = workspace + OF_LENGTH + (<usize>maxBits << 2)
  for (let bits = maxBits + 1; bits <= 32; bits++) {
    const at = workspace + OF_LENGTH + (<usize>bits << 2)
    store<u32>(last, load<u32>(last) + load<u32>(at))
    store<u32>(at, 0)
  }
  let total: u32 = 0
  for (let bits = 1; bits <= maxBits; bits++) total += load<u32>(workspace + (<usize>bits << 2), OF_LENGTH) << (maxBits - bits)
  while (total > (<u32>1 << maxBits)) {
    store<u32>(last, load<u32>(last) - 1)
    for (let bits = maxBits - 1; bits > 0; bits--) {
      const at = workspace + OF_LENGTH + (<usize>bits << 2)
      if (load<u32>(at) == 0) continue
      store<u32>(at, load<u32>(at) - 1)
      store<u32>(at + 4, load<u32>(at + 4) + 2)
      break
    }
    total--
  }
}

/** Codes from lengths, each as it is written (its bits reversed), and above them, from bit 24 on, how many they are. */
export function makeCodes(lengths: usize, symbols: i32, codes: usize): void {
  memory.fill(workspace + OF_LENGTH, 0, 33 * 4)
  for (let symbol = 0; symbol < symbols; symbol++) {
    const at = workspace + OF_LENGTH + (<usize>load<u8>(lengths + symbol) << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  let code: u32 = 0
  store<u32>(workspace, 0, OF_LENGTH)
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    code = (code + load<u32>(workspace + (<usize>(bits - 1) << 2), OF_LENGTH)) << 1
    store<u32>(workspace + (<usize>bits << 2), code, NEXT)
  }
  for (let symbol = 0; symbol < symbols; symbol++) {
    const bits = load<u8>(lengths + symbol)
    if (bits == 0) continue
    const at = workspace + NEXT + (<usize>bits << 2)
    const own = load<u32>(at)
    store<u32>(at, own + 1)
    store<u32>(codes + (<usize>symbol << 2), reversed(own, bits) | (<u32>bits << 24))
  }
}

function reversed(code: u32, bits: i32): u32 {
  let out: u32 = 0
  for (; bits > 0; bits--) {
    out = (out << 1) | (code & 1)
    code >>= 1
  }
  return out
}
