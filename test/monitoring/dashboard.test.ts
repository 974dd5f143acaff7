/** The dashboard is one that Grafana imports: by Grafana's own types, and by what they do not say. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { needTool } from '../../scripts/need-tools.js'
import { repository } from '../package/consumer.js'
import { neededOrSkip } from '../support/need.js'
import { dashboard, dashboardText, type Panel } from './files.js'

const run = promisify(execFile)
const rows = dashboard.panels.filter(({ type }) => type === 'row')
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

t.test('it is written from scripts/dashboard', async t => {
  const script = fileURLToPath(new URL('../../scripts/write-dashboard.js', import.meta.url))
  await t.resolves(run(process.execPath, [script, '--check']))
})

t.test('panels have their own ids and places', async t => {
  t.ok(panels.length > 40 && rows.length > 8, `${panels.length} panels in ${rows.length} rows`)
  t.equal(
    new Set(dashboard.panels.map(({ id }) => id)).size,
    dashboard.panels.length,
    'each id is there once',
  )
  const overlaps = (a: Panel, b: Panel) =>
    a.gridPos.x < b.gridPos.x + b.gridPos.w &&
    b.gridPos.x < a.gridPos.x + a.gridPos.w &&
    a.gridPos.y < b.gridPos.y + b.gridPos.h &&
    b.gridPos.y < a.gridPos.y + a.gridPos.h
  for (const [at, panel] of dashboard.panels.entries()) {
    const { x, y, w, h } = panel.gridPos
    t.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, `${panel.title} is within the grid`)
    const others = dashboard.panels.slice(at + 1).filter(other => overlaps(panel, other))
    t.strictSame(
      others.map(({ title }) => title),
      [],
      `nothing lies over ${panel.title}`,
    )
  }
})

t.test('each panel says what it shows, in which unit, of which series', async t => {
  for (const { title, description, targets = [], fieldConfig } of panels) {
    t.match(description, /^\S.{20,}\.$/s, `${title} has a description`)
    t.match(fieldConfig?.defaults.unit, /^\w+$/, `${title} has a unit`)
    t.ok(targets.length > 0, `${title} has a query`)
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, `${title}: a refId for each`)
    for (const { expr, legendFormat } of targets) {
      t.match(legendFormat, /\S/, `${title}: ${expr} has a legend`)
      // A label that the query takes out would leave the legend empty.
      const by = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', '))
      const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
      t.ok(
        used.every(label => by.includes(label)),
        `${title}: ${legendFormat} asks for labels that are there`,
      )
    }
  }
})

t.test('no data source and no variable is taken for granted', async t => {
  const variable = { type: 'prometheus', uid: '$' + '{datasource}' }
  for (const { title, datasource, targets = [] } of panels) {
    t.strictSame(datasource, variable, title)
    for (const target of targets) t.strictSame(target.datasource, variable, `${title} ${target.refId}`)
  }
  const variables = dashboard.templating.list
  for (const { type, datasource, name } of variables) {
    if (type === 'query') t.strictSame(datasource, variable, name)
  }
  t.equal(variables[0]!.type, 'datasource', 'the others ask it')
  const known = new Set([...variables.map(({ name }) => name), '__rate_interval', '__range'])
  const used = new Set([...dashboardText.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!))
  used.delete('__all')
  t.strictSame([...used].sort(), [...known].sort(), 'all variables are defined, and used')
})

t.test("it has Grafana's types", async t => {
  const modules = await neededOrSkip(t, "Grafana's schema", () => needTool('grafana-schema'))
  if (modules === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'postmeter-dashboard-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  symlinkSync(modules, join(folder, 'node_modules'))
  const compile = async (json: string) => {
    writeFileSync(join(folder, 'dashboard.ts'), programOf(json))
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve']
    return run(process.execPath, [tsc, ...options, join(folder, 'dashboard.ts')], { cwd: folder }).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
  }
  t.equal(await compile(dashboardText), '')
  t.match(
    await compile(dashboardText.replace('"graphTooltip"', '"graphToolTip"')),
    /graphToolTip/,
    'a mistake is seen',
  )
  t.match(await compile(dashboardText.replace('"drawStyle": "line"', '"drawStyle": "lines"')), /lines/)
  t.match(await compile(dashboardText.replace('"calcs"', '"calc"')), /calc/)
})

/** A program that compiles if the JSON has the types, with the options of each kind of panel. */
function programOf(json: string): string {
  const kinds = { timeseries: 'TimeSeries', stat: 'Stat' }
  const imports = Object.entries(kinds).map(
    ([kind, name]) =>
      `import type * as ${name} from '@grafana/schema/dist/esm/raw/composable/${kind}/panelcfg/x/${name}PanelCfg_types.gen'`,
  )
  return `import type { Dashboard, DataSourceRef, FieldConfig, Panel, RowPanel } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen'
${imports.join('\n')}
/** JSON spells out what is an enumeration in TypeScript. */
type Json<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Json<T[K]> } : T
interface Query { refId: string; datasource: DataSourceRef; editorMode: 'code' | 'builder'; expr: string; legendFormat: string; range: boolean }
type Of<Kind extends string, Options, Custom> = Omit<Panel, 'options' | 'fieldConfig' | 'type' | 'targets'> & {
  type: Kind; options: Options; targets: Query[]
  fieldConfig: { defaults: Omit<FieldConfig, 'custom'> & { custom?: Custom }; overrides: [] }
}
type Panels = Of<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig> | Of<'stat', Stat.Options, never> | RowPanel
export const dashboard: Json<Omit<Dashboard, 'panels'> & { panels: Panels[] }> = ${json}
`
}
