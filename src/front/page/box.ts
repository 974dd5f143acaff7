/** The box: a combobox over the families' names, as the ARIA pattern has it: a list that arrows walk, the focus stays in the box. */
import type { Family } from '../contract/dashboard.js'
import { byId, make, newId } from './dom.js'
import { matchesOf } from './matches.js'
import { count } from './units.js'

interface World {
  families(): Iterable<Family>
  /** The list is about to be read. */
  opened(): void
  chosen(family: Family): void
}

export class Box {
  readonly #input = byId<HTMLInputElement>('family')
  readonly #list = byId('matches')
  readonly #world: World
  #found: readonly Family[] = []
  #active = -1

  constructor(world: World) {
    this.#world = world
    this.#input.addEventListener('input', () => this.#open())
    this.#input.addEventListener('click', () => this.#open())
    this.#input.addEventListener('keydown', event => this.#key(event))
    this.#input.addEventListener('blur', () => this.#close())
    // The focus stays in the box while an option is pressed.
    this.#list.addEventListener('pointerdown', event => event.preventDefault())
    this.#list.addEventListener('click', event => {
      const option = (event.target as Element).closest('[role=option]')
      if (option !== null) this.#choose([...this.#list.children].indexOf(option))
    })
  }

  /** There are other families than before. */
  refresh(): void {
    if (this.#isOpen) this.#fill()
  }

  focus(): void {
    this.#input.focus()
  }

  get #isOpen(): boolean {
    return !this.#list.hidden
  }

  #open(): void {
    if (!this.#isOpen) this.#world.opened()
    this.#list.hidden = false
    this.#input.setAttribute('aria-expanded', 'true')
    this.#fill()
  }

  #close(): void {
    this.#list.hidden = true
    this.#input.setAttribute('aria-expanded', 'false')
    this.#activate(-1)
  }

  #key(event: KeyboardEvent): void {
    if (event.isComposing) return
    const { key } = event
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      if (!this.#isOpen) this.#open()
      this.#step(key === 'ArrowDown' ? 1 : -1)
    } else if (key === 'Enter') {
      if (!this.#isOpen) return
      this.#choose(Math.max(0, this.#active))
    } else if (key === 'Escape') {
      if (this.#isOpen) this.#close()
      else this.#input.value = ''
    } else return
    event.preventDefault()
  }

  #step(by: 1 | -1): void {
    const most = this.#found.length
    if (most === 0) return
    const from = this.#active === -1 && by === -1 ? 0 : this.#active
    this.#activate((from + by + most) % most)
  }

  #activate(index: number): void {
    this.#list.children[this.#active]?.setAttribute('aria-selected', 'false')
    this.#active = index
    const option = index === -1 ? undefined : this.#list.children[index]
    option?.setAttribute('aria-selected', 'true')
    option?.scrollIntoView({ block: 'nearest' })
    if (option === undefined) this.#input.removeAttribute('aria-activedescendant')
    else this.#input.setAttribute('aria-activedescendant', option.id)
  }

  #choose(index: number): void {
    const family = this.#found[index]
    if (family === undefined) return
    this.#input.value = ''
    this.#close()
    this.#world.chosen(family)
  }

  #fill(): void {
    const { families, count: all } = matchesOf(this.#input.value, this.#world.families())
    const active = this.#found[this.#active]?.name
    this.#found = families
    const note =
      families.length === 0
        ? 'No family has this in its name'
        : `${count(all - families.length)} more: type on`
    const more = families.length < all || families.length === 0
    this.#list.replaceChildren(
      ...families.map(option),
      ...(more ? [make('div', { class: 'note', role: 'presentation' }, note)] : []),
    )
    this.#active = -1
    this.#activate(families.findIndex(({ name }) => name === active))
  }
}

function option({ name, type, series, help }: Family): HTMLElement {
  return make(
    'div',
    { role: 'option', id: newId(), 'aria-selected': 'false' },
    make('b', {}, name),
    make('span', { class: 'kind' }, `${type}, ${count(series)} series`),
    make('span', { class: 'help' }, help),
  )
}
