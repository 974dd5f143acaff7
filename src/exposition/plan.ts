/**
 * The plan of a scrape, made as it goes: families in order of name, each whole in a span with its neighbours, or, when
 * it is larger than what a span has left, divided over spans of its own.
 *
 * JSON needs to know whether a series stands before another, which the spans of a divided family cannot see, as they
 * are encoded side by side. So each of their elements begins with a comma, and what opens and closes such a family is
 * told between spans, by the reader, who takes them in order.
 */
import type { Family } from '../catalogue/families.js'
import type { Kernel } from '../kernel/loader.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { addPiece, beginSpan, leaveOutExemplars, pieceCount } from './span.js'
import type { ScrapeOptions } from './types.js'

/** What the reader has to tell around a planned span; text needs nothing. */
export interface Planned {
  /** The family that the span is a part of, if it is a divided one in JSON. */
  readonly divided: Family | undefined
  /** Whether it is that family's first, or last, span. */
  readonly first: boolean
  readonly last: boolean
  /** Whether a family stands before it. */
  readonly comma: boolean
}

/** Of a span that needs nothing around it. */
export const WHOLE: Planned = {
  divided: undefined,
  first: false,
  last: false,
  comma: false,
}

/** How far a plan had come. */
export interface Mark {
  readonly family: number
  readonly page: number
  readonly first: number
  readonly told: boolean
}

export class Plan {
  readonly #arena: Arena
  readonly #kernel: Kernel
  readonly #families: readonly Family[]
  readonly #options: ScrapeOptions
  readonly #seq: number
  #family = 0
  /** Where a divided family goes on; 0 when it has not begun. */
  #page = 0
  #first = 0
  #told = false

  constructor(arena: Arena, kernel: Kernel, families: readonly Family[], options: ScrapeOptions) {
    this.#arena = arena
    this.#kernel = kernel
    this.#families = options.selfMetrics ? families : families.filter(family => !family.self)
    this.#options = options
    this.#seq = Atomics.add(arena.i32, L.H_SCRAPE_SEQ, 1)
  }

  /** Whether all was planned. */
  get done(): boolean {
    return this.#family === this.#families.length
  }

  /** The name of the family that comes next. */
  get family(): string {
    return this.#families[this.#family].name
  }

  mark(): Mark {
    return { family: this.#family, page: this.#page, first: this.#first, told: this.#told }
  }

  /** Goes back to where it was; what was planned since must not be told. */
  rewind({ family, page, first, told }: Mark): void {
    this.#family = family
    this.#page = page
    this.#first = first
    this.#told = told
  }

  /** Plans the next span into a slot; undefined where the next series is larger than the budget. Call while not done. */
  next(slot: number, budget: number): Planned | undefined {
    beginSpan(this.#arena, slot, this.#options, this.#seq)
    if (this.#page !== 0) return this.#divide(slot, budget, false)
    let left = budget
    while (!this.done && pieceCount(this.#arena, slot) < L.MAX_PIECES) {
      const family = this.#families[this.#family]
      const cost = this.#whole(slot, family, left)
      if (cost < 0) {
        if (pieceCount(this.#arena, slot) !== 0) return WHOLE
        return this.#divide(slot, budget, true)
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
    if (head > budget) return -1
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
    const all = flags | L.PIECE_HEAD | (this.#told ? L.PIECE_COMMA : 0)
    this.#told = true
    return all
  }

  /** Fills a span with as much of a family as fits. */
  #divide(slot: number, budget: number, first: boolean): Planned | undefined {
    const { i32 } = this.#arena
    const family = this.#families[this.#family]
    const json = this.#options.format === 'json'
    if (first) {
      this.#page = Atomics.load(i32, family.ref * 2 + L.F_FIRST_PAGE)
      this.#first = 0
    }
    // In protobuf each part of a family is a message with a head of its own.
    const headed = this.#options.format === 'protobuf' || (first && !json)
    const head = headed ? this.#kernel.headCost(slot, family.ref) : 0
    const plan = () => this.#kernel.plan(slot, family.ref, this.#page, this.#first, budget - head)
    let count = plan()
    if (count === 0) {
      // With all that its exemplars could be, one series is larger than a slot.
      leaveOutExemplars(this.#arena, slot)
      count = plan()
    }
    const flags = json ? 0 : first ? this.#flags(0) : 0
    if (count === 0 && i32[slot * 2 + L.SLOT_PLAN_PAGE] !== 0) return undefined
    addPiece(this.#arena, slot, {
      family: family.ref,
      page: this.#page,
      first: this.#first,
      count,
      flags,
    })
    this.#page = i32[slot * 2 + L.SLOT_PLAN_PAGE]
    this.#first = i32[slot * 2 + L.SLOT_PLAN_FIRST]
    const last = this.#page === 0
    if (last) this.#family++
    if (!json) return WHOLE
    const comma = this.#told
    this.#told = true
    return { divided: family, first, last, comma }
  }
}
