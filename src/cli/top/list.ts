/** The rows of a list: families, or what one of them consists of. */
import { type Figures, familyFigures, figuresOf } from './figures.js'
import type { Model } from './look/model.js'
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
  if (opened === undefined) return []
  const { family } = opened
  const there = opened.all.filter(row => row.look === family.look && row.tally.series > 0)
  if (by === undefined)
    return there.map(({ text, tally, native }) => {
      const name = text === '' ? family.name : text
      return figuresOf(family, name, name, tally, native)
    })
  const groups = new Map<string, Tally>()
  for (const { labels, tally } of there) {
    const value = labels.find(([name]) => name === by)?.[1] ?? WITHOUT
    const group = groups.get(value) ?? new Tally()
    groups.set(value, group)
    group.merge(tally, family.hasBuckets)
  }
  return Array.from(groups, ([value, tally]) => figuresOf(family, value, value, tally, undefined))
}

/** By what the list goes on: series, then each label, if there are several to choose from. */
export function nextBy(by: By, labels: readonly string[], back = false): By {
  const all: By[] = [undefined, ...labels]
  const at = all.indexOf(by)
  return all[(at + (back ? all.length - 1 : 1)) % all.length]
}
