import { cpus, totalmem } from 'node:os'
import { versions } from './versions.js'

export interface Machine {
  readonly date: string
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  /** Of the packages that were measured. */
  readonly versions: Readonly<Record<string, string>>
}

/** `glibc 2.36`; empty where there is none. */
function libc(): string[] {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined ? [] : [`glibc ${header.glibcVersionRuntime}`]
}

export function thisMachine(now: Date): Machine {
  const cores = cpus()
  return {
    date: now.toISOString(),
    node: process.version,
    platform: [process.platform, process.arch, ...libc()].join(' '),
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    versions: versions(),
  }
}
