import { type Collects, gaugeOf } from './config.js'

export const startTime: Collects = group => {
  const started = Math.round(Date.now() / 1000 - process.uptime())
  gaugeOf(group, {
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
    aggregator: 'omit',
    collect() {
      if (group.tells()) this.set(group.labels, started)
    },
  })
}

export const version: Collects = group => {
  const { version } = process
  const [major, minor, patch] = version.slice(1).split('.').map(Number)
  gaugeOf(group, {
    name: 'nodejs_version_info',
    help: 'Node.js version info.',
    labelNames: ['version', 'major', 'minor', 'patch'],
    aggregator: 'first',
    // Each time: it is there again after a reset.
    collect() {
      this.set({ version, major, minor, patch, ...group.labels }, 1)
    },
  })
}
