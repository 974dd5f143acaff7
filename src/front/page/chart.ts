/** A picture's canvas: uPlot with the page's colours, units and gaps. */
import uPlot from 'uplot'
import { SPAN_SECONDS } from './history.js'
import type { Line } from './lines.js'
import type { Picture } from './picture.js'
import { axisSteps, clock, format } from './units.js'

/** A page that has just begun shows a minute, and not a quarter of an hour that is empty. */
const LEAST_SPAN = 60
/** From here on there is room for a second scale; a line without one would say little. */
const WIDE = 380
/** So that the distance of the two ends of a scale is a number, too. */
const MOST = Number.MAX_VALUE / 4
const FONT = '12px system-ui, sans-serif'

export class Chart {
  readonly #picture: Picture
  readonly #room: HTMLElement
  /** Tells which point the pointer is at; undefined where it is at none. */
  readonly #pointed: (index: number | undefined) => void
  #plot: uPlot | undefined
  /** Of the lines, size and colours that the plot was made for. */
  #made = ''

  constructor(picture: Picture, room: HTMLElement, pointed: (index: number | undefined) => void) {
    this.#picture = picture
    this.#room = room
    this.#pointed = pointed
  }

  draw(): void {
    const { unit, perSecond } = this.#picture
    const { clientWidth: width, clientHeight: height } = this.#room
    const lines = this.#linesFor(width)
    if (lines.length === 0 || width === 0) return
    const style = getComputedStyle(this.#room)
    // A label's value may be any text.
    const key = JSON.stringify([
      ...[unit, perSecond, width > WIDE, style.color],
      ...lines.map(line => [line.key, this.#colour(line)]),
    ])
    const { history } = this.#picture
    const data = [history.times, ...lines.map(line => history.column(line.key))] as uPlot.AlignedData
    if (this.#plot !== undefined && key === this.#made) {
      if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height })
      this.#plot.setData(data)
      return
    }
    this.end()
    this.#made = key
    this.#plot = new uPlot(this.#options(width, height), data, this.#room)
  }

  end(): void {
    this.#plot?.destroy()
    this.#plot = undefined
    this.#pointed(undefined)
  }

  #linesFor(width: number): readonly Line[] {
    return this.#picture.lines.filter(({ isRate }) => isRate !== true || width > WIDE)
  }

  #colour({ key, isRate }: Line): string {
    return isRate === true ? 'rate' : String(this.#picture.colourOf(key))
  }

  #options(width: number, height: number): uPlot.Options {
    const { unit, perSecond } = this.#picture
    const lines = this.#linesFor(width)
    const colours = getComputedStyle(this.#room)
    const text = colours.color
    const grid = { stroke: colourOf(this.#room, '--grid'), width: 1 }
    const axis = { stroke: text, font: FONT, grid, ticks: { show: false } }
    const hasRate = lines.some(({ isRate }) => isRate)
    return {
      ...{ width, height },
      padding: [8, hasRate ? 0 : 28, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'all' }, points: { size: 6 } },
      scales: {
        x: { time: true, range: (_, __, max) => [this.#from(max), max] },
        y: { range: rangeOf },
        rate: { range: rangeOf },
      },
      axes: [
        { ...axis, size: 28, space: 70, values: (_, times) => times.map(clock) },
        {
          ...axis,
          size: 64,
          space: 32,
          incrs: [...axisSteps(perSecond && unit === 'seconds' ? 'none' : unit)],
          values: (_, values) => values.map(value => format(value, unit, perSecond)),
        },
        ...(hasRate
          ? [
              {
                ...axis,
                ...{ scale: 'rate', side: 1 as const, size: 64, space: 32, grid: { show: false } },
                values: (_: uPlot, values: number[]) => values.map(value => format(value, 'none', true)),
              },
            ]
          : []),
      ],
      series: [{}, ...lines.map(line => this.#series(line))],
      hooks: { setCursor: [plot => this.#pointed(plot.cursor.idx ?? undefined)] },
    }
  }

  #series(line: Line): uPlot.Series {
    const stroke = colourOf(this.#room, `--line-${this.#colour(line)}`)
    return {
      ...{ label: line.name, stroke, scale: line.isRate === true ? 'rate' : 'y' },
      width: line.isRate === true ? 1 : 1.5,
      ...(line.isRate === true && { dash: [4, 4] }),
      points: { size: 5, fill: stroke, show: true, filter: () => this.#alone(line.key) },
    }
  }

  /** Points between two gaps, that no line would show. */
  #alone(key: string): number[] {
    const column = this.#picture.history.column(key)
    return column.flatMap((value, at) =>
      value !== null && (column[at - 1] ?? null) === null && (column[at + 1] ?? null) === null ? [at] : [],
    )
  }

  #from(max: number): number {
    const first = this.#picture.history.times[0] ?? max
    return Math.max(max - SPAN_SECONDS, Math.min(first, max - LEAST_SPAN))
  }
}

/** From zero, so that a height is a size; a line of zeros lies at the bottom. */
function rangeOf(_: uPlot, min: number | null, max: number | null): [number, number] {
  const [least, most] = [Math.min(0, min ?? 0), Math.max(0, max ?? 0)]
  if (least === most) return [0, 1]
  // Beyond the greatest number there is no scale.
  return [Math.max(-MOST, least * 1.1), Math.min(MOST, most * 1.1)]
}

/** What a custom property says, as a canvas takes it. */
function colourOf(room: HTMLElement, property: string): string {
  const probe = room.ownerDocument.createElement('i')
  probe.style.color = `var(${property})`
  room.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
