import type { PanelSpec, RowSpec } from './spec.js'

/** The last schema of dashboards that are one JSON object, which Grafana 12.3 and 13 have. */
const SCHEMA_VERSION = 42

/** Whatever Prometheus is chosen above the dashboard. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' }

const COLUMNS = 24
const SIZES = { figure: { w: 4, h: 4 }, plot: { w: 8, h: 8 } }

export interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** The dashboard of these rows, as Grafana imports it. */
export function dashboardOf(rows: readonly RowSpec[]) {
  return {
    title: 'Mail server (postmeter)',
    uid: 'postmeter-mail',
    description:
      'Mail flow, queues, deliveries and bounces of servers with the metrics of postmeter/mta or kumod.',
    tags: ['mail', 'postmeter'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    annotations: {
      list: [
        {
          builtIn: 1,
          datasource: { type: 'grafana', uid: '-- Grafana --' },
          enable: true,
          hide: true,
          iconColor: 'rgba(0, 211, 255, 1)',
          name: 'Annotations & Alerts',
          type: 'dashboard',
        },
      ],
    },
    templating: { list: variables() },
    panels: panelsOf(rows),
  }
}

/** What label_values() of these asks for, so that kumod's own endpoint is found, too. */
const INSTANCES = 'message_count{job=~"$job"}'
const BY_PROVIDER =
  '{__name__=~"total_messages_(delivered|transfail)_by_provider", job=~"$job", instance=~"$instance"}'

function variables() {
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      refresh: 1,
      multi: false,
      includeAll: false,
    },
    labelVariable('job', 'Job', 'label_values(message_count, job)'),
    labelVariable('instance', 'Instance', `label_values(${INSTANCES}, instance)`),
    labelVariable('provider', 'Provider', `label_values(${BY_PROVIDER}, provider)`),
  ]
}

function labelVariable(name: string, label: string, query: string) {
  return {
    name,
    label,
    type: 'query',
    datasource: PROMETHEUS,
    query: { qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    // When the time range changes: series come and go.
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    // One pattern, and not all of thousands of names.
    allValue: '.+',
    current: { text: ['All'], value: ['$__all'] },
  }
}

function panelsOf(rows: readonly RowSpec[]) {
  const panels: object[] = []
  let id = 0
  let y = 0
  for (const { title, panels: specs } of rows) {
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    })
    y++
    let x = 0
    let rowHeight = 0
    for (const spec of specs) {
      const { w, h } = spec.look === 'figure' ? SIZES.figure : SIZES.plot
      if (x + w > COLUMNS) {
        x = 0
        y += rowHeight
        rowHeight = 0
      }
      panels.push(panelOf(spec, ++id, { x, y, w, h }))
      x += w
      rowHeight = Math.max(rowHeight, h)
    }
    y += rowHeight
  }
  return panels
}

function panelOf(spec: PanelSpec, id: number, gridPos: Place) {
  const figure = spec.look === 'figure'
  return {
    id,
    type: figure ? 'stat' : 'timeseries',
    title: spec.title,
    description: spec.description,
    gridPos,
    datasource: PROMETHEUS,
    targets: spec.queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      datasource: PROMETHEUS,
      editorMode: 'code',
      expr,
      legendFormat: legend,
      range: true,
    })),
    ...(figure ? figureLook(spec) : plotLook(spec)),
  }
}

function figureLook({ unit, limits }: PanelSpec) {
  const steps: { color: string; value: number | null }[] = [{ color: limits ? 'green' : 'blue', value: null }]
  if (limits) steps.push({ color: 'yellow', value: limits[0] }, { color: 'red', value: limits[1] })
  return {
    fieldConfig: {
      defaults: { unit, min: 0, color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } },
      overrides: [],
    },
    options: {
      colorMode: 'value',
      graphMode: 'area',
      justifyMode: 'auto',
      orientation: 'auto',
      percentChangeColorMode: 'standard',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      showPercentChange: false,
      textMode: 'value',
      wideLayout: true,
    },
  }
}

function plotLook({ unit, max, look }: PanelSpec) {
  const stacked = look === 'stack'
  return {
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max !== undefined && { max }),
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: 'line',
          lineWidth: 1,
          fillOpacity: stacked ? 30 : 8,
          showPoints: 'never',
          spanNulls: false,
          stacking: { group: 'A', mode: stacked ? 'normal' : 'none' },
        },
      },
      overrides: [],
    },
    options: {
      legend: { calcs: ['mean', 'lastNotNull'], displayMode: 'table', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  }
}
