/** The address's fragment: which views are shown, in their order, as `#show=@mail-flow&show=mail_queued/domain`. Pure. */

import { FAMILY, LABEL } from '../contract/dashboard.js'
import { type Families, presetView } from './choice.js'
import { familyView, type View } from './views.js'

const KEY = 'show='

export function fragmentOf(views: readonly View[]): string {
  if (views.length === 0) return `#${KEY}`
  return `#${views.map(({ id }) => KEY + id).join('&')}`
}

/** Each view once; undefined where the fragment says nothing of views. */
export function viewsOf(fragment: string, families: Families): View[] | undefined {
  const ids = fragment
    .replace(/^#/, '')
    .split('&')
    .filter(part => part.startsWith(KEY))
    // What passes an address on may write `@` and `/` as `%40` and `%2F`.
    .map(part => decode(part.slice(KEY.length)))
  if (ids.length === 0) return undefined
  const views = new Map<string, View>()
  for (const id of ids) {
    const view = viewOf(id, families)
    if (view !== undefined) views.set(view.id, view)
  }
  return [...views.values()]
}

function viewOf(id: string, families: Families): View | undefined {
  if (id.startsWith('@')) return presetView(id.slice(1), families)
  const [family = '', label] = id.split('/')
  // Of a name that cannot be one the server says so, and draws nothing at all.
  if (!FAMILY.test(family) || (label !== undefined && !LABEL.test(label))) return undefined
  return familyView(family, label)
}

/** What was typed by hand may be no encoding. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
