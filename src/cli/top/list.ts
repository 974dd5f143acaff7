/** The rows of a list: families, or what one of them consists of. */
import { type Buckets, sumOf } from '../../reading/buckets.js'
import { type Figures, familyFigures, figuresOf } from './figures.js'
import type { Model } from './look/model.js'
import { between } from './look/observed.js'
import type { Rows } from './look/rows.js'
import { Tally } from './look/tally.js'

/** Families with series that the filter takes, or whose name it takes. */
export function families(model: Model): Figures[] {
  const { filter } = model
  return model
    .current()
    .filter(({ name, tally }) => filter.isAll || tally.series > 0 || filter.takesName(name))
    .map(familyFigures)
}

/** What a list of one family has a row for: each series, or each value of a label. */
export type By = string | undefined

/** A label's value that is not there. */
const WITHOUT = '(none)'

export function parts(model: Model, by: By): Figures[] {
  const { opened } = model
  // Opened behind the last look, or in the midst of it, it has nothing yet that is whole.
  if (opened === undefined || opened.look !== opened.family.look) return []
  return by === undefined ? seriesOf(opened) : sumsOf(opened, by)
}

function seriesOf(opened: Rows): Figures[] {
  const { family } = opened
  const tally = new Tally()
  const list: Figures[] = []
  for (let row = 0; row < opened.size; row++) {
    if (opened.tally(row, tally).series === 0) continue
    const text = opened.text(row)
    const name = text === '' ? family.name : text
    list.push(figuresOf(family, name, name, tally, between(opened.native(row))))
  }
  return list
}

function sumsOf(opened: Rows, by: string): Figures[] {
  const { family } = opened
  const tally = new Tally()
  const groups = new Map<string, { tally: Tally; natives: Buckets[] }>()
  for (let row = 0; row < opened.size; row++) {
    if (opened.tally(row, tally).series === 0) continue
    const value = opened.value(row, by) ?? WITHOUT
    const group = groups.get(value) ?? { tally: new Tally(), natives: [] }
    groups.set(value, group)
    group.tally.merge(tally, family.hasBuckets)
    const native = between(opened.native(row))
    if (native !== undefined) group.natives.push(native)
  }
  return Array.from(groups, ([value, { tally, natives }]) =>
    figuresOf(family, value, value, tally, natives.length === 0 ? undefined : sumOf(natives)),
  )
}

/** By what the list goes on: series, then each label, if there are several to choose from. */
export function nextBy(by: By, labels: readonly string[], back = false): By {
  const all: By[] = [undefined, ...labels]
  const at = all.indexOf(by)
  return all[(at + (back ? all.length - 1 : 1)) % all.length]
}
