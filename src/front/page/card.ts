/** A picture on the page: title, controls, canvas, and a table of the figures, which is its legend and its text. */
import { Chart } from './chart.js'
import type { Families } from './choice.js'
import { make, newId, write } from './dom.js'
import type { Line } from './lines.js'
import type { Picture } from './picture.js'
import { clock, format } from './units.js'
import { labelsOf } from './views.js'

/** What is done with a card. */
export interface Actions {
  remove(): void
  move(by: -1 | 1): void
  /** Undefined: by none. */
  splitBy(label: string | undefined): void
}

export class Card {
  readonly element: HTMLElement
  readonly #picture: Picture
  readonly #actions: Actions
  readonly #chart: Chart
  readonly #room = make('div', { class: 'room', role: 'img' })
  readonly #controls = make('div', { class: 'controls' })
  readonly #problems = make('p', { class: 'problems' })
  readonly #head = make('tr')
  readonly #body = make('tbody')
  readonly #table = make('table')
  readonly #split = make('select')
  #labels = ''
  #columns = ''
  #pointed: number | undefined

  constructor(picture: Picture, actions: Actions) {
    this.#picture = picture
    this.#actions = actions
    this.#chart = new Chart(picture, this.#room, index => this.#point(index))
    const { title } = picture.view
    const id = newId()
    this.#fillControls(title)
    this.#table.append(
      make('caption', { class: 'unseen' }, `${title}: figures`),
      make('thead', {}, this.#head),
      this.#body,
    )
    this.element = make(
      'section',
      { class: 'card', 'aria-labelledby': id, 'data-view': picture.view.id },
      // Its own name: a break in a word is a space to whoever hears it.
      make(
        'div',
        { class: 'top' },
        make('h2', { id, title, 'aria-label': title }, ...breakable(title)),
        this.#controls,
      ),
      this.#problems,
      this.#room,
      // A long table scrolls, and then a key must reach it.
      make(
        'div',
        { class: 'figures', tabindex: '0', role: 'group', 'aria-label': `${title}: figures` },
        this.#table,
      ),
    )
    this.show()
  }

  get room(): HTMLElement {
    return this.#room
  }

  /** Draws what the picture has now. */
  draw(): void {
    this.#chart.draw()
    this.show()
  }

  /** Writes what the picture has now. */
  show(): void {
    write(this.#problems, this.#picture.problems.join(' '))
    this.#problems.hidden = this.#picture.problems.length === 0
    this.#room.setAttribute('aria-label', this.#picture.summary())
    this.#showRows()
  }

  offerLabels(families: Families): void {
    const labels = labelsOf(this.#picture.view, families)
    const chosen = this.#picture.view.parts[0]?.label ?? ''
    const all = [...new Set([...labels, ...(chosen === '' ? [] : [chosen])])]
    if (all.join('\n') === this.#labels) return
    this.#labels = all.join('\n')
    const options = all.map(label => make('option', { value: label }, `by ${label}`))
    this.#split.replaceChildren(make('option', { value: '' }, 'all together'), ...options)
    this.#split.value = chosen
    this.#split.hidden = all.length === 0 || this.#picture.view.parts.length > 1
  }

  focusRemove(): void {
    ;(this.#controls.lastElementChild as HTMLElement).focus()
  }

  focusSplit(): void {
    this.#split.focus()
  }

  end(): void {
    this.#chart.end()
  }

  #fillControls(title: string): void {
    const button = (sign: string, what: string, act: () => void) => {
      const made = make('button', { type: 'button', 'aria-label': `${what}: ${title}`, title: what }, sign)
      made.addEventListener('click', act)
      return made
    }
    this.#split.setAttribute('aria-label', `Lines of ${title}`)
    this.#split.hidden = true
    this.#split.addEventListener('change', () => this.#actions.splitBy(this.#split.value || undefined))
    this.#controls.append(
      this.#split,
      button('↑', 'Move up', () => this.#actions.move(-1)),
      button('↓', 'Move down', () => this.#actions.move(1)),
      button('×', 'Remove', () => this.#actions.remove()),
    )
  }

  /** Where the pointer is, figures are those of that time. */
  #point(index: number | undefined): void {
    if (index === this.#pointed) return
    this.#pointed = index
    this.#showRows()
  }

  #showRows(): void {
    const { lines, columns, history } = this.#picture
    const at = this.#pointed === undefined ? undefined : history.times[this.#pointed]
    // In the place of "now", so that nothing moves.
    const shownColumns = at === undefined ? columns : [clock(at)]
    this.#table.hidden = lines.length === 0
    if (shownColumns.join('\n') !== this.#columns || this.#head.childElementCount === 0) {
      this.#columns = shownColumns.join('\n')
      const heads = shownColumns.map(column => make('th', { scope: 'col' }, column))
      this.#head.replaceChildren(make('th', { scope: 'col' }, 'line'), ...heads)
    }
    while (this.#body.childElementCount > lines.length) this.#body.lastElementChild!.remove()
    for (const [n, line] of lines.entries()) {
      const row = this.#body.children[n] ?? this.#body.appendChild(newRow())
      this.#fillRow(row, line, at === undefined ? line.cells : [this.#valueAt(line, this.#pointed!)])
    }
  }

  #fillRow(row: Element, line: Line, cells: readonly string[]): void {
    const colour = line.isRate === true ? 'rate' : String(this.#picture.colourOf(line.key))
    const [name] = row.children
    row.setAttribute('data-colour', colour)
    write(name!.lastElementChild!, line.name)
    name!.setAttribute('title', line.name)
    while (row.childElementCount > cells.length + 1) row.lastElementChild!.remove()
    for (const [n, cell] of cells.entries()) write(row.children[n + 1] ?? row.appendChild(make('td')), cell)
  }

  #valueAt(line: Line, index: number): string {
    const value = this.#picture.history.column(line.key)[index]
    return line.isRate === true
      ? format(value, 'none', true)
      : format(value, this.#picture.unit, this.#picture.perSecond)
  }
}

function newRow(): HTMLTableRowElement {
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, make('i', { class: 'sign', 'aria-hidden': 'true' }), make('span')),
  )
}

/** A long name breaks behind an underscore. */
function breakable(name: string): (Node | string)[] {
  return name.split(/(?<=_)/).flatMap((part, at) => (at === 0 ? [part] : [make('wbr'), part]))
}
