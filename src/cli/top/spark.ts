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

/** Histories by a key: of what is no longer there, none is kept. */
export class Histories {
  #all = new Map<string, number[]>()

  /** `figures`: all that are there now. `MOST` of them have one, so that memory is bounded. */
  add(figures: Iterable<readonly [key: string, figure: number | undefined]>): void {
    const kept = new Map<string, number[]>()
    for (const [key, figure] of figures) {
      if (kept.size === MOST) break
      const history = this.#all.get(key) ?? []
      history.push(figure ?? Number.NaN)
      if (history.length > MOST_LOOKS) history.shift()
      kept.set(key, history)
    }
    this.#all = kept
  }

  get(key: string): readonly number[] {
    return this.#all.get(key) ?? []
  }
}

const MOST = 20_000
