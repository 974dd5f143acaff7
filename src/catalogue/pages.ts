/**
 * Pages of places and of cells: where their parts are, and how they are published.
 *
 * Guarantees: A page is filled in before it is published, and it is never taken out again. If two threads publish at
 * once, no page is lost.
 */
import { damaged } from '../common/errors.js'
import type { Arena } from '../memory/arena.js'
import { capacityOf, Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { unset } from '../memory/shares.js'
import { compressible } from '../memory/slots.js'
import { blockWords, type Family, type Identity, shareWords } from './families.js'

/** Publishes a filled-in page as the last of its family. Pages are never taken out again. */
export function appendPage(arena: Arena, family: number, page: number): void {
  const { i32 } = arena
  const at = family * 2
  i32[page * 2 + L.PAGE_FAMILY] = family
  i32[page * 2 + L.PAGE_NUMBER] = Atomics.add(i32, at + L.F_PAGES, 1)
  let tail = Atomics.load(i32, at + L.F_LAST_PAGE)
  if (tail === 0) tail = Atomics.compareExchange(i32, at + L.F_FIRST_PAGE, 0, page)
  const walk = new Walk(arena, 'pages of places', L.PAGE_HEADER_WORDS)
  while (tail !== 0) tail = Atomics.compareExchange(i32, walk.pass(tail) * 2 + L.PAGE_NEXT, 0, page)
  Atomics.store(i32, at + L.F_LAST_PAGE, page)
}

export function placeAt(page: number, index: number): number {
  return page + L.PAGE_HEADER_WORDS + index * L.PLACE_WORDS
}

export function pageOf(arena: Arena, place: number): number {
  return place - L.PAGE_HEADER_WORDS - placeIndex(arena, place) * L.PLACE_WORDS
}

/** The page of a place that a link leads to. @throws Error if there can be none. */
export function checkedPageOf(arena: Arena, place: number): number {
  const page = pageOf(arena, place)
  if (!arena.has(page, place + L.PLACE_WORDS - page)) throw damaged('a link of places leads out of the arena')
  if (placeIndex(arena, place) >= capacityOf(arena, page)) throw damaged('a place is not in its page')
  return page
}

export function placeIndex(arena: Arena, place: number): number {
  return arena.i32[place * 2 + L.PLACE_INDEX] & L.INDEX_MASK
}

/** Bytes that exponential buckets take in protobuf. Must not be less than the kernel's nativeFixed. */
function nativeBytes({ native }: Identity): number {
  return native === undefined ? 0 : 128 + 16 * Math.max(native.maxBuckets, L.COARSEST_BUCKETS)
}

/**
 * Whether a span that begins with a family's head has room for one series, in any format. It must not count less than
 * the kernel's plan (textHeadCost, textFixed and the like). Else no scrape would succeed while the series exists.
 * `help` is in bytes.
 */
export function fitsSpan(
  arena: Arena,
  family: Identity,
  help: number,
  suffix: number,
  textBytes: number,
  control: number,
): boolean {
  const head = 3 * (L.MAX_PREFIX_BYTES + family.name.length) + 2 * help + family.unit.length + 64
  const span = compressible(arena.slotText)
  return head + seriesBytes(arena, family, suffix, textBytes, control) <= span
}

function seriesBytes(
  arena: Arena,
  family: Identity,
  suffix: number,
  textBytes: number,
  control: number,
): number {
  const { i32 } = arena
  const simple = family.kind !== 'histogram' && family.kind !== 'summary'
  const lines = simple ? 2 : family.bounds.length + 4
  const fixed =
    2 * L.MAX_PREFIX_BYTES + family.name.length + i32[L.P_DEFAULTS_BYTES] + suffix + L.NUMBER_BYTES + 16
  const labels = 4 * (family.labelNames.length + i32[L.P_DEFAULTS_COUNT]) + i32[L.P_DEFAULTS_JSON_BYTES]
  const rows = (family.bounds.length + 3) * (suffix + L.NUMBER_BYTES + 4)
  const own = family.kind === 'stateset' ? L.MAX_PREFIX_BYTES : 0
  const json = 128 + own + labels + rows + (control === 0 ? 1 : 6) * textBytes
  const protobuf =
    64 +
    own +
    3 * labels +
    i32[L.P_DEFAULTS_BYTES] +
    24 * (family.bounds.length + 3) +
    textBytes +
    nativeBytes(family)
  return Math.max(lines * (fixed + textBytes), json, protobuf)
}

export function allocCells(arena: Arena, family: Family, page: number, shard: number): number {
  const { i32 } = arena
  const capacity = capacityOf(arena, page)
  const words = capacity * family.cells
  const more = shareWords(family) + capacity * blockWords(family)
  const cells = arena.alloc(L.CELLS_HEADER_WORDS + words + more)
  if (cells === 0) return 0
  i32[cells * 2 + L.CELLS_SHARD] = shard
  i32[cells * 2 + L.CELLS_PAGE] = page
  if (family.aggregate === 'min' || family.aggregate === 'max')
    unset(arena, cells + L.CELLS_HEADER_WORDS, words, family.cells)
  return cells
}

/** The word where a cell page has the blocks of a place: see NATIVE_BLOCK. */
export function blocksAt(arena: Arena, family: Family, page: number, cells: number, index: number): number {
  const capacity = arena.i32[page * 2 + L.PAGE_CAPACITY]
  return cells + L.CELLS_HEADER_WORDS + capacity * family.cells + index * blockWords(family)
}

export function publishCells(arena: Arena, page: number, cells: number): void {
  const { i32 } = arena
  const at = page * 2 + L.PAGE_CELLS
  let head = Atomics.load(i32, at)
  for (;;) {
    i32[cells * 2 + L.CELLS_NEXT] = head
    const seen = Atomics.compareExchange(i32, at, head, cells)
    if (seen === head) return
    head = seen
  }
}

/** The common shard's page of cells for a page of places, which is made if there is none; 0 when memory is full. */
export function commonCells(arena: Arena, family: Family, page: number): number {
  const { i32 } = arena
  const at = page * 2 + L.PAGE_CELLS
  let made = 0
  for (;;) {
    const head = Atomics.load(i32, at)
    const walk = new Walk(arena, 'pages of cells', L.CELLS_HEADER_WORDS + family.cells)
    for (let cells = head; cells !== 0; cells = i32[cells * 2 + L.CELLS_NEXT]) {
      walk.pass(cells)
      if (i32[cells * 2 + L.CELLS_SHARD] === L.COMMON_SHARD) return cells
    }
    if (made === 0) made = allocCells(arena, family, page, L.COMMON_SHARD)
    if (made === 0) return 0
    i32[made * 2 + L.CELLS_NEXT] = head
    if (Atomics.compareExchange(i32, at, head, made) === head) return made
  }
}
