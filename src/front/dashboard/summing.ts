/** Sums up what an exposition has of the families that are on a screen. */
import type { ListedFamily } from '../../exposition/family-list.js'
import type { FamilyHead, FamilyType, MetricView } from '../../reading/metric-view.js'
import type { FamilySink } from '../../reading/protobuf.js'
import type { PanelAnswer, PanelData } from '../contract/dashboard.js'
import type { Panel } from '../request/panels.js'
import { EachSeries, GreatestSeries, type Lines, SumsByLabel } from './lines.js'
import { MOVELESS, MovedSum } from './moved.js'
import { Room } from './room.js'
import { countsUp, type Moment, SeriesCounts, tableBytes } from './series-counts.js'
import { type Sum, sumOf } from './sums.js'

/** For what all series of one question had counted, bytes. */
const MOST_COUNTS = 8 * 1024 * 1024

/** Of a sum of many. */
const NOISE = 2 ** -40

/** What the series of families had counted at a look, by name; of families that have too many series there is nothing. */
export type Looked = ReadonlyMap<string, SeriesCounts>

/** A family, for all panels that show it. */
class FamilySum {
  /** Whether the exposition has another family of this name than the list had. */
  changed = false
  readonly #family: ListedFamily
  readonly #type: FamilyType
  readonly #room: Room
  readonly #total: Sum
  readonly #moved = new MovedSum()
  readonly #counts: SeriesCounts | undefined
  /** By the label; that of undefined has the series themselves. */
  readonly #lines = new Map<string | undefined, Lines>()
  #all: readonly Lines[] = []

  constructor(family: ListedFamily, room: Room, counts: SeriesCounts | undefined) {
    this.#family = family
    this.#type = exposedType(family.type)
    this.#room = room
    this.#total = sumOf(this.#type)
    this.#counts = counts
  }

  /** For the next look. */
  get counts(): SeriesCounts | undefined {
    this.#counts?.end()
    return this.#counts?.isWhole === true && !this.changed ? this.#counts : undefined
  }

  get sums(): number {
    return this.#all.length
  }

  /** Tells apart what a panel shows apart. */
  show(by: string | undefined): void {
    if (this.#lines.has(by)) return
    this.#lines.set(by, this.#linesBy(by))
    this.#all = [...this.#lines.values()]
  }

  #linesBy(by: string | undefined): Lines {
    const { labels } = this.#family
    if (by === undefined) return new EachSeries(this.#type, labels)
    return labels.length === 1
      ? new GreatestSeries(this.#type, by)
      : new SumsByLabel(this.#type, by, this.#room)
  }

  /** Returns whether this is the family that was in the list. */
  begins(type: FamilyType): boolean {
    if (type !== this.#type) this.changed = true
    return !this.changed
  }

  add(metric: MetricView): void {
    const moved = this.#counts?.add(metric) ?? MOVELESS
    this.#total.add(metric)
    this.#moved.add(moved)
    for (const lines of this.#all) lines.add(metric, moved)
  }

  figures(by: string | undefined): PanelData {
    const { name, type } = this.#family
    const total = this.#total
    const elapsed = this.#counts?.elapsed
    /** Where something is known of the time before; JSON has no number beyond the greatest. */
    const increase = (of: number) => (elapsed === undefined || !Number.isFinite(of) ? {} : { increase: of })
    const { partial, greatest } = this.#lines.get(by)!.found()
    const sums = greatest.map(({ sum }) => sum)
    const rest = sums.reduce((left, { series }) => left - series, total.series)
    const moved = greatest.reduce((left, { moved }) => left - moved.increase, this.#moved.increase)
    // What rounding leaves, nobody counted.
    const movedOthers = moved > this.#moved.increase * NOISE ? moved : 0
    return {
      ...{ name, type, series: total.series, total: total.value(), ...increase(this.#moved.increase) },
      ...(elapsed === undefined ? {} : { seconds: elapsed / 1000 }),
      ...(by === undefined ? {} : { by }),
      lines: greatest.map(({ label, sum, moved }) => ({
        ...{ label, series: sum.series, value: sum.value(), ...increase(moved.increase) },
      })),
      ...(greatest.length > 0 && rest > 0
        ? { others: { series: rest, value: total.less(sums), ...increase(movedOthers) } }
        : {}),
      ...(partial ? { partial: true } : {}),
    }
  }
}

/** Only OpenMetrics has types for them. */
function exposedType(type: ListedFamily['type']): FamilyType {
  return type === 'info' || type === 'stateset' ? 'gauge' : type
}

/** The panels of one question, which are filled from one exposition. */
export class Summing implements FamilySink {
  readonly #panels: readonly Panel[]
  readonly #families: ReadonlyMap<string, ListedFamily>
  readonly #sums = new Map<string, FamilySum>()
  readonly #room = new Room()
  #current: FamilySum | undefined

  constructor(
    panels: readonly Panel[],
    families: ReadonlyMap<string, ListedFamily>,
    moment: Moment,
    before?: Looked,
  ) {
    this.#panels = panels
    this.#families = families
    const counts = new Room(MOST_COUNTS)
    for (const panel of panels) {
      const family = families.get(panel.name)
      if (family === undefined || problemOf(panel, family) !== undefined) continue
      let sum = this.#sums.get(panel.name)
      if (sum === undefined) {
        const has = countsUp(family.type) && counts.take(tableBytes(family.series))
        const earlier = before?.get(panel.name)
        sum = new FamilySum(family, this.#room, has ? new SeriesCounts(moment, family, earlier) : undefined)
      }
      sum.show(panel.by)
      this.#sums.set(panel.name, sum)
    }
  }

  /** The families that are to be read. */
  get names(): readonly string[] {
    return [...this.#sums.keys()].sort()
  }

  /** How many times a series is added to something, at most. */
  get sums(): number {
    return Math.max(1, ...[...this.#sums.values()].map(({ sums }) => sums))
  }

  family({ name, type }: FamilyHead): boolean {
    const sum = this.#sums.get(name)
    this.#current = sum?.begins(type) === true ? sum : undefined
    return this.#current !== undefined
  }

  metric(metric: MetricView): void {
    this.#current?.add(metric)
  }

  /** What the next look begins from. */
  get looked(): Looked {
    const counts = new Map<string, SeriesCounts>()
    for (const [name, sum] of this.#sums) if (sum.counts !== undefined) counts.set(name, sum.counts)
    return counts
  }

  /** What makes the answer of each panel: that of many lines takes a while. */
  answers(): (() => PanelAnswer)[] {
    return this.#panels.map(panel => () => this.#answer(panel))
  }

  #answer(panel: Panel): PanelAnswer {
    const { name, by } = panel
    const problem = problemOf(panel, this.#families.get(name))
    if (problem !== undefined) return { name, problem }
    const sum = this.#sums.get(name)!
    return sum.changed ? { name, problem: 'it was registered anew meanwhile' } : sum.figures(by)
  }
}

function problemOf({ by }: Panel, family: ListedFamily | undefined): string | undefined {
  if (family === undefined) return 'unknown'
  return by === undefined || family.labels.includes(by) ? undefined : `it has no label ${by}`
}
