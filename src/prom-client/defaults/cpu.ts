import { CPU } from '../../defaults/readers/process.js'
import type { Definition } from '../../defaults/readers/types.js'
import { Counter } from '../counter.js'
import type { Collects } from './config.js'
import { currentTrace } from './trace.js'

export const cpu: Collects = ({ prefix, labels, labelNames, registers, config, tells }) => {
  const enableExemplars = Boolean(config.enableExemplars)
  let last = process.cpuUsage()
  const counterOf = ({ name, help }: Definition, collect?: () => void) =>
    new Counter({ name: prefix + name, help, labelNames, registers, enableExemplars, collect })
  const add = (counter: Counter, micros: number) => {
    // A clock that was set back, or a test's, must not stop a scrape.
    const value = Math.max(0, micros) / 1e6
    if (enableExemplars) counter.inc({ labels, value, exemplarLabels: currentTrace() })
    else counter.inc(labels, value)
  }
  // This one's `collect` sets all three.
  const user = counterOf(CPU.user, () => {
    if (!tells()) return
    const now = process.cpuUsage()
    const spent = { user: now.user - last.user, system: now.system - last.system }
    last = now
    add(user, spent.user)
    add(system, spent.system)
    add(total, spent.user + spent.system)
  })
  const system = counterOf(CPU.system)
  const total = counterOf(CPU.total)
}
