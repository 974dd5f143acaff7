import { ifStarted } from './need.js'
import { needNewer } from './need-newer.js'
import type { PrometheusPrograms } from './need-prometheus.js'

/** Prometheus 3.5, which has long support, or a later 3. @throws Error with the reason where it is not to be had. */
export function needPrometheus3(): Promise<PrometheusPrograms> {
  return needNewer({
    name: 'Prometheus',
    programs: ['prometheus', 'promtool'],
    packages: ['prometheus', 'promtool'],
    release: 'forky',
    version: { option: '--version', least: [3, 5] },
  })
}

await ifStarted(import.meta.url, needPrometheus3)
