/** The files under docs/monitoring/, as a user finds them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const folder = fileURLToPath(new URL('../../../docs/monitoring', import.meta.url))

export const RECORDING = 'postmeter-recording.rules.yml'
export const ALERTS = 'postmeter-alerts.rules.yml'
export const CONFIG = 'prometheus.yml'
export const UNIT_TESTS = 'postmeter-alerts.test.yml'
const DASHBOARD = 'grafana-dashboard.json'

export function read(name: string): string {
  return readFileSync(`${folder}/${name}`, 'utf8')
}

/** The configuration with all that stands in it as a comment, too. */
export function wholeConfig(): string {
  return read(CONFIG).replace(/^( *)# (?=(?: *- | *\w+: | *\w+:$))/gm, '$1')
}

interface DataSource {
  readonly type: string
  readonly uid: string
}

export interface Target {
  readonly refId: string
  readonly datasource: DataSource
  readonly expr: string
  readonly legendFormat: string
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: DataSource
  readonly targets?: readonly Target[]
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string
      readonly custom?: { readonly stacking: { readonly mode: string } }
    }
  }
}

export interface Variable {
  readonly name: string
  readonly type: string
  readonly query: string | { readonly query: string }
  readonly datasource?: DataSource
}

export interface Dashboard {
  readonly schemaVersion: number
  readonly uid: string
  readonly title: string
  readonly templating: { readonly list: readonly Variable[] }
  readonly panels: readonly Panel[]
}

export const dashboardText = read(DASHBOARD)
export const dashboard: Dashboard = JSON.parse(dashboardText)
