import { readFileSync } from 'node:fs'
import t from 'tap'
import type { AnySpec } from '../../scripts/mta/metrics/define.js'
import { registerMetrics, table } from '../../scripts/mta/metrics.js'
import { createRegistry } from '../../src/index.js'

/** kumod's own list: name, type, labels, buckets, whether it prunes; compiled tests live three levels down. */
const list = readFileSync(new URL('../../../test/mta/kumod-metrics.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => line.split('\t') as [string, string, string, string, string])

function fact(name: string, spec: AnySpec) {
  const buckets = spec.type === 'histogram' ? spec.buckets : []
  return {
    name,
    type: spec.type,
    labels: [...spec.labelNames],
    buckets: [...buckets],
    idle: spec.idle,
  }
}

t.test('the table has the same facts as kumod', async t => {
  const wanted = list.map(([name, type, labels, buckets, prunes]) => ({
    name,
    type,
    labels: labels === '-' ? [] : labels.split(','),
    buckets: buckets === '-' ? [] : buckets.split(',').map(Number),
    idle: prunes === 'yes' ? 'pruned' : 'kept',
  }))
  const found = Object.entries<AnySpec>(table).map(([name, spec]) => fact(name, spec))
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  t.equal(wanted.length, 124)
  t.strictSame(found.sort(byName), wanted.sort(byName))
})

t.test('every help is one short sentence of its own', async t => {
  const seen = new Map<string, string>()
  for (const [name, { help }] of Object.entries<AnySpec>(table)) {
    t.match(help, /^\S.{5,100}[^.\s]$/, `${name}: ${help}`)
    t.notOk(help.includes('\n'), `${name}: one line`)
    t.equal(seen.get(help), undefined, `${name}: the help is nobody else's`)
    seen.set(help, name)
  }
})

t.test('registered, all of them are exposed, and nothing else', async t => {
  const registry = createRegistry({ name: 'table' })
  t.teardown(() => registry.close())
  registerMetrics(registry)
  const text = await registry.metrics()
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])
  t.strictSame(types, list.map(([name, type]) => [name, type]).sort())
})

t.test('a second thread that registers them meets no contradiction', async t => {
  const registry = createRegistry({ name: 'twice' })
  t.teardown(() => registry.close())
  registerMetrics(registry).total_messages_received.inc({ service: 'esmtp_listener' }, 2)
  registerMetrics(registry).total_messages_received.inc({ service: 'esmtp_listener' }, 3)
  t.equal(registry.value('total_messages_received', { service: 'esmtp_listener' }), 5)
})
