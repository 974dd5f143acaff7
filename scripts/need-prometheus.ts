import { ifStarted, needPrograms } from './need.js'

/** Where Prometheus's own programs are. */
export interface PrometheusPrograms {
  readonly promtool: string
  readonly prometheus: string
}

/** @throws Error with the reason where they are not to be had. */
export function needPrometheus(): Promise<PrometheusPrograms> {
  return needPrograms('prometheus', ['prometheus', 'promtool'])
}

await ifStarted(import.meta.url, needPrometheus)
