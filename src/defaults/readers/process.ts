/** Facts of the process, and the processor time that it has spent. */
import type { Definition } from './types.js'

export const CPU: Readonly<Record<'user' | 'system' | 'total', Definition>> = {
  user: { name: 'process_cpu_user_seconds_total', help: 'Total user CPU time spent in seconds.' },
  system: { name: 'process_cpu_system_seconds_total', help: 'Total system CPU time spent in seconds.' },
  total: { name: 'process_cpu_seconds_total', help: 'Total user and system CPU time spent in seconds.' },
}

export const START_TIME: Definition = {
  name: 'process_start_time_seconds',
  help: 'Start time of the process since unix epoch in seconds.',
}

/** Whole seconds since the epoch. */
export function startTime(): number {
  return Math.round(Date.now() / 1000 - process.uptime())
}

export const VERSION: Definition = { name: 'nodejs_version_info', help: 'Node.js version info.' }
export const VERSION_LABELS = ['version', 'major', 'minor', 'patch'] as const

export function version(): Record<(typeof VERSION_LABELS)[number], string | number> {
  const { version } = process
  const [major, minor, patch] = version.slice(1).split('.').map(Number)
  return { version, major, minor, patch }
}
