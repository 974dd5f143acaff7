/**
 * The plan of a scrape, made span by span. It takes the families in order of name. A family is whole in a span together
 * with its neighbours, or is divided over spans of its own if it does not fit one.
 *
 * In JSON, a comma stands between two series. The spans of a divided family are encoded side by side, so none of them
 * knows whether a series comes before its first one. So each of their elements begins with a comma, and scrape.ts,
 * which takes the spans in order, writes the text that opens and closes such a family between them.
 */
import type { Family } from '../catalogue/families.js'
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import { birthsSoFar } from '../memory/births.js'
import { Walk } from '../memory/damage.js'
import * as L from '../memory/layout.js'
import { addPiece, beginSpan, isHeaded, leaveOutExemplars, pieceCount } from './span.js'
import type { SpanOptions } from './types.js'

/** What scrape.ts has to write around a planned span; only JSON needs something. */
export interface Planned {
  /** In JSON, the divided family that the span is a part of, if it is. */
  readonly divided: Family | undefined
  /** Whether it is that family's first, or last, span. */
  readonly first: boolean
  readonly last: boolean
  /** Whether another family comes before it. */
  readonly comma: boolean
}

/** A span that needs nothing around it. */
export const WHOLE: Planned = {
  divided: undefined,
  first: false,
  last: false,
  comma: false,
}

/** A position of a plan, to which it can be rewound. */
export interface Mark {
  readonly family: number
  readonly page: number
  readonly first: number
  readonly begun: boolean
}

export class Plan {
  readonly #arena: Arena
  readonly #kernel: Kernel
  readonly #families: readonly Family[]
  readonly #options: SpanOptions
  readonly #seq: number
  #family = 0
  /** The page at which a divided family goes on; 0 if none is being divided. */
  #page = 0
  #first = 0
  /** The pages at which the divided family went on: it would be divided for ever where they are linked in a circle. */
  #walk: Walk | undefined
  /** Whether a family was planned. */
  #begun = false

  constructor(arena: Arena, kernel: Kernel, families: readonly Family[], options: SpanOptions) {
    this.#arena = arena
    this.#kernel = kernel
    this.#families = options.selfMetrics ? families : families.filter(family => !family.self)
    this.#options = options
    this.#begun = options.joint?.begun ?? false
    this.#seq = birthsSoFar(arena)
  }

  /** Whether a family was planned, or came before. */
  get begun(): boolean {
    return this.#begun
  }

  /** Whether all families were planned. */
  get done(): boolean {
    return this.#family === this.#families.length
  }

  /** The name of the family that comes next. */
  get family(): string {
    return this.#families[this.#family].name
  }

  mark(): Mark {
    return { family: this.#family, page: this.#page, first: this.#first, begun: this.#begun }
  }

  /** Goes back to a position. The spans that were planned since must not be exposed. */
  rewind({ family, page, first, begun }: Mark): void {
    this.#family = family
    this.#page = page
    this.#first = first
    this.#begun = begun
    // It comes by the same pages again.
    this.#walk = new Walk(this.#arena, 'pages of places', L.PAGE_HEADER_WORDS)
  }

  /**
   * Plans the next span into a slot; undefined if the next series is larger than the budget. With `tooLarge`, which is
   * then called, it is left out instead. Call only while not done.
   */
  next(slot: number, budget: number, tooLarge?: (family: string) => void): Planned | undefined {
    beginSpan(this.#arena, slot, this.#options, this.#seq)
    if (this.#page !== 0) return this.#divide(slot, budget, false, tooLarge)
    let left = budget
    while (!this.done && pieceCount(this.#arena, slot) < L.MAX_PIECES) {
      const family = this.#families[this.#family]
      const cost = this.#whole(slot, family, left)
      if (cost < 0) {
        if (pieceCount(this.#arena, slot) !== 0) return WHOLE
        return this.#divide(slot, budget, true, tooLarge)
      }
      left -= cost
      this.#family++
    }
    return WHOLE
  }

  /** Adds a whole family, if it fits; returns its cost, or -1. */
  #whole(slot: number, family: Family, budget: number): number {
    const { i32 } = this.#arena
    const head = this.#kernel.headCost(slot, family.ref)
    if (head < 0 || head > budget) return -1
    const page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
    const count = this.#kernel.plan(slot, family.ref, page, 0, budget - head)
    if (i32[slot * 2 + L.SLOT_PLAN_PAGE] !== 0) return -1
    addPiece(this.#arena, slot, {
      family: family.ref,
      page,
      first: 0,
      count,
      flags: this.#flags(L.PIECE_WHOLE),
    })
    return head + i32[slot * 2 + L.SLOT_PLAN_COST]
  }

  #flags(flags: number): number {
    const all = flags | L.PIECE_HEAD | (this.#begun ? L.PIECE_COMMA : 0)
    this.#begun = true
    return all
  }

  /** Fills a span with as much of a family as fits. */
  #divide(
    slot: number,
    budget: number,
    first: boolean,
    tooLarge?: (family: string) => void,
  ): Planned | undefined {
    const { i32 } = this.#arena
    const family = this.#families[this.#family]
    const json = this.#options.format === 'json'
    if (first) {
      this.#walk = new Walk(this.#arena, 'pages of places', L.PAGE_HEADER_WORDS)
      this.#page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
      this.#first = 0
    }
    const headed = isHeaded(this.#options.format) || (first && !json)
    const head = headed ? this.#kernel.headCost(slot, family.ref) : 0
    const plan = () => this.#kernel.plan(slot, family.ref, this.#page, this.#first, budget - head)
    let count = plan()
    if (count === 0) {
      // With the largest exemplars that it can have, one series is larger than a slot: leave exemplars out.
      leaveOutExemplars(this.#arena, slot)
      count = plan()
    }
    while (count === 0 && i32[slot * 2 + L.SLOT_PLAN_PAGE] !== 0) {
      if (tooLarge === undefined) return undefined
      tooLarge(family.name)
      this.#goBehind(slot)
      count = plan()
    }
    const flags = json ? 0 : first ? this.#flags(0) : 0
    addPiece(this.#arena, slot, {
      family: family.ref,
      page: this.#page,
      first: this.#first,
      count,
      flags,
    })
    const page = i32[slot * 2 + L.SLOT_PLAN_PAGE]
    // A page that is larger than a span is gone on with.
    if (page !== 0 && page !== this.#page) this.#walk?.pass(page)
    this.#page = page
    this.#first = i32[slot * 2 + L.SLOT_PLAN_FIRST]
    const last = this.#page === 0
    if (last) this.#family++
    if (!json) return WHOLE
    const comma = this.#begun
    this.#begun = true
    return { divided: family, first, last, comma }
  }

  /** Goes on behind the place at which the plan of a slot stopped. */
  #goBehind(slot: number): void {
    const { i32 } = this.#arena
    this.#page = i32[slot * 2 + L.SLOT_PLAN_PAGE]
    this.#first = i32[slot * 2 + L.SLOT_PLAN_FIRST] + 1
    if (this.#first < i32[this.#page * 2 + L.PAGE_CAPACITY]) return
    this.#page = Atomics.load(i32, this.#page * 2 + L.PAGE_NEXT)
    this.#first = 0
  }
}
