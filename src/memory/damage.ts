/**
 * Damage: what becomes of a memory that other processes write, when one of them writes where it must not. A link then
 * leads in a circle or out of the arena, a length is of gigabytes, a definition is no JSON.
 *
 * Guarantees: A walk ends. Nothing is written outside of what is shared, and no room is asked for by a length that
 * cannot be. What a damaged memory counts is not to be trusted; the processes that use it live on: an operation that
 * comes to what cannot be ends with an error that says so (isDamage()), recording drops, a scrape fails.
 *
 * Where things are (the geometry) is copied when a process attaches, and never read from the shared memory again: see
 * Arena. All else is checked where it is used.
 */
import { damaged, isCoded, isDamage, thrown } from '../common/errors.js'
import type { Arena } from './arena.js'
import * as L from './layout.js'

/**
 * An error that came up in a walk of the memory, as damage: in a memory that other processes write, whatever is thrown
 * there is.
 * @throws the error itself if it is the program's, or the memory is this process' alone.
 */
export function asDamage(arena: Arena, error: unknown): Error {
  if (isDamage(error)) return error
  if (isCoded(error) || (arena.attachment === 0 && !arena.reader)) throw error
  return damaged(thrown(error), error)
}

/**
 * Watches a walk along links, by Brent's way to find a circle: it compares with one record that it came by, which it
 * replaces after twice as many steps each time. So it notices after three rounds at most, however large the memory is,
 * and a walk that comes to no record twice is never taken for damage.
 */
export class Walk {
  readonly #arena: Arena
  readonly #what: string
  readonly #words: number
  #mark = 0
  #steps = 0
  #lap = 1

  /** `what` is linked, each of so many words at least. */
  constructor(arena: Arena, what: string, words: number) {
    this.#arena = arena
    this.#what = what
    this.#words = words
  }

  /** Call with each record that a link leads to; returns it. @throws Error if it cannot be, or was passed before. */
  pass(record: number): number {
    if (!this.#arena.has(record, this.#words)) throw damaged(`a link of ${this.#what} leads out of the arena`)
    if (record === this.#mark) throw damaged(`${this.#what} are linked in a circle`)
    if (++this.#steps === this.#lap) {
      this.#mark = record
      this.#lap *= 2
      this.#steps = 0
    }
    return record
  }
}

/** The records from `first` on that are linked by a field. */
function* linked(
  arena: Arena,
  first: number,
  next: number,
  what: string,
  words: number,
): Generator<number, void, undefined> {
  const walk = new Walk(arena, what, words)
  for (let at = first; at !== 0; at = Atomics.load(arena.i32, at * 2 + next)) yield walk.pass(at)
}

/** All families, newest first. */
export function allFamilies(arena: Arena): Generator<number, void, undefined> {
  return linked(arena, Atomics.load(arena.i32, L.H_FAMILIES), L.F_NEXT, 'families', L.FAMILY_WORDS)
}

/** The pages of places of a family. */
export function allPages(arena: Arena, family: number): Generator<number, void, undefined> {
  const first = Atomics.load(arena.i32, family * 2 + L.F_FIRST_PAGE)
  return linked(arena, first, L.PAGE_NEXT, 'pages of places', L.PAGE_HEADER_WORDS)
}

/** The pages of cells of a page of places, newest first. */
export function allCells(arena: Arena, page: number): Generator<number, void, undefined> {
  const newest = Atomics.load(arena.i32, page * 2 + L.PAGE_CELLS)
  return linked(arena, newest, L.CELLS_NEXT, 'pages of cells', L.CELLS_HEADER_WORDS)
}

/** The pages of cells of a shard, whose record begins at an Int32, newest first. */
export function cellsOfShard(arena: Arena, shard: number): Generator<number, void, undefined> {
  const newest = Atomics.load(arena.i32, shard + L.SHARD_CELLS)
  return linked(arena, newest, L.CELLS_OWN_NEXT, "a shard's pages of cells", L.CELLS_HEADER_WORDS)
}

export function allLineages(arena: Arena): Generator<number, void, undefined> {
  return linked(arena, Atomics.load(arena.i32, L.H_LINEAGES), L.LINEAGE_NEXT, 'lineages', L.LINEAGE_WORDS)
}

/** What a walk comes to before it meets damage: for burials and adoptions, which go on with what is whole. */
export function* untilDamage(walk: Iterable<number>): Generator<number, void, undefined> {
  try {
    yield* walk
  } catch (error) {
    if (!isDamage(error)) throw error
  }
}

/** Places of a page. @throws Error if there cannot be so many. */
export function capacityOf(arena: Arena, page: number): number {
  const capacity = arena.i32[page * 2 + L.PAGE_CAPACITY]
  if (capacity > 0 && capacity <= L.MAX_PAGE_PLACES && arena.has(page, pageWords(capacity))) return capacity
  throw damaged(`a page of places has ${capacity}`)
}

function pageWords(capacity: number): number {
  return L.PAGE_HEADER_WORDS + capacity * L.PLACE_WORDS
}
