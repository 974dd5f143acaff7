/** What the view is about at a moment: which list, in which order, which row; and what a key makes of that. */
import { type Figures, mainFigure } from '../figures.js'
import { type By, families, nextBy, parts } from '../list.js'
import type { Family } from '../look/family.js'
import type { Model } from '../look/model.js'
import { type Order, type SortKey, sorted } from '../order.js'
import { Histories, MOST_HISTORIES } from '../spark.js'
import { sortKeys } from './columns.js'
import { type Command, commandOf, typed } from './keys.js'

/** What whoever runs the view has to do about a key. */
export type Effect = 'quit' | 'look' | 'pause' | 'suspend' | undefined

export class ViewState {
  readonly model: Model
  familyOrder: Order = { key: 'name', reversed: false }
  partOrder: Order = { key: 'main', reversed: false }
  by: By
  /** What is being typed, while it is. */
  typing: string | undefined
  isHelp = false
  isPaused = false
  rows: Figures[] = []
  /** The selected row, and the first that is shown. */
  selected = 0
  first = 0
  readonly #histories = new Histories()
  #partHistories = new Histories()
  #all: Figures[] = []
  /** What was selected in the list of families. */
  #left: string | undefined
  /** The filter that the rows are of, and the one before that is being typed. */
  #filtered = ''
  #typedOver = ''

  constructor(model: Model, order: Order | undefined, by: By) {
    this.model = model
    if (order !== undefined) {
      this.familyOrder = order
      this.partOrder = order
    }
    this.by = by
    this.#filtered = model.filter.text
  }

  get family(): Family | undefined {
    return this.model.opened?.family
  }

  get order(): Order {
    return this.family === undefined ? this.familyOrder : this.partOrder
  }

  history(row: Figures): readonly number[] {
    return (this.family === undefined ? this.#histories : this.#partHistories).get(row.key)
  }

  /** The model has had a look. */
  looked(): void {
    const all = families(this.model)
    const { families: known, look } = this.model
    // Where only some families were asked for, nothing is known of how the others moved.
    const isRead = ({ name }: Figures) => known.get(name)?.look === look
    this.#histories.add(
      firstOf(all, this.familyOrder).map(row => [row.key, isRead(row) ? mainFigure(row) : undefined]),
    )
    this.#filtered = this.model.filter.text
    this.#all = all
    if (this.family !== undefined) this.#seeParts()
    this.#arrange()
  }

  #seeParts(): void {
    this.#all = parts(this.model, this.by)
    this.#partHistories.add(firstOf(this.#all, this.partOrder).map(row => [row.key, mainFigure(row)]))
  }

  /** The same rows, sorted and filtered anew. The selected one stays the same, wherever it goes. */
  #arrange(): void {
    const key = this.rows[this.selected]?.key
    // Until there is a look with the new filter, names tell what they can.
    const { filter } = this.model
    const isNew = filter.text !== this.#filtered && this.family === undefined
    const rows = isNew ? this.#all.filter(({ name }) => filter.takesName(name)) : this.#all
    this.rows = sorted(rows, this.order)
    const again = key === undefined ? -1 : this.rows.findIndex(row => row.key === key)
    this.select(again >= 0 ? again : this.selected)
  }

  select(row: number): void {
    this.selected = Math.max(0, Math.min(row, this.rows.length - 1))
  }

  /** Scrolls so that the selected row is among so many. */
  show(height: number): void {
    const most = Math.max(0, this.rows.length - height)
    this.first = Math.max(0, Math.min(this.first, this.selected, most))
    if (this.selected >= this.first + height) this.first = this.selected - height + 1
  }

  /** `page`: how many rows are shown. */
  key(key: string, page: number): Effect {
    if (this.typing !== undefined) return this.#type(this.typing, key)
    const command = commandOf(key)
    if (this.isHelp && command !== 'quit') {
      this.isHelp = false
      return undefined
    }
    return command === undefined ? undefined : this.#do(command, page)
  }

  #do(command: Command, page: number): Effect {
    switch (command) {
      case 'quit':
      case 'look':
      case 'suspend':
        return command
      case 'pause':
        this.isPaused = !this.isPaused
        return 'pause'
      case 'help':
        this.isHelp = true
        return undefined
      case 'filter':
        this.typing = this.model.filter.text
        this.#typedOver = this.typing
        return undefined
      case 'open':
        return this.#open()
      case 'back':
        return this.#back()
      case 'up':
      case 'down':
      case 'page-up':
      case 'page-down':
      case 'first':
      case 'last':
        this.#move(command, page)
        return undefined
      case 'sort-next':
      case 'sort-before':
        this.#sort(command === 'sort-next' ? 1 : -1)
        return undefined
      case 'reverse':
        this.#setOrder({ ...this.order, reversed: !this.order.reversed })
        return undefined
      case 'label-next':
      case 'label-before':
        this.#changeLabel(command === 'label-before')
        return undefined
    }
  }

  #move(command: 'up' | 'down' | 'page-up' | 'page-down' | 'first' | 'last', page: number): void {
    const { selected, rows } = this
    const to = {
      ...{ up: selected - 1, down: selected + 1 },
      ...{ 'page-up': selected - page, 'page-down': selected + page },
      ...{ first: 0, last: rows.length - 1 },
    }
    this.select(to[command])
  }

  #type(before: string, key: string): Effect {
    const next = typed(before, key)
    if (next === undefined) return undefined
    const isDone = next === 'take' || next === 'give up'
    this.typing = isDone ? undefined : next.text
    if (next !== 'take') this.model.setFilter(isDone ? this.#typedOver : next.text)
    this.#arrange()
    return isDone ? 'look' : undefined
  }

  #open(): Effect {
    const row = this.rows[this.selected]
    if (this.family !== undefined || row === undefined) return undefined
    this.#left = row.key
    this.model.openByName(row.name)
    this.by = undefined
    this.#enter()
    return 'look'
  }

  #back(): Effect {
    if (this.family === undefined) {
      if (this.model.filter.text === '') return undefined
      this.model.setFilter('')
      this.#arrange()
      return 'look'
    }
    this.model.open(undefined)
    this.#enter()
    this.select(this.rows.findIndex(row => row.key === this.#left))
    return undefined
  }

  /** Another list: of a family just opened it is empty, until there is a look. */
  #enter(): void {
    this.#partHistories = new Histories()
    this.rows = []
    this.selected = 0
    this.first = 0
    this.#all = this.family === undefined ? families(this.model) : []
    this.#arrange()
  }

  #changeLabel(back: boolean): void {
    const { opened } = this.model
    if (opened === undefined) return
    this.by = nextBy(this.by, opened.names, back)
    this.#partHistories = new Histories()
    this.#seeParts()
    this.selected = 0
    this.#arrange()
  }

  #sort(by: 1 | -1): void {
    const keys = sortKeys(this.family?.type)
    const at = keys.indexOf(this.sortKey)
    const key = keys[(at + by + keys.length) % keys.length]!
    this.#setOrder({ key, reversed: false })
  }

  /** The column that rows are sorted by. */
  get sortKey(): SortKey {
    const { key } = this.order
    if (key !== 'main') return key
    return sortKeys(this.family?.type).includes('rate') ? 'rate' : 'value'
  }

  #setOrder(order: Order): void {
    if (this.family === undefined) this.familyOrder = order
    else this.partOrder = order
    this.#arrange()
  }
}

/** Where not all rows have a history, those have one that stand above the others. */
function firstOf(rows: readonly Figures[], order: Order): readonly Figures[] {
  return rows.length <= MOST_HISTORIES ? rows : sorted(rows, order)
}
