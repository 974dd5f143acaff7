/** How busy processors were, from the time that they have been busy so far. */
import os from 'node:os'

/** Busy ms since some moment in the past. */
export type BusyMs = () => number

export const processBusyMs: BusyMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** All processors of the machine together. */
export const systemBusyMs: BusyMs = () => {
  let busy = 0
  for (const { times } of os.cpus()) busy += times.user + times.nice + times.sys + times.irq
  return busy
}

/** Busy time since the last call, in percent of the time that went by. */
export function percentOf(now: () => number, busyMs: BusyMs): () => number {
  let then = now()
  let before = busyMs()
  let percent = 0
  return () => {
    const time = now()
    // Two looks at nearly the same moment say nothing.
    if (time - then < 1) return percent
    const busy = busyMs()
    percent = (100 * (busy - before)) / (time - then)
    then = time
    before = busy
    return percent
  }
}
