import t from 'tap'
import { needPrometheus } from '../../scripts/need-prometheus.js'
import { createRegistry } from '../../src/index.js'
import { SEED } from '../support/arbitrary.js'
import { everythingAnd } from '../support/everything.js'
import { neededOrSkip } from '../support/need.js'
import { record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import { startMta, sumOf } from './mta.js'
import { checkMetrics } from './promtool.js'

t.test('promtool finds no error in a registry that has everything', async t => {
  const programs = await neededOrSkip(t, 'Prometheus', needPrometheus)
  if (!programs) return
  const registry = createRegistry({
    name: 'promtool',
    labels: { node: 'mx "1"\\\n', zone: 'é' },
  })
  t.teardown(() => registry.close())
  const accepted = registry.counter({
    name: 'accepted_total',
    help: 'Messages taken in: a backslash \\ and\na line break, and "quotes".',
    labelNames: ['service', 'domain'],
  })
  const values = [
    '',
    '"',
    '\\',
    '\n',
    '\\n',
    '\0',
    '😀',
    '\ud800',
    '__proto__',
    'a,b="c"',
    '}',
    ' ',
    'x'.repeat(4096),
  ]
  for (const [at, value] of values.entries())
    accepted.labels({ service: 'smtp', domain: value }).inc(at + 0.1)
  registry.counter({
    name: 'never_recorded_total',
    help: 'Has labels and no series.',
    labelNames: ['a'],
  })
  registry.counter({ name: 'plain_total', help: 'Has no labels.' }).inc(2 ** 53)
  const odd = registry.gauge({
    name: 'odd:values',
    help: '',
    labelNames: ['kind'],
  })
  for (const value of [0, -0, 1e-7, 1e21, 5e-324, Number.MAX_VALUE, -1.5, Infinity, -Infinity, NaN]) {
    odd.labels({ kind: String(value) }).set(value)
  }
  const latency = registry.histogram({
    name: 'latency_seconds',
    help: 'Times.',
    labelNames: ['hop'],
  })
  for (let at = 0; at < 500; at++) latency.labels({ hop: String(at % 5) }).observe(at / 37)
  registry
    .histogram({
      name: 'sizes_bytes',
      help: 'Sizes.',
      buckets: [1, 1e3, 1e6, 1e21],
    })
    .observe(4e4)

  for (const options of [{}, { prefix: 'kumomta_' }, { selfMetrics: true }]) {
    const exposition = await registry.metrics(options)
    const { code, said } = await checkMetrics(programs.promtool, exposition)
    t.notOk(code !== 0 && code !== 3, `no error with ${JSON.stringify(options)} (exit code ${code})`)
    if (said !== '') t.comment(said)
    const name = `${(options as { prefix?: string }).prefix ?? ''}accepted_total`
    t.equal(
      exposition.split('\n').filter(line => line.startsWith(`${name}{`)).length,
      values.length,
      'every series is there',
    )
  }

  const broken = (await registry.metrics()).replace('\nplain_total{', '\nplain total{')
  t.equal((await checkMetrics(programs.promtool, broken)).code, 1, 'an error would have been seen')
})

t.test('promtool finds no error in random registries of every type', async t => {
  const programs = await neededOrSkip(t, 'Prometheus', needPrometheus)
  if (!programs) return
  t.comment(`POSTMETER_SEED=${SEED}`)
  const model = everythingAnd(50)
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  record(registry, model)
  for (const prefix of ['', 'kumomta_', 'a:b']) {
    const exposition = await registry.metrics({ prefix, selfMetrics: true })
    const { code, said } = await checkMetrics(programs.promtool, exposition)
    if (code !== 0 && code !== 3) t.comment(said)
    t.ok(code === 0 || code === 3, `no error in ${model.families.length} families (exit code ${code})`)
    const broken = exposition.replace(`${prefix}door{`, `${prefix}door{=`)
    t.equal((await checkMetrics(programs.promtool, broken)).code, 1, 'an error would have been seen')
  }
})

t.test('promtool finds no error in what npm start exposes', async t => {
  const programs = await neededOrSkip(t, 'Prometheus', needPrometheus)
  if (!programs) return
  const { url } = await startMta(t, '--rate', '50')
  for (const query of ['', '?prefix=kumomta_']) {
    const response = await fetch(url + query)
    t.equal(response.status, 200)
    const exposition = await response.text()
    const { code, said } = await checkMetrics(programs.promtool, exposition)
    t.notOk(code !== 0 && code !== 3, `no error in /metrics${query} (exit code ${code})`)
    if (said !== '') t.comment(said)
    const name = `${query === '' ? '' : 'kumomta_'}message_count`
    t.notOk(Number.isNaN(sumOf(exposition, name)), `${name} is among them`)
  }
})
