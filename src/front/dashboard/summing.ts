/** Sums up what an exposition has of the families that are on a screen. */
import type { ListedFamily } from '../../exposition/family-list.js'
import type { FamilyHead, FamilyType, MetricView } from '../../reading/metric-view.js'
import type { FamilySink } from '../../reading/protobuf.js'
import type { Panel } from '../request/panels.js'
import { EachSeries, GreatestSeries, type Lines, SumsByLabel } from './lines.js'
import { type Sum, sumOf, type Value } from './sums.js'

/** What the page gets of a panel. */
export type PanelAnswer = PanelFigures | { readonly name: string; readonly problem: string }

export interface PanelFigures {
  readonly name: string
  readonly type: ListedFamily['type']
  readonly series: number
  readonly total: Value
  readonly by?: string
  readonly lines: readonly { readonly label: string; readonly series: number; readonly value: Value }[]
  /** What is not in the lines, where there are some. */
  readonly others?: { readonly series: number; readonly value: Value }
  /** Whether there were more values of the label than are held: others may be greater. */
  readonly partial?: true
}

class PanelSum {
  readonly #panel: Panel
  readonly #family: ListedFamily
  readonly #total: Sum
  readonly #lines: Lines

  constructor(panel: Panel, family: ListedFamily) {
    this.#panel = panel
    this.#family = family
    const type = exposedType(family.type)
    this.#total = sumOf(type)
    this.#lines = linesOf(type, panel, family)
  }

  add(metric: MetricView): void {
    this.#total.add(metric)
    this.#lines.add(metric)
  }

  figures(): PanelFigures {
    const { name, type } = this.#family
    const { by } = this.#panel
    const total = this.#total
    const lines = this.#lines.greatest()
    const sums = lines.map(({ sum }) => sum)
    const rest = sums.reduce((left, { series }) => left - series, total.series)
    return {
      ...{ name, type, series: total.series, total: total.value() },
      ...(by === undefined ? {} : { by }),
      lines: lines.map(({ label, sum }) => ({ label, series: sum.series, value: sum.value() })),
      ...(lines.length > 0 && rest > 0 ? { others: { series: rest, value: total.less(sums) } } : {}),
      ...(this.#lines.partial ? { partial: true } : {}),
    }
  }
}

function linesOf(type: FamilyType, { by }: Panel, { labels }: ListedFamily): Lines {
  if (by === undefined) return new EachSeries(type, labels)
  return labels.length === 1 ? new GreatestSeries(type, by) : new SumsByLabel(type, by)
}

/** Only OpenMetrics has types for them. */
function exposedType(type: ListedFamily['type']): FamilyType {
  return type === 'info' || type === 'stateset' ? 'gauge' : type
}

/** The panels of one question, which are filled from one exposition. */
export class Summing implements FamilySink {
  readonly #panels: readonly (PanelSum | { readonly name: string; readonly problem: string })[]
  readonly #byName = new Map<string, PanelSum[]>()
  #current: readonly PanelSum[] = []

  constructor(panels: readonly Panel[], families: ReadonlyMap<string, ListedFamily>) {
    this.#panels = panels.map(panel => {
      const { name, by } = panel
      const family = families.get(name)
      if (family === undefined) return { name, problem: 'unknown' }
      if (by !== undefined && !family.labels.includes(by)) return { name, problem: `it has no label ${by}` }
      const sum = new PanelSum(panel, family)
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), sum])
      return sum
    })
  }

  /** The families that are to be read. */
  get names(): readonly string[] {
    return [...this.#byName.keys()].sort()
  }

  family({ name }: FamilyHead): boolean {
    this.#current = this.#byName.get(name) ?? []
    return this.#current.length > 0
  }

  metric(metric: MetricView): void {
    for (const sum of this.#current) sum.add(metric)
  }

  answers(): readonly PanelAnswer[] {
    return this.#panels.map(panel => (panel instanceof PanelSum ? panel.figures() : panel))
  }
}
