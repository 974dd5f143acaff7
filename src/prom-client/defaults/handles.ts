/** What keeps the event loop alive: one gauge by type, and one of all. */
import { type Active, countTypes, HANDLES, REQUESTS, RESOURCES } from '../../defaults/readers/active.js'
import { type Collects, gaugeOf } from './config.js'

const countBoth =
  ({ name, help, helpTotal, known, list }: Active): Collects =>
  group => {
    if (!known()) return
    gaugeOf(group, {
      name,
      help,
      labelNames: ['type'],
      collect() {
        const counts = countTypes(list())
        this.reset()
        for (const [type, count] of counts) this.set({ type, ...group.labels }, count)
      },
    })
    gaugeOf(group, {
      name: `${name}_total`,
      help: helpTotal,
      collect() {
        this.set(group.labels, list().length)
      },
    })
  }

export const resources = countBoth(RESOURCES)
export const handles = countBoth(HANDLES)
export const requests = countBoth(REQUESTS)
