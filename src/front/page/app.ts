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
import { gone, isGap, isKept, kept, type Pace, pace, unlisted } from './words.js'

/** Calls once, after so many ms, unless it is told not to. */
const after = (ms: number, call: () => void) => {
  const timer = setTimeout(call, ms)
  return () => clearTimeout(timer)
}
const now = () => performance.now()
const isHidden = () => document.hidden

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
  readonly #poller = new Poller({ ask: askData, now, after, isHidden }, this)
  readonly #list = new FamilyList(
    { ask: askFamilies, now, after, isHidden },
    {
      changed: () => {
        this.#listProblem = undefined
        this.#box.refresh()
        this.#show()
      },
      failed: (why, againIn) => this.#notListed(why, againIn),
    },
  )
  /** Whether the page has chosen by itself what is shown. */
  #isChosen = true
  /** The last answer, and when it came by our own clock. */
  #last: (Pace & { readonly at: number }) | undefined
  #isGone = false
  /** Why there is no list of families, where there is none. */
  #listProblem: string | undefined

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
    const last = this.#last
    if (last !== undefined && isKept(last, answer, now() - last.at)) {
      this.#say(kept(clock(last.time / 1000)), true)
      return
    }
    if (last !== undefined && isGap(last, answer)) this.#board.gap(last.time / 1000 + 0.001)
    if (last?.time !== answer.time) this.#last = { time: answer.time, every: answer.every, at: now() }
    // A program that was started anew has other families; one that works on gets more of them.
    if (this.#isGone) void this.#list.look()
    else if (this.#isChosen) void this.#list.look(STALE)
    this.#isGone = false
    const problem = this.#listProblem === undefined ? '' : ` ${unlisted(this.#listProblem)}`
    this.#say(pace(answer) + problem, problem !== '')
    this.#board.take(answer, panels)
  }

  failed(why: string, againIn: number): void {
    this.#isGone = true
    const last = this.#last
    const since = last === undefined ? undefined : clock(last.time / 1000)
    this.#say(gone(why, againIn, since), true)
    if (last !== undefined) this.#board.gap((last.time + now() - last.at) / 1000)
  }

  /** What the address names is drawn all the same. */
  #notListed(why: string, againIn: number): void {
    this.#listProblem = why
    if (this.#board.views.length > 0) return
    this.failed(why, againIn)
    if (viewsOf(location.hash, this.#list.families) !== undefined) this.#show()
  }

  #say(text: string, isTrouble: boolean): void {
    write(byId('status'), text)
    byId('status').classList.toggle('gone', isTrouble)
  }

  #seen(): void {
    if (document.hidden) return
    this.#list.seen()
    this.#poller.now()
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
