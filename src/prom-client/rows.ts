/**
 * A family's series as a reader of this entry sees them: where each is, and its label text, which is read once.
 *
 * Assumes: the caller reads within an epoch, so that no place is used for another series meanwhile.
 */
import type { Family } from '../catalogue/families.js'
import { textOf } from '../catalogue/labels.js'
import { placeAt } from '../catalogue/pages.js'
import type { Arena } from '../memory/arena.js'
import { allPages, capacityOf } from '../memory/damage.js'
import * as L from '../memory/layout.js'

export class Row {
  readonly place: number
  readonly page: number
  /** In its page. */
  readonly index: number
  /** State and generation: the same as long as the place has this series. */
  readonly state: number
  /** As the catalogue spells it: all labels, in order. */
  readonly text: string
  /** What stands before its value in a line, and for whom it was spelled. */
  head = ''
  headFor: object | undefined = undefined

  constructor(place: number, page: number, index: number, state: number, text: string) {
    this.place = place
    this.page = page
    this.index = index
    this.state = state
    this.text = text
  }
}

/** What is known of one family's series. */
export class Rows {
  /** By page of places, then by the place's index in it. */
  readonly #pages = new Map<number, Row[]>()

  /** The series that are exposed, in the order of their places. */
  walk(arena: Arena, family: Family): Row[] {
    const { i32 } = arena
    const rows: Row[] = []
    for (const page of allPages(arena, family.ref)) {
      const known = this.#of(page)
      const capacity = capacityOf(arena, page)
      for (let index = 0; index < capacity; index++) {
        const place = placeAt(page, index)
        const state = Atomics.load(i32, place * 2 + L.PLACE_STATE)
        if ((state & L.STATE_MASK) !== L.STATE_LIVE) continue
        let row = known[index]
        if (row?.state !== state) {
          row = new Row(place, page, index, state, textOf(arena, place))
          known[index] = row
        }
        rows.push(row)
      }
    }
    return rows
  }

  #of(page: number): Row[] {
    let rows = this.#pages.get(page)
    if (rows === undefined) {
      rows = []
      this.#pages.set(page, rows)
    }
    return rows
  }
}
