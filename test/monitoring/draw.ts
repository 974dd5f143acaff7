/** Panels of the dashboard, drawn from what Prometheus answers: about as Grafana would. */
import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Line } from '../prometheus/server.js'
import type { Panel } from './files.js'

/** A line with the legend that Grafana would give it. */
export interface Drawn {
  readonly legend: string
  readonly points: Line['values']
}

export function legendOf(format: string, metric: Line['metric']): string {
  return format.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '')
}

const FORMATS: Readonly<Record<string, string>> = { percentunit: '.1~%', bytes: '.3~s', short: '.3~s' }

/** An SVG. `end` is the last point of time in seconds. */
export async function draw(panel: Panel, lines: readonly Drawn[], end: number): Promise<string> {
  const values = lines.flatMap(({ legend, points }) =>
    points.map(([time, value]) => ({ legend, x: time - end, y: Number(value) })),
  )
  const { unit, custom } = panel.fieldConfig!.defaults
  const stacked = custom?.stacking.mode === 'normal'
  const { spec } = compile({
    title: { text: `${panel.title} [${unit}]`, subtitle: wrapped(panel.description ?? '') },
    width: 480,
    height: 200,
    background: 'white',
    padding: 8,
    data: { values: values.filter(({ y }) => Number.isFinite(y)) },
    mark: stacked ? { type: 'area', opacity: 0.7 } : { type: 'line' },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: 'seconds' },
      y: {
        field: 'y',
        type: 'quantitative',
        title: null,
        stack: stacked ? 'zero' : null,
        axis: { format: FORMATS[unit] ?? '.3~g', tickCount: 5 },
      },
      color: {
        field: 'legend',
        type: 'nominal',
        title: null,
        scale: { scheme: 'tableau20' },
        legend: { orient: 'bottom', columns: 2, labelLimit: 230 },
      },
    },
  } as TopLevelSpec)
  const view = new View(parse(spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}

function wrapped(text: string): string[] {
  return text.match(/.{1,90}(?:\s|$)/g) ?? []
}
