/** The board: pictures in their order, each with its card; and what is done with them. */

import { type Answer, MOST_PANELS, type PanelAnswer } from '../contract/dashboard.js'
import { Card } from './card.js'
import type { Families } from './choice.js'
import { byId } from './dom.js'
import { Picture } from './picture.js'
import { Turns } from './turns.js'
import { familyView, panelsOf, type View } from './views.js'

const FULL = `${MOST_PANELS} families are the most that are shown at once`

interface Shown {
  readonly picture: Picture
  readonly card: Card
  /** The same function each time, so that it waits once. */
  readonly draw: () => void
}

interface World {
  families(): Families
  /** Somebody has put views in, out, or in another order. */
  changed(): void
  /** Something to be read out, and to be seen where nothing else shows it. */
  say(text: string, isSeen?: boolean): void
  /** Where the keyboard is to go when the last picture is gone. */
  focusBox(): void
}

export class Board {
  readonly #element = byId('pictures')
  readonly #turns = new Turns()
  readonly #world: World
  readonly #sizes = new ResizeObserver(entries => {
    for (const { target } of entries) {
      const shown = this.#shown.find(({ card }) => card.room === target)
      if (shown !== undefined) this.#draw(shown)
    }
  })
  #shown: Shown[] = []
  #started: number | undefined

  constructor(world: World) {
    this.#world = world
  }

  get views(): View[] {
    return this.#shown.map(({ picture }) => picture.view)
  }

  /** Shows these and no others, as far as one answer can have them. What is shown already keeps its history. */
  set(views: readonly View[]): void {
    const kept: Shown[] = []
    let tooMany = 0
    for (const view of views) {
      if (panelsOf([...kept.map(({ picture }) => picture.view), view]).length > MOST_PANELS) {
        tooMany++
        continue
      }
      const found = this.#shown.find(({ picture }) => picture.view.id === view.id)
      // A preset may have found more of its families.
      found?.picture.change(view)
      kept.push(found ?? this.#make(view))
    }
    for (const shown of this.#shown) if (!kept.includes(shown)) this.#end(shown)
    this.#shown = kept
    this.#place()
    this.#offerLabels()
    if (tooMany > 0) this.#world.say(`${tooMany} pictures are left out: ${FULL}`, true)
  }

  /** Puts in only what is not where it belongs: an element that is put in anew loses the focus, and its table's place. */
  #place(): void {
    let next = this.#element.querySelector('.card')
    for (const { card } of this.#shown) {
      if (card.element === next) next = next.nextElementSibling
      else this.#element.insertBefore(card.element, next)
    }
  }

  /** A family that was chosen in the box: first, where it is seen, and the next that a key reaches. */
  add(family: string): void {
    const view = familyView(family)
    const found = this.#shown.find(({ picture }) => picture.view.id === view.id)
    if (found !== undefined) {
      found.card.element.scrollIntoView({ block: 'nearest' })
      this.#world.say(`${view.title} is shown already`)
      return
    }
    if (panelsOf([...this.views, view]).length > MOST_PANELS) {
      this.#world.say(`${family} is not added: ${FULL}. Remove a picture first.`, true)
      return
    }
    const shown = this.#make(view)
    this.#shown.unshift(shown)
    this.#element.prepend(shown.card.element)
    this.#offerLabels()
    this.#world.say(`${view.title} is added as the first picture`)
    this.#world.changed()
  }

  take({ time, started, panels }: Answer, asked: readonly string[]): void {
    // A program that was started anew may have counted more than before already: no counter tells.
    if (started !== this.#started) for (const { picture } of this.#shown) picture.begin()
    this.#started = started
    const byName = new Map<string, PanelAnswer>()
    for (const [at, name] of asked.entries()) if (panels[at] !== undefined) byName.set(name, panels[at])
    for (const shown of this.#shown) {
      // What was added since that request was not asked for.
      if (!panelsOf([shown.picture.view]).some(name => byName.has(name))) continue
      shown.picture.take(time / 1000, byName, this.#world.families())
      this.#draw(shown)
    }
  }

  /** @param time in seconds of the server's clock. */
  gap(time: number): void {
    for (const shown of this.#shown) {
      shown.picture.gap(time)
      this.#draw(shown)
    }
  }

  drawAll(): void {
    for (const shown of this.#shown) this.#draw(shown)
  }

  #draw(shown: Shown): void {
    this.#turns.add(shown.draw)
  }

  #make(view: View): Shown {
    const picture = new Picture(view)
    const card = new Card(picture, {
      remove: () => this.#remove(shown),
      move: by => this.#move(shown, by),
      splitBy: label => this.#split(shown, label),
    })
    const shown: Shown = { picture, card, draw: () => this.#shown.includes(shown) && card.draw() }
    this.#sizes.observe(card.room)
    return shown
  }

  #end({ card }: Shown): void {
    this.#sizes.unobserve(card.room)
    card.end()
    card.element.remove()
  }

  #remove(shown: Shown): void {
    const at = this.#shown.indexOf(shown)
    this.#drop(shown)
    const next = this.#shown[Math.min(at, this.#shown.length - 1)]
    if (next === undefined) this.#world.focusBox()
    else next.card.focusRemove()
    this.#world.say(`${shown.picture.view.title} is removed`)
    this.#world.changed()
  }

  /** Its neighbour goes round it: so it keeps the focus. */
  #move(shown: Shown, by: -1 | 1): void {
    const at = this.#shown.indexOf(shown)
    const neighbour = this.#shown[at + by]
    if (neighbour === undefined) {
      this.#world.say(`${shown.picture.view.title} is ${by === 1 ? 'last' : 'first'} already`)
      return
    }
    this.#shown[at] = neighbour
    this.#shown[at + by] = shown
    if (by === 1) shown.card.element.before(neighbour.card.element)
    else shown.card.element.after(neighbour.card.element)
    shown.card.element.scrollIntoView({ block: 'nearest' })
    this.#world.say(`${shown.picture.view.title} is at place ${at + by + 1} of ${this.#shown.length}`)
    this.#world.changed()
  }

  #split(shown: Shown, label: string | undefined): void {
    const view = familyView(shown.picture.view.parts[0]!.family, label)
    const twin = this.#shown.find(({ picture }) => picture.view.id === view.id)
    if (twin !== undefined) this.#drop(twin)
    const made = this.#make(view)
    this.#shown[this.#shown.indexOf(shown)] = made
    shown.card.element.replaceWith(made.card.element)
    this.#end(shown)
    this.#offerLabels()
    made.card.focusSplit()
    this.#world.say(`${view.title} is shown`)
    this.#world.changed()
  }

  #drop(shown: Shown): void {
    this.#shown.splice(this.#shown.indexOf(shown), 1)
    this.#end(shown)
  }

  #offerLabels(): void {
    for (const { card } of this.#shown) card.offerLabels(this.#world.families())
  }
}
