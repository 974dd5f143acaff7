/** The catalogue against kumod's published list, and how its families come to be exposed. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { createRegistry } from '../../src/index.js'
import type { AnySpec } from '../../src/mta/families/define.js'
import { mtaCatalogue, mtaMetrics } from '../../src/mta.js'
import { freshRegistry, typesOf } from './support.js'

/** kumod's own list: name, type, labels, buckets, whether it prunes; compiled tests live three levels down. */
const list = readFileSync(new URL('../../../test/mta-catalogue/kumod-metrics.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => line.split('\t') as [string, string, string, string, string])

const specs = Object.entries<AnySpec>(mtaCatalogue)

t.test('the catalogue has the same facts as kumod', async t => {
  const wanted = list.map(([name, type, labels, buckets, prunes]) => ({
    name,
    type,
    labels: labels === '-' ? [] : labels.split(','),
    buckets: buckets === '-' ? [] : buckets.split(',').map(Number),
    idle: prunes === 'yes' ? 'pruned' : 'kept',
  }))
  const found = specs.map(([name, spec]) => ({
    name,
    type: spec.type,
    labels: [...spec.labelNames],
    buckets: spec.type === 'histogram' ? [...spec.buckets] : [],
    idle: spec.idle,
  }))
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
  t.equal(wanted.length, 124)
  t.strictSame(found.sort(byName), wanted.sort(byName))
})

t.test('every help is one short sentence of its own', async t => {
  const seen = new Map<string, string>()
  for (const [name, { help }] of specs) {
    t.match(help, /^\S.{5,100}[^.\s]$/, `${name}: ${help}`)
    t.notOk(help.includes('\n'), `${name}: one line`)
    t.equal(seen.get(help), undefined, `${name}: the help is nobody else's`)
    seen.set(help, name)
  }
})

t.test('nothing is registered before its property is read; then the family is exposed', async t => {
  const registry = freshRegistry(t)
  const mta = mtaMetrics(registry)
  t.equal(await registry.metrics(), '')
  t.equal(mta.messageCount, mta.messageCount, 'a property is one metric')
  mta.totalMessagesReceived.labels({ service: 'esmtp_listener' })
  t.equal(
    await registry.metrics(),
    [
      '# HELP message_count Messages in hand',
      '# TYPE message_count gauge',
      'message_count 0',
      '# HELP total_messages_received Messages accepted, one for each recipient',
      '# TYPE total_messages_received counter',
      'total_messages_received{service="esmtp_listener"} 0',
      '',
    ].join('\n'),
  )
})

t.test('registerAll() exposes all of them, and nothing else', async t => {
  const registry = freshRegistry(t)
  mtaMetrics(registry).registerAll()
  t.strictSame(typesOf(await registry.metrics()), list.map(([name, type]) => [name, type]).sort())
})

t.test('each property is the family of its name', async t => {
  const mta = mtaMetrics(freshRegistry(t)) as unknown as Record<
    string,
    { name: string; labelNames: string[] }
  >
  for (const [name, spec] of specs) {
    const property = name.replace(/_[a-z]/g, letter => letter.charAt(1).toUpperCase())
    t.strictSame([mta[property]?.name, mta[property]?.labelNames], [name, [...spec.labelNames]], property)
  }
})

t.test('a second thread or copy that reads them meets no contradiction', async t => {
  const registry = freshRegistry(t)
  mtaMetrics(registry).totalMessagesReceived.inc({ service: 'esmtp_listener' }, 2)
  mtaMetrics(registry).totalMessagesReceived.inc({ service: 'esmtp_listener' }, 3)
  t.equal(registry.value('total_messages_received', { service: 'esmtp_listener' }), 5)
})

t.test('what a program has under one of the names is an error, at the start if it asks for all', async t => {
  const registry = freshRegistry(t)
  registry.counter({ name: 'ready_count', help: 'Ready.' })
  const mta = mtaMetrics(registry)
  const conflict = { code: 'ERR_POSTMETER_CONFLICT', message: /ready_count/ }
  t.throws(() => mta.registerAll(), conflict)
  t.throws(() => mta.readyCount, conflict)
})

t.test('after close() what was read before drops, and what was not is an error', async t => {
  const registry = createRegistry({ name: 'closed-mta', memory: '4MiB' })
  const mta = mtaMetrics(registry)
  const bundle = mta.readyQueue({ service: 's' })
  await registry.close()
  bundle.delivered()
  t.equal(registry.value('total_messages_delivered', { service: 's' }), 0)
  t.throws(() => mta.bindFailures, { code: 'ERR_POSTMETER_CLOSED' })
})

t.test('mistakes in the options name the option and the value', async t => {
  const registry = freshRegistry(t)
  const make = (options: object) => () => mtaMetrics(registry, options)
  const code = 'ERR_POSTMETER_OPTION'
  t.throws(make({ expire: '1h' }), {
    code,
    message: /mtaMetrics: option "expire" is not known; there are expireAfter/,
  })
  t.throws(make({ expireAfter: 'soon' }), { code, message: /option "expireAfter": "soon" is not a duration/ })
  t.throws(make({ expireAfter: -1 }), { code, message: /option "expireAfter": -1 is not from/ })
  t.throws(make({ pools: 'bulk' }), { code, message: 'option "pools": "bulk" is not a list' })
  t.throws(make({ sources: ['a', 7] }), { code, message: 'option "sources": 7 is no name' })
  t.throws(make({ providers: [''] }), { code, message: 'option "providers": "" is no name' })
  for (const wrong of [undefined, null, {}, 'default']) {
    t.throws(() => mtaMetrics(wrong as never), {
      code: 'ERR_POSTMETER_CALL',
      message: /mtaMetrics: .* is not a registry of postmeter/,
    })
  }
})
