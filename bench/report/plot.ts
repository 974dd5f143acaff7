import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Axis, Bars, Curve, Report } from './model.js'
import { summarise } from './summary.js'

/** Long and short of a line's dashes. */
type Dash = number[]
interface Look {
  readonly colour: string
  readonly dash: Dash
  readonly width: number
}

/** Okabe and Ito's colours, which the colour-blind can distinguish; ours alone is thick. */
const OWN = ['#0072b2', '#56b4e9', '#3b4cc0', '#1b9e9e', '#5e4fa2']
const LIBRARIES: readonly (readonly [name: string, colour: string, dash: Dash])[] = [
  ['prom-client', '#d55e00', [7, 3]],
  ['@prometheus-io/client', '#009e73', [3, 3]],
  ['@opentelemetry', '#cc79a7', [9, 3, 2, 3]],
  ['client_golang', '#e69f00', [7, 3]],
  ['VictoriaMetrics', '#8c6d31', [3, 3]],
]
/** Floors, and whatever else has no colour of its own. */
const OTHERS = ['#808080', '#b07d48', '#a05f8f', '#7a8f5a']
const DASHES: Dash[] = [
  [1, 0],
  [6, 2],
  [2, 2],
  [8, 2, 2, 2],
]
const WIDTH = 470

export const isOwn = (name: string) => /^postmeter\b/.test(name)

export function drawCurve({ x, y, series }: Curve): Promise<string> {
  const looks = looksOf(series.map(({ name }) => name))
  const values = series
    .flatMap(({ name, points }) =>
      points.map(([px, py]) => ({
        name,
        width: looks.get(name)!.width,
        x: x.scale === 'percentile' ? 1 / (1 - px / 100) : px,
        y: py,
      })),
    )
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
  const names = [...looks.keys()]
  const at = (axis: 'x' | 'y') => values.map(point => point[axis])
  return draw({
    width: WIDTH,
    height: 260 + 18 * Math.ceil(names.length / 2),
    data: { values },
    mark: { type: 'line', strokeCap: 'round', point: x.scale === 'log' ? { filled: true, size: 28 } : false },
    encoding: {
      x: { field: 'x', type: 'quantitative', scale: scaleOf(x), axis: axisOf(x, at('x')) },
      y: { field: 'y', type: 'quantitative', scale: { ...scaleOf(y), padding: 6 }, axis: axisOf(y, at('y')) },
      color: {
        field: 'name',
        type: 'nominal',
        sort: names,
        scale: { domain: names, range: names.map(name => looks.get(name)!.colour) },
        legend: { title: null, orient: 'bottom', columns: 2, symbolType: 'stroke', labelLimit: 210 },
      },
      strokeDash: {
        field: 'name',
        type: 'nominal',
        sort: names,
        scale: { domain: names, range: names.map(name => looks.get(name)!.dash) },
      },
      strokeWidth: { field: 'width', type: 'quantitative', scale: null },
    },
  })
}

/** Names stand above their bars: beside them they would leave no room on a phone. */
export function drawBars({ label, from, bars }: Bars): Promise<string> {
  const looks = looksOf(bars.map(({ name }) => name))
  const values = bars.filter(({ value }) => Number.isFinite(value) && (from === 0 || value > 0))
  const axis: Axis = { label, scale: from === 1 ? 'log' : 'linear' }
  const ends = [...values.map(({ value }) => value), from]
  const [least, most] = [Math.min(...ends), Math.max(...ends)]
  // Room at the right for the number.
  const domain = from === 1 ? [least / 1.1, most * (most / least) ** 0.2] : [least, most * 1.2]
  const y = { field: 'name', type: 'nominal', sort: null, axis: null } as const
  return draw({
    width: WIDTH,
    height: 50 + 34 * values.length,
    data: { values: values.map(({ name, value }) => ({ name, value, from, text: spell(value) })) },
    encoding: { y },
    layer: [
      {
        mark: { type: 'bar', height: 11, yOffset: 7, cornerRadius: 1 },
        encoding: {
          x: {
            field: 'from',
            type: 'quantitative',
            scale: { ...scaleOf(axis), domain },
            axis: axisOf(axis, domain),
          },
          x2: { field: 'value' },
          color: {
            field: 'name',
            type: 'nominal',
            scale: {
              domain: [...looks.keys()],
              range: Array.from(looks, ([name, { colour }]) => (isOwn(name) ? OWN[0] : colour)),
            },
            legend: null,
          },
        },
      },
      {
        mark: {
          type: 'text',
          align: 'left',
          yOffset: -7,
          fontWeight: { expr: "indexof(datum.name, 'postmeter') === 0 ? 'bold' : 'normal'" },
        },
        encoding: { x: { value: 2 }, text: { field: 'name' } },
      },
      {
        mark: {
          type: 'text',
          align: 'left',
          dx: 4,
          yOffset: 7,
          fontWeight: { expr: "indexof(datum.name, 'postmeter') === 0 ? 'bold' : 'normal'" },
        },
        encoding: {
          x: { field: 'end', type: 'quantitative' },
          text: { field: 'text' },
        },
        transform: [{ calculate: 'max(datum.value, datum.from)', as: 'end' }],
      },
    ],
  })
}

export const SUMMARY = 'What a call costs, and a series in a scrape'

/** Medians of recording and encoding, a row each: the plot for who looks at one only. Undefined without a suite to draw. */
export async function drawSummary(reports: readonly Report[]): Promise<string | undefined> {
  const values = summarise(reports).map(median => ({
    ...median,
    text: `${median.operation}: ${spell(median.ns)} ns`,
  }))
  if (values.length === 0) return undefined
  const looks = looksOf([...new Set(values.map(({ name }) => name))])
  const names = [...looks.keys()]
  const operations = [...new Set(values.map(({ operation }) => operation))]
  const x: Axis = { label: 'nanoseconds (median, logarithmic)', scale: 'log' }
  const y = { field: 'operation', type: 'nominal', sort: operations, axis: null } as const
  const own = "datum.name === 'postmeter'"
  return draw({
    width: WIDTH,
    height: 70 + 44 * operations.length + 18 * Math.ceil(names.length / 2),
    data: { values },
    encoding: { y },
    layer: [
      {
        mark: { type: 'rule', stroke: 'currentColor', opacity: 0.25, yOffset: 9 },
        encoding: {
          x: { aggregate: 'min', field: 'ns', type: 'quantitative' },
          x2: { aggregate: 'max', field: 'ns' },
        },
      },
      {
        mark: { type: 'point', filled: true, opacity: 1, yOffset: 9, size: { expr: `${own} ? 150 : 80` } },
        encoding: {
          x: {
            field: 'ns',
            type: 'quantitative',
            scale: { ...scaleOf(x), padding: 10 },
            axis: axisOf(
              x,
              values.map(({ ns }) => ns),
            ),
          },
          color: {
            field: 'name',
            type: 'nominal',
            scale: { domain: names, range: names.map(name => looks.get(name)!.colour) },
            legend: { title: null, orient: 'bottom', columns: 2, labelLimit: 210 },
          },
          shape: {
            field: 'name',
            type: 'nominal',
            scale: {
              domain: names,
              range: ['circle', 'square', 'triangle-up', 'diamond', 'cross'].slice(0, names.length),
            },
          },
        },
      },
      {
        transform: [{ filter: own }],
        mark: { type: 'text', align: 'left', yOffset: -10 },
        encoding: { x: { value: 2 }, text: { field: 'text' } },
      },
    ],
  })
}

/** Any of Vega-Lite's specifications of one view. */
type Spec = Extract<TopLevelSpec, { mark: unknown } | { layer: unknown }> & { width: number; height: number }

async function draw(spec: Spec): Promise<string> {
  const { spec: compiled } = compile({
    ...spec,
    autosize: { type: 'fit', contains: 'padding' },
    background: 'transparent',
    padding: 4,
    config: {
      font: 'system-ui, sans-serif',
      // What the page's own colour is, by day and by night.
      view: { stroke: null },
      text: { fontSize: 13, color: 'currentColor' },
      axis: {
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 'normal',
        labelColor: 'currentColor',
        titleColor: 'currentColor',
        domain: false,
        ticks: false,
        labelPadding: 6,
        gridColor: 'currentColor',
        gridOpacity: 0.13,
      },
      legend: { labelFontSize: 12, labelColor: 'currentColor', symbolStrokeWidth: 2, rowPadding: 3 },
    },
  } as TopLevelSpec)
  const view = new View(parse(compiled), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return svg
}

function looksOf(names: readonly string[]): Map<string, Look> {
  let own = 0
  let other = 0
  return new Map(
    names.map(name => {
      const library = LIBRARIES.find(([library]) => name.startsWith(library))
      if (library) return [name, { colour: library[1], dash: library[2], width: 1.8 }]
      const at = isOwn(name) ? own++ : other++
      const colours = isOwn(name) ? OWN : OTHERS
      const width = isOwn(name) ? 3 : 1.5
      return [name, { colour: colours[at % colours.length]!, dash: DASHES[at % DASHES.length]!, width }]
    }),
  )
}

function scaleOf({ scale }: Axis) {
  return scale === 'linear' ? { zero: true, nice: true } : ({ type: 'log', nice: false } as const)
}

function axisOf({ label, scale }: Axis, values: readonly number[]) {
  const title = label
  if (scale === 'linear') return { title, tickCount: 5 }
  if (scale === 'log') {
    return {
      title,
      values: logTicks(values),
      labelExpr: "datum.value < 1000 ? format(datum.value, '~g') : format(datum.value, '~s')",
    }
  }
  return {
    title,
    values: [1, 2, 10, 100, 1000, 10_000, 100_000, 1e6],
    labelExpr: "format(1 - 1 / datum.value, '~%')",
  }
}

/** Powers of ten, and what lies between them where there are few. */
function logTicks(values: readonly number[]): number[] {
  const [first, last] = [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ]
  const steps = last - first > 3 ? [1] : last - first > 2 ? [1, 3] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = first; power <= last; power++) ticks.push(...steps.map(step => step * 10 ** power))
  return ticks.map(tick => Number(tick.toPrecision(1)))
}

export function spell(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}
