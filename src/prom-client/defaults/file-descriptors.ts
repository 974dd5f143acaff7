import {
  MOST_FILES,
  mostFiles,
  OPEN_FILES,
  openFiles,
  tellsOpenFiles,
} from '../../defaults/readers/file-descriptors.js'
import { type Collects, gaugeOf } from './config.js'

export const openFileDescriptors: Collects = group => {
  if (!tellsOpenFiles()) return
  gaugeOf(group, {
    ...OPEN_FILES,
    collect() {
      const open = group.tells() ? openFiles() : undefined
      // Where they are not to be had, the last figure stays.
      if (open !== undefined) this.set(group.labels, open)
    },
  })
}

export const maxFileDescriptors: Collects = group => {
  const most = mostFiles()
  if (most === undefined) return
  gaugeOf(group, {
    ...MOST_FILES,
    collect() {
      if (group.tells()) this.set(group.labels, most)
    },
  })
}
