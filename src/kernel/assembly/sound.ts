// What is recorded can be damaged by any process that shares it: see src/memory/damage.ts. The kernel traps where it comes
// to what cannot be, and the caller's operation fails.
//
// Guarantees: A walk ends. Nothing is written but in the caller's slot, and, by sweeps, in the arena. What a family's
// record says is copied into the slot and checked before anything is written by it: another process may change the record
// meanwhile.
import {
  COARSEST_BUCKETS,
  KIND_HISTOGRAM,
  KIND_SUMMARY,
  LINE_WORDS,
  MAX_BOUNDS,
  MAX_NAME_BYTES,
  MAX_NATIVE_BUCKETS,
  MAX_PAGE_PLACES,
  MAX_SCHEMA,
  MIN_SCHEMA,
  NATIVE_CELLS,
  VECTOR_WORDS,
} from './layout'
import { address, ownProcess } from './record'
import { Family, Page, Place } from './records'

/** More often than a page, or a block, changes while it is read. */
export const MOST_TRIES = 10_000
/** More bytes than a family's text, or its definition, has. */
const MOST_TEXT: u32 = 1 << 22
/** More labels than a family has, and more bytes than a suffix and an exemplar. */
const MOST_LABELS: u32 = 1 << 16
const MOST_SUFFIX: u32 = 128
export const MOST_EXEMPLAR: u32 = 4_096
/** More lines than a series has. */
export const MOST_LINES: u32 = MAX_BOUNDS + 8
/** More blocks than a place has. */
const MOST_BLOCKS: u32 = 1_024

/** Whether so many bytes from an address on can be a record. */
// @ts-ignore: decorator
@inline
export function inArena(at: usize, bytes: usize): bool {
  const own = ownProcess()
  return at >= address(own.arena) && <u64>at + bytes <= <u64>address(own.limit)
}

/** More records than the arena has room for: a longer chain is a circle. */
export function mostRecords(): i32 {
  const own = ownProcess()
  return <i32>(own.limit - own.arena) / LINE_WORDS
}

/** Places of a page whose cells are folded, `cells` each: a slot has room for them. */
export function capacityOf(page: Page, cells: i32): i32 {
  const capacity = page.capacity
  if (<u32>(capacity - 1) >= <u32>MAX_PAGE_PLACES || capacity * cells > VECTOR_WORDS) unreachable()
  if (!inArena(changetype<usize>(page), offsetof<Page>() + <usize>capacity * offsetof<Place>())) unreachable()
  return capacity
}

/** A family's record as it is now, copied to `to`. */
export function soundFamily(to: usize, family: Family): Family {
  if (!inArena(changetype<usize>(family), offsetof<Family>())) unreachable()
  for (let n: usize = 0; n < offsetof<Family>(); n += 8) store<u64>(to + n, load<u64>(changetype<usize>(family) + n))
  const copy = changetype<Family>(to)
  if (!hasSoundCells(copy) || !hasSoundTexts(copy)) unreachable()
  return copy
}

function hasSoundCells(family: Family): bool {
  const bounds = family.bounds
  const cells = family.cells
  const native = family.nativeBuckets
  const kind = family.kind
  if (<u32>bounds > <u32>MAX_BOUNDS || <u32>native > <u32>MAX_NATIVE_BUCKETS) return false
  if (<u32>family.blocks > MOST_BLOCKS || <u32>family.labels > MOST_LABELS) return false
  if (family.nativeSchema < MIN_SCHEMA || family.nativeSchema > MAX_SCHEMA) return false
  if (kind == KIND_HISTOGRAM) return cells == bounds + 2 + (native != 0 ? NATIVE_CELLS : 0)
  if (native != 0) return false
  return kind == KIND_SUMMARY ? cells == bounds + 2 : cells == 1 || cells == 2
}

function hasSoundTexts(family: Family): bool {
  if (<u32>family.nameBytes > <u32>MAX_NAME_BYTES || <u32>family.baseBytes > <u32>family.nameBytes) return false
  if (<u32>family.suffixMax > MOST_SUFFIX) return false
  const lengths =
    isLength(family.helpBytes) &&
    isLength(family.typeBytes) &&
    isLength(family.jsonBytes) &&
    isLength(family.rawHelpBytes) &&
    isLength(family.unitBytes)
  return (
    lengths &&
    isLength(family.omHelpBytes) &&
    isLength(family.omTypeBytes) &&
    isLength(family.omUnitBytes) &&
    isLength(family.definitionBytes)
  )
}

// @ts-ignore: decorator
@inline
function isLength(bytes: i32): bool {
  return <u32>bytes <= MOST_TEXT
}

/** Whether a folded block has as few buckets as a slot has room for. */
export function fitsNative(width: i32, negativeWidth: i32): bool {
  const most = <u32>max(MAX_NATIVE_BUCKETS, COARSEST_BUCKETS)
  return <u32>width <= most && <u32>negativeWidth <= most && <u32>(width + negativeWidth) <= most
}
