/** The dashboard's page: it asks its own front, draws what is shown, and keeps in the address what that is. */

import type { Answer } from '../contract/dashboard.js'
import { Board } from './board.js'
import { Box } from './box.js'
import { chooseViews } from './choice.js'
import { byId, make, write } from './dom.js'
import { FamilyList, STALE } from './family-list.js'
import { fragmentOf, viewsOf } from './fragment.js'
import { askData, askFamilies } from './network.js'
import { type Hearer, Poller } from './poller.js'
import { startTheme } from './theme.js'
import { clock } from './units.js'
import { panelsOf } from './views.js'
import { gone, isGap, type Pace, pace } from './words.js'

class Page implements Hearer {
  readonly #board = new Board({
    families: () => this.#list.families,
    changed: () => this.#changed(),
    say: (text, isSeen = false) => {
      write(byId('said'), text)
      byId('said').classList.toggle('unseen', !isSeen)
    },
    focusBox: () => this.#box.focus(),
  })
  readonly #box = new Box({
    families: () => this.#list.families.values(),
    opened: () => void this.#list.look(),
    chosen: ({ name }) => this.#board.add(name),
  })
  readonly #poller = new Poller(
    {
      ask: askData,
      now: () => performance.now(),
      after: (ms, call) => {
        const timer = setTimeout(call, ms)
        return () => clearTimeout(timer)
      },
      isHidden: () => document.hidden,
    },
    this,
  )
  readonly #list = new FamilyList(
    { ask: askFamilies, now: () => performance.now(), after: (ms, call) => void setTimeout(call, ms) },
    {
      changed: () => {
        this.#box.refresh()
        this.#show()
      },
      failed: (why, againIn) => this.failed(why, againIn),
    },
  )
  /** Whether the page has chosen by itself what is shown. */
  #isChosen = true
  /** The last answer, and when it came by our own clock. */
  #last: (Pace & { readonly at: number }) | undefined
  #isGone = false

  start(): void {
    write(byId('host'), location.host)
    document.title = `${location.host} – postmeter`
    startTheme(() => this.#board.drawAll())
    addEventListener('hashchange', () => this.#show())
    document.addEventListener('visibilitychange', () => this.#seen())
    addEventListener('online', () => this.#poller.now())
    void this.#list.look()
  }

  panels(): readonly string[] {
    return panelsOf(this.#board.views)
  }

  answered(answer: Answer, panels: readonly string[]): void {
    if (this.#last !== undefined && isGap(this.#last, answer)) this.#board.gap(this.#last.time / 1000 + 0.001)
    this.#last = { time: answer.time, every: answer.every, at: performance.now() }
    // A program that was started anew has other families; one that works on gets more of them.
    if (this.#isGone) void this.#list.look()
    else if (this.#isChosen) void this.#list.look(STALE)
    this.#isGone = false
    write(byId('status'), pace(answer))
    byId('status').classList.remove('gone')
    this.#board.take(answer, panels)
  }

  failed(why: string, againIn: number): void {
    this.#isGone = true
    const last = this.#last
    const since = last === undefined ? undefined : clock(last.time / 1000)
    write(byId('status'), gone(why, againIn, since))
    byId('status').classList.add('gone')
    if (last !== undefined) this.#board.gap((last.time + performance.now() - last.at) / 1000)
  }

  #seen(): void {
    if (!document.hidden) this.#poller.now()
  }

  /** What the address names; else what fits the families that there are. */
  #show(): void {
    const { families } = this.#list
    const named = viewsOf(location.hash, families)
    this.#isChosen = named === undefined
    this.#board.set(named ?? chooseViews(families))
    this.#empty()
    this.#poller.now()
  }

  #changed(): void {
    history.replaceState(null, '', fragmentOf(this.#board.views))
    this.#isChosen = false
    this.#empty()
    this.#poller.now()
  }

  #empty(): void {
    const pictures = byId('pictures')
    pictures.querySelector('.empty')?.remove()
    if (this.#board.views.length > 0) return
    const text =
      this.#list.families.size === 0
        ? 'There is no metric yet. This page looks again every 10 s.'
        : 'Nothing is shown. Type a part of a family’s name into the box above.'
    pictures.append(make('p', { class: 'empty' }, text))
  }
}

new Page().start()
