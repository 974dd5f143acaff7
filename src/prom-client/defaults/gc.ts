import { GC, GC_BUCKETS, watchGc } from '../../defaults/readers/gc.js'
import { Histogram } from '../histogram.js'
import type { Collects } from './config.js'

export const gc: Collects = ({ prefix, labels, labelNames, registers, config }) => {
  const durations = new Histogram({
    name: prefix + GC.name,
    help: GC.help,
    labelNames: ['kind', ...labelNames],
    buckets: config.gcDurationBuckets ?? [...GC_BUCKETS],
    registers,
  })
  watchGc((kind, seconds) => durations.observe({ kind, ...labels }, seconds))
}
