import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'

/** Whether the kernel shows of processes what is asked here: only Linux does. */
export const hasProc = existsSync('/proc/self/status')

/** Resident memory of a process now, in MiB. */
export function resident(pid: number): number {
  return field(pid, 'VmRSS')
}

/** Resident memory of a process now, of each page its part of those that have it, in MiB. */
export function proportional(pid: number): number {
  return fieldOf(`/proc/${pid}/smaps_rollup`, 'Pss')
}

/** The most that was resident since the last `forgetPeak`, in MiB. */
export function peakResident(pid: number): number {
  return field(pid, 'VmHWM')
}

/** Starts the peak anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Processor time that a process has used, in milliseconds, in steps of 10. */
export function cpuTime(pid: number): number {
  return statTime(`/proc/${pid}/stat`)
}

/** Processor time of the threads that a process has now, in ms, as exactly as the scheduler counts it. */
export function processorTime(pid: number): number {
  const folder = `/proc/${pid}/task`
  const times = readdirSync(folder).map(
    thread => readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0],
  )
  return times.reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1e6, 0)
}

function statTime(path: string): number {
  const stat = readFileSync(path, 'utf8')
  // Fields 14 and 15; the second is the name in brackets, which may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function field(pid: number, name: string): number {
  return fieldOf(`/proc/${pid}/status`, name)
}

function fieldOf(path: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(path, 'utf8'))
  if (!found) throw new Error(`${path} has no ${name}`)
  return Number(found[1]) / 1024
}

/** What share of a processor each thread of a process uses, from now until the function is called. */
export function busyThreads(pid: number): () => number[] {
  if (!hasProc) return () => []
  const began = performance.now()
  const before = threadTimes(pid)
  return () => {
    const took = performance.now() - began
    return [...threadTimes(pid)].map(([thread, time]) => (time - (before.get(thread) ?? 0)) / took)
  }
}

function threadTimes(pid: number): Map<string, number> {
  const folder = `/proc/${pid}/task`
  return new Map(readdirSync(folder).map(thread => [thread, statTime(`${folder}/${thread}/stat`)]))
}

/** How many of the machine's processors are busy, on average from now until the function is called. */
export function busyProcessors(): () => number {
  const times = () => {
    const all = cpus().map(({ times }) => times)
    const idle = all.reduce((sum, one) => sum + one.idle, 0)
    return { idle, whole: all.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) }
  }
  const before = times()
  return () => {
    const after = times()
    return cpus().length * (1 - (after.idle - before.idle) / (after.whole - before.whole))
  }
}

/** Resolves when a process has stopped (SIGSTOP). */
export async function untilStopped(pid: number): Promise<void> {
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await wait(1)
}

/** Processes that a process has started, and that live. */
export function childrenOf(pid: number): number[] {
  if (!hasProc) return []
  return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
}
