/** The dashboard's page: it asks its own front, draws what is shown, and keeps in the address what that is. */
import { Board } from './board.js'
import { Box } from './box.js'
import { chooseViews } from './choice.js'
import type { Answer, Family } from './contract.js'
import { byId, make, write } from './dom.js'
import { fragmentOf, viewsOf } from './fragment.js'
import { askData, askFamilies } from './network.js'
import { type Hearer, Poller } from './poller.js'
import { startTheme } from './theme.js'
import { clock } from './units.js'
import { panelsOf } from './views.js'
import { gone, pace } from './words.js'

/** Between two looks at which families there are. */
const FAMILIES_EVERY = 10_000

class Page implements Hearer {
  readonly #board = new Board({
    families: () => this.#families,
    changed: () => this.#changed(),
    say: text => write(byId('said'), text),
    focusBox: () => this.#box.focus(),
  })
  readonly #box = new Box({
    families: () => this.#families.values(),
    opened: () => void this.#askFamilies(),
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
  #families: ReadonlyMap<string, Family> = new Map()
  #familiesAt = Number.NEGATIVE_INFINITY
  /** The server's time of the last answer, and ours. */
  #last: { readonly time: number; readonly at: number } | undefined
  #isGone = false

  async start(): Promise<void> {
    write(byId('host'), location.host)
    document.title = `${location.host} – postmeter`
    startTheme(() => this.#board.drawAll())
    addEventListener('hashchange', () => this.#show())
    document.addEventListener('visibilitychange', () => this.#seen())
    addEventListener('online', () => this.#poller.now())
    await this.#askFamilies()
  }

  panels(): readonly string[] {
    return panelsOf(this.#board.views)
  }

  answered(answer: Answer, panels: readonly string[]): void {
    // The tab was hidden meanwhile, or the machine slept.
    if (this.#last !== undefined && answer.time - this.#last.time > 3 * Math.max(answer.every, 2000))
      this.#board.gap(this.#last.time / 1000 + 0.001)
    this.#last = { time: answer.time, at: performance.now() }
    if (this.#isGone) void this.#askFamilies()
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

  /** At most once in some seconds; again by itself as long as there is nothing to show. */
  async #askFamilies(): Promise<void> {
    const now = performance.now()
    if (now - this.#familiesAt < FAMILIES_EVERY) return
    this.#familiesAt = now
    try {
      const families = await askFamilies()
      this.#families = new Map(families.map(family => [family.name, family]))
      this.#box.refresh()
      this.#show()
    } catch (error) {
      this.failed((error as Error).message, FAMILIES_EVERY)
    }
    if (this.#board.views.length === 0) setTimeout(() => void this.#askFamilies(), FAMILIES_EVERY)
  }

  /** What the address names; else what fits the families that there are. */
  #show(): void {
    const views = viewsOf(location.hash, this.#families) ?? chooseViews(this.#families)
    this.#board.set(views)
    this.#empty()
    this.#poller.now()
  }

  #changed(): void {
    history.replaceState(null, '', fragmentOf(this.#board.views))
    this.#empty()
    this.#poller.now()
  }

  #empty(): void {
    const pictures = byId('pictures')
    if (pictures.childElementCount > 0) {
      pictures.querySelector('.empty')?.remove()
      return
    }
    const text =
      this.#families.size === 0
        ? 'There is no metric yet. This page looks again every 10 s.'
        : 'Nothing is shown. Type a part of a family’s name into the box above.'
    pictures.append(make('p', { class: 'empty' }, text))
  }
}

void new Page().start()
