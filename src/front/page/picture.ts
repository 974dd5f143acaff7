/** A view as it lives: what its panels answered, its history, and what is to be drawn and said of it. Pure. */

import type { PanelAnswer, PanelData } from '../contract/dashboard.js'
import type { Families } from './choice.js'
import { History } from './history.js'
import { type Line, linesOf, OTHERS, type Shown } from './lines.js'
import { type Measured, Meter } from './measure.js'
import { type Unit, unitOf } from './units.js'
import { type Part, panelOf, type View } from './views.js'

/** Colours of lines that have a name; the others have one of their own, behind these. */
export const COLOURS = 10
const LEAST_SECONDS = 0.5

export class Picture {
  readonly history = new History()
  readonly #meters = new Map<string, Meter>()
  readonly #colours = new Map<string, number>()
  #view: View
  #shown: Shown = { lines: [], columns: [], perSecond: false }
  #problems: readonly string[] = []
  #unit: Unit = 'none'
  #last: number | undefined

  constructor(view: View) {
    this.#view = view
  }

  get view(): View {
    return this.#view
  }

  /** The same view, of other parts. */
  change(view: View): void {
    this.#view = view
  }

  get lines(): readonly Line[] {
    return this.#shown.lines
  }

  get columns(): readonly string[] {
    return this.#shown.columns
  }

  get perSecond(): boolean {
    return this.#shown.perSecond
  }

  get unit(): Unit {
    return this.#unit
  }

  /** Why something of it is missing. */
  get problems(): readonly string[] {
    return this.#problems
  }

  /** What comes next is compared with nothing that was before. */
  begin(): void {
    this.#meters.clear()
  }

  /** @param time in seconds. Panels are those of one answer, by what was asked. */
  take(time: number, panels: ReadonlyMap<string, PanelAnswer>, families: Families): void {
    const last = this.#last
    // The same answer again, or one right behind it, since something else was added: that says little of what moved.
    if (last !== undefined && time >= last && time - last < LEAST_SECONDS) return
    this.#last = time
    const problems: string[] = []
    const answered: (readonly [Part, Measured])[] = []
    for (const part of this.view.parts) {
      const panel = panels.get(panelOf(part))
      if (panel === undefined) continue
      if ('problem' in panel) problems.push(say(part.family, panel.problem))
      else {
        answered.push([part, this.#meter(panelOf(part)).next(time, panel)])
        if (panel.partial === true) problems.push(incomplete(panel))
      }
    }
    this.#problems = problems
    const first = answered[0]
    if (first !== undefined) {
      const { name, type } = first[1].data
      this.#unit = this.view.unit ?? unitOf(families.get(name) ?? { name, type })
    }
    this.#shown = linesOf(this.view, answered, this.#unit)
    this.history.push(time, new Map(this.#shown.lines.map(({ key, value }) => [key, value])))
    this.#colour()
  }

  /** Nothing is known of this time. */
  gap(time: number): void {
    this.history.gap(time)
  }

  /** The colour of a line, by its number: the same as long as the line is shown. */
  colourOf(key: string): number {
    return key === OTHERS ? COLOURS : (this.#colours.get(key) ?? 0)
  }

  /** In a sentence, for whoever does not see it. */
  summary(): string {
    const { lines, columns } = this.#shown
    if (lines.length === 0) return `${this.view.title}: nothing to draw yet`
    const said = lines.map(({ name, cells }) =>
      cells.length === 1
        ? `${name} ${cells[0]}`
        : `${name} ${columns.map((column, at) => `${column} ${cells[at]}`).join(', ')}`,
    )
    return `${this.view.title}, now: ${said.join('; ')}`
  }

  #meter(panel: string): Meter {
    const meter = this.#meters.get(panel) ?? new Meter()
    this.#meters.set(panel, meter)
    return meter
  }

  #colour(): void {
    const keys = new Set(this.#shown.lines.map(({ key }) => key).filter(key => key !== OTHERS))
    for (const key of this.#colours.keys()) if (!keys.has(key)) this.#colours.delete(key)
    const taken = new Set(this.#colours.values())
    for (const key of keys) {
      if (this.#colours.has(key)) continue
      let free = 0
      while (taken.has(free)) free++
      this.#colours.set(key, free % COLOURS)
      taken.add(free)
    }
  }
}

function incomplete({ name, by }: PanelData): string {
  return `${name} has more values of ${by} than the server holds: some of the others may be greater.`
}

function say(family: string, problem: string): string {
  if (problem === 'unknown') return `There is no family ${family} now.`
  if (problem === 'busy') return `The server was too busy to look at ${family}.`
  return `${family}: ${problem}`
}
