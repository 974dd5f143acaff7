/** docs/HARAKA.md has what there is, and nothing else: metrics of the plugin's own, and keys of its ini. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { KNOWN_KEYS } from '../../src/haraka-plugin/settings.js'
import { mtaCatalogue } from '../../src/mta.js'
import { counting } from './support.js'

const page = readFileSync(new URL('../../../docs/HARAKA.md', import.meta.url), 'utf8')

function rowsOf(heading: string): string[][] {
  const [section] = page.slice(page.indexOf(`${heading}\n`) + heading.length).split(/^##/m)
  const rows = section!.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| ---'))
  return rows.slice(1).map(row => row.split(' | ').map(cell => cell.replace(/^\| ?| ?\|$/g, '')))
}

/** What stands between backticks. */
function names(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name!)
}

t.test('metrics of its own, with their labels', async t => {
  const { registry } = counting(t)
  const registered = (await registry.metrics()).matchAll(/^# TYPE (haraka_\S+) /gm)
  const rows = rowsOf('### Under names of its own')
  t.strictSame(
    rows.map(([metric]) => names(metric!)[0]!).sort(),
    Array.from(registered, ([, name]) => name!).sort(),
  )
})

t.test("KumoMTA's names are those of the catalogue", async t => {
  const rows = rowsOf("### Under KumoMTA's names")
  const metrics = rows.flatMap(([metric]) => names(metric!)).filter(name => !name.includes('…'))
  t.ok(metrics.length > 20)
  t.strictSame(
    metrics.filter(name => !Object.hasOwn(mtaCatalogue, name)),
    [],
  )
})

t.test('keys of the ini', async t => {
  let section = ''
  const found: Record<string, string[]> = {}
  for (const [named, keys] of rowsOf('## postmeter.ini')) {
    for (const name of names(named!)) {
      section = name.slice(1, -1)
      found[section] = []
    }
    found[section]!.push(...names(keys!))
  }
  const sorted = (all: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(Object.entries(all).map(([name, keys]) => [name, [...keys].sort()]))
  t.strictSame(sorted(found), sorted(KNOWN_KEYS))
})
