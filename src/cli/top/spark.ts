/** Spark lines: the last figures as bars, the newest at the right. */
const BARS = '▁▂▃▄▅▆▇█'
const ASCII_BARS = '_.,-=+*#'

/** Looks that a spark line can show. */
export const MOST_LOOKS = 60

/** Between the least and the greatest figure; what is unknown is left out. A line that does not move lies at the bottom. */
export function spark(history: readonly number[], width: number, ascii: boolean): string {
  const bars = ascii ? ASCII_BARS : BARS
  const last = history.slice(-width)
  const known = last.filter(Number.isFinite)
  // A figure that is small beside 0 would look as if it moved much.
  const least = Math.min(0, ...known)
  const most = Math.max(...known)
  const bar = (figure: number) => {
    if (!Number.isFinite(figure)) return ' '
    const part = most > least ? (figure - least) / (most - least) : 0
    return bars[Math.min(bars.length - 1, Math.floor(part * bars.length))]!
  }
  return last.map(bar).join('').padStart(width)
}

/** So many have a history, so that memory is bounded. */
export const MOST_HISTORIES = 20_000
const FIRST = 64

/** Histories by a key: of what is no longer there, none is kept. All are in one ring, a slot of it for each. */
export class Histories {
  #slots = new Map<string, number>()
  #figures = new Float64Array(FIRST * MOST_LOOKS)
  #used = 0
  readonly #free: number[] = []
  #looks = 0

  /** `figures`: all that are there now, what is shown first before the others. */
  add(figures: Iterable<readonly [key: string, figure: number | undefined]>): void {
    const column = this.#looks++ % MOST_LOOKS
    const kept = new Map<string, number>()
    const fresh: [key: string, figure: number][] = []
    let count = 0
    for (const [key, figure = Number.NaN] of figures) {
      if (count++ === MOST_HISTORIES) break
      const slot = this.#slots.get(key)
      if (slot === undefined) fresh.push([key, figure])
      else {
        this.#slots.delete(key)
        kept.set(key, slot)
        this.#figures[slot * MOST_LOOKS + column] = figure
      }
    }
    for (const slot of this.#slots.values()) this.#free.push(slot)
    for (const [key, figure] of fresh) {
      // Names that mean harm may look alike.
      if (kept.has(key)) continue
      const slot = this.#free.pop() ?? this.#next()
      this.#figures.fill(Number.NaN, slot * MOST_LOOKS, (slot + 1) * MOST_LOOKS)
      this.#figures[slot * MOST_LOOKS + column] = figure
      kept.set(key, slot)
    }
    this.#slots = kept
  }

  #next(): number {
    if ((this.#used + 1) * MOST_LOOKS > this.#figures.length) {
      const longer = new Float64Array(this.#figures.length * 2)
      longer.set(this.#figures)
      this.#figures = longer
    }
    return this.#used++
  }

  /** The figures of the last looks, the newest last; NaN where there was none. */
  get(key: string): readonly number[] {
    const slot = this.#slots.get(key)
    if (slot === undefined) return []
    const all = this.#figures.subarray(slot * MOST_LOOKS, (slot + 1) * MOST_LOOKS)
    const from = this.#looks % MOST_LOOKS
    const inOrder = [...all.subarray(from), ...all.subarray(0, from)]
    const first = inOrder.findIndex(figure => !Number.isNaN(figure))
    return first < 0 ? [] : inOrder.slice(first)
  }
}
