import {
  START_TIME,
  startTime as started,
  VERSION,
  VERSION_LABELS,
  version as versionOf,
} from '../../defaults/readers/process.js'
import { type Collects, gaugeOf } from './config.js'

export const startTime: Collects = group => {
  const at = started()
  gaugeOf(group, {
    ...START_TIME,
    aggregator: 'omit',
    collect() {
      if (group.tells()) this.set(group.labels, at)
    },
  })
}

export const version: Collects = group => {
  const labels = versionOf()
  gaugeOf(group, {
    ...VERSION,
    labelNames: [...VERSION_LABELS],
    aggregator: 'first',
    // Each time: it is there again after a reset.
    collect() {
      this.set({ ...labels, ...group.labels }, 1)
    },
  })
}
