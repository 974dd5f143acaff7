import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Whether the kernel tells of processes what is asked here: only Linux does. */
export const hasProc = existsSync('/proc/self/status')

/** Resident memory of a process now, in MiB. */
export function resident(pid: number): number {
  return field(pid, 'VmRSS')
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
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // Fields 14 and 15; the second is the name in brackets, which may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function field(pid: number, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (!found) throw new Error(`/proc/${pid}/status tells no ${name}`)
  return Number(found[1]) / 1024
}
