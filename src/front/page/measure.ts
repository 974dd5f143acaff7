/** From a panel's answers, one after the other, to figures of its lines. Pure. */
import type { PanelData, Value } from '../contract/dashboard.js'
import { type Figures, figuresOf } from './figures.js'

export interface MeasuredLine {
  readonly label: string
  readonly figures: Figures
}

export interface Measured {
  readonly data: PanelData
  readonly total: Figures
  readonly lines: readonly MeasuredLine[]
  readonly others?: Figures
}

/** Keeps the last answer of one panel. */
export class Meter {
  #data: PanelData | undefined
  #time = 0

  /** @param time of the answer, in seconds. */
  next(time: number, data: PanelData): Measured {
    const earlier = this.#data?.type === data.type && this.#data.by === data.by ? this.#data : undefined
    const seconds = time - this.#time
    this.#data = data
    this.#time = time
    const figures = (later: Value, before: Value | undefined, increase: number | undefined) =>
      figuresOf(data.type, later, before, seconds, toldRate(data, increase))
    const before = new Map(earlier?.lines.map(({ label, value }) => [label, value]))
    const total = figures(data.total, earlier?.total, data.increase)
    const lines = data.lines.map(({ label, value, increase }) => ({
      label,
      figures: figures(value, before.get(label), increase),
    }))
    if (data.others === undefined) return { data, total, lines }
    const same = data.lines.length === before.size && data.lines.every(({ label }) => before.has(label))
    const { value, increase } = data.others
    const others = figures(value, same ? earlier?.others?.value : undefined, increase)
    // Which lines the others are changes with each answer: only what the named ones leave of the total is sure.
    const isLeft = data.type === 'counter' && toldRate(data, increase) === undefined
    return { data, total, lines, others: isLeft ? rest(others, total, lines) : others }
  }
}

function toldRate({ seconds }: PanelData, increase: number | undefined): number | undefined {
  return increase !== undefined && seconds !== undefined && seconds > 0 ? increase / seconds : undefined
}

function rest(others: Figures, total: Figures, lines: readonly MeasuredLine[]): Figures {
  if (total.main === null) return { ...others, main: null, rate: null }
  let rate = total.main
  for (const { figures } of lines) rate -= figures.main ?? 0
  rate = Math.max(0, rate)
  return { ...others, main: rate, rate }
}
