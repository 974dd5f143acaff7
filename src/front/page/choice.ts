/** Which views a page begins with, and what a view's name stands for. Pure. */
import type { Family } from '../contract/dashboard.js'
import { type Choice, PRESETS, type Preset } from './presets.js'
import { familyView, type Part, panelsOf, type View } from './views.js'

export type Families = ReadonlyMap<string, Family>

/** Of 16 panels that one answer can have; the rest is room for what is added. */
const MOST_PANELS_AT_FIRST = 14
const MOST_VIEWS_AT_FIRST = 9
/** Where the presets find less, the first families are shown, too. */
const LEAST_VIEWS = 6
const FIXED = new Set(['info', 'stateset'])

/** What is shown where the address says nothing. */
export function chooseViews(families: Families): View[] {
  const views: View[] = []
  const names = new Set<string>()
  for (const preset of PRESETS) {
    const view = viewOf(preset, families)
    if (view === undefined || names.has(view.id) || views.length === MOST_VIEWS_AT_FIRST) continue
    if (panelsOf([...views, view]).length > MOST_PANELS_AT_FIRST) continue
    names.add(view.id)
    views.push(view)
  }
  const shown = new Set(views.flatMap(({ parts }) => parts.map(({ family }) => family)))
  for (const { name, type } of families.values()) {
    if (views.length >= LEAST_VIEWS) break
    if (!shown.has(name) && !FIXED.has(type) && !name.startsWith('postmeter_')) views.push(familyView(name))
  }
  return views
}

/** The view of a preset's name; of a family that has gone its first choice, so that the page says what is missing. */
export function presetView(name: string, families: Families): View | undefined {
  const presets = PRESETS.filter(preset => preset.name === name)
  for (const preset of presets) {
    const view = viewOf(preset, families)
    if (view !== undefined) return view
  }
  const [preset] = presets
  return (
    preset &&
    viewWith(
      preset,
      preset.roles.map(({ as, from }) => partOf(from[0]!, as, undefined)),
    )
  )
}

/** Of what a preset can show, what there is; undefined where there is nothing. */
function viewOf(preset: Preset, families: Families): View | undefined {
  const parts = preset.roles.flatMap(({ as, from }) => {
    const choice = from.find(({ family }) => families.has(family))
    return choice === undefined ? [] : [partOf(choice, as, families.get(choice.family))]
  })
  return parts.length === 0 ? undefined : viewWith(preset, parts)
}

function viewWith({ name, title, unit }: Preset, parts: readonly Part[]): View {
  return { id: `@${name}`, title, parts, ...(unit !== undefined && { unit }) }
}

function partOf({ family, label, only }: Choice, as: string | undefined, found: Family | undefined): Part {
  const named = { family, ...(as !== undefined && { as }) }
  if (label === undefined || (found !== undefined && !found.labels.includes(label))) return named
  return { ...named, label, ...(only !== undefined && { only }) }
}
