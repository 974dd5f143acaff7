/** What was drawn in the last quarter of an hour: one list of times, and for each line a list of as many values. Pure. */

export const SPAN_SECONDS = 15 * 60
const MOST_POINTS = 1000
/** Lines come and go among the greatest ten; those that went are kept, since they come again. */
const MOST_LINES = 40

export type Column = (number | null)[]

export class History {
  readonly times: number[] = []
  readonly #columns = new Map<string, Column>()

  /** @param time in seconds. Where a clock was set back, what it told before of the same time is forgotten. */
  push(time: number, values: ReadonlyMap<string, number | null>): void {
    this.#makeRoom(time)
    this.times.push(time)
    for (const [key, column] of this.#columns) column.push(values.get(key) ?? null)
    for (const [key, value] of values) {
      if (this.#columns.has(key)) continue
      const column: Column = new Array(this.times.length).fill(null)
      column[column.length - 1] = value
      this.#columns.set(key, column)
    }
    this.#forget(time, values)
  }

  /** Breaks every line: nothing is known of this time. Two gaps that follow each other are one. */
  gap(time: number): void {
    const last = this.times.at(-1)
    if (last === undefined || time <= last || this.#isGap(this.times.length - 1)) return
    this.push(time, new Map())
  }

  column(key: string): Column {
    return this.#columns.get(key) ?? new Array(this.times.length).fill(null)
  }

  #isGap(index: number): boolean {
    for (const column of this.#columns.values()) if (column[index] !== null) return false
    return true
  }

  #makeRoom(time: number): void {
    const { times } = this
    let most = times.length
    while (most > 0 && times[most - 1]! >= time) most--
    if (most === times.length) return
    // When nothing was known is told by our own clock, which may be ahead: a gap stays one.
    const isGap = most > 0 && most === times.length - 1 && this.#isGap(most)
    if (isGap) times[most] = (times[most - 1]! + time) / 2
    else {
      times.length = most
      for (const column of this.#columns.values()) column.length = most
    }
  }

  #forget(now: number, current: ReadonlyMap<string, unknown>): void {
    let old = this.times.findIndex(time => time >= now - SPAN_SECONDS)
    old = Math.max(old, this.times.length - MOST_POINTS)
    if (old > 0) {
      this.times.splice(0, old)
      for (const column of this.#columns.values()) column.splice(0, old)
    }
    if (this.#columns.size <= MOST_LINES) return
    const gone = [...this.#columns.keys()].filter(key => !current.has(key))
    const seen = new Map(
      gone.map(key => [key, this.#columns.get(key)!.findLastIndex(value => value !== null)]),
    )
    gone.sort((a, b) => seen.get(a)! - seen.get(b)!)
    for (const key of gone.slice(0, this.#columns.size - MOST_LINES)) this.#columns.delete(key)
  }
}
