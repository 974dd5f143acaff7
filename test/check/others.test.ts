/** Expositions that others wrote, and this project's in every form: check finds no error in them, or what is there. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import client from 'prom-client'
import t from 'tap'
import { needPrometheus } from '../../scripts/need-prometheus.js'
import { needPrometheus3 } from '../../scripts/need-prometheus-3.js'
import { needPythonClient } from '../../scripts/need-python-client.js'
import { needVictoriaMetrics } from '../../scripts/need-victoria-metrics.js'
import { createRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'
import { SEED } from '../support/arbitrary.js'
import { Daemon } from '../support/daemon.js'
import { everythingAnd } from '../support/everything.js'
import { neededOrSkip } from '../support/need.js'
import { record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'
import { checked } from './checked.js'

/** The errors in a text. */
function errorsIn(text: string, format: 'text' | 'openmetrics' = 'text'): string[] {
  const { kept } = checked(text, format)
  return kept.filter(one => one.severity === 'error').map(one => `${one.line}: ${one.code} ${one.message}`)
}

t.test('random registries of every type', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const model = everythingAnd(50)
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  record(registry, model)
  for (const prefix of ['', 'kumomta_'])
    for (const format of ['text', 'openmetrics'] as const)
      for (const created of [false, true]) {
        const text = await registry.metrics({ prefix, format, created, selfMetrics: true })
        t.same(errorsIn(text, format), [], `${format}, ${text.length} characters`)
      }
})

t.test('the metrics of a mail server', async t => {
  const registry = createRegistry({ name: 'check-mta', memory: '64MiB' })
  t.teardown(() => registry.close())
  mtaMetrics(registry).readyQueue({ service: 's', provider: 'p', source: 'o', pool: 'd' }).delivered()
  for (const format of ['text', 'openmetrics'] as const)
    t.same(errorsIn(await registry.metrics({ format }), format), [])
})

t.test('prom-client', async t => {
  const registry = new client.Registry()
  client.collectDefaultMetrics({ register: registry })
  const labelled = { help: 'H', labelNames: ['a'], registers: [registry] }
  new client.Counter({ name: 'c_total', ...labelled }).inc({ a: '"\\\n' })
  new client.Histogram({ name: 'h', ...labelled }).observe({ a: '1' }, 0.2)
  new client.Summary({ name: 's', ...labelled }).observe({ a: '1' }, 0.2)
  t.same(errorsIn(await registry.metrics()), [])
})

t.test("Python's client", async t => {
  const found = await neededOrSkip(t, "Python's client", needPythonClient)
  if (!found) return
  const program = `
import sys
from prometheus_client import *
from prometheus_client.openmetrics.exposition import generate_latest as om
r = CollectorRegistry()
Counter('c', 'C', ['a'], registry=r).labels('"\\\\\\n').inc(exemplar={'t': 'x'})
Gauge('g_seconds', 'G', unit='seconds', registry=r).set(1)
Histogram('h', 'H', ['a'], registry=r).labels('1').observe(0.2, {'t': 'x'})
Summary('s', 'S', registry=r).observe(3)
Info('i', 'I', registry=r).info({'v': '1'})
Enum('e', 'E', states=['up', 'down'], registry=r).state('up')
sys.stdout.buffer.write((om if sys.argv[1] == 'openmetrics' else generate_latest)(r))
`
  for (const format of ['text', 'openmetrics'] as const) {
    const env = { ...process.env, PYTHONPATH: found.modules }
    const { stdout } = await promisify(execFile)(found.python, ['-c', program, format], { env })
    t.match(stdout, /^h_bucket/m)
    t.same(errorsIn(stdout, format), [])
  }
})

for (const [what, need] of [
  ['Prometheus 2', needPrometheus],
  ['Prometheus 3', needPrometheus3],
] as const)
  t.test(`the endpoint of ${what}`, async t => {
    const programs = await neededOrSkip(t, what, need)
    if (!programs) return
    const args = (address: string, folder: string) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      `--web.console.templates=${folder}`,
      `--web.console.libraries=${folder}`,
    ]
    const prepare = (folder: string) => writeFile(join(folder, 'prometheus.yml'), '{}')
    const server = await Daemon.start(t, programs.prometheus, args, prepare)
    const text = await (await fetch(`${server.url}/metrics`)).text()
    t.match(text, /^prometheus_build_info/m)
    t.same(errorsIn(text), [])
  })

t.test('the endpoint of VictoriaMetrics', async t => {
  const programs = await neededOrSkip(t, 'VictoriaMetrics', needVictoriaMetrics)
  if (!programs) return
  const args = (address: string, folder: string) => [
    `-httpListenAddr=${address}`,
    `-storageDataPath=${folder}`,
  ]
  const ready = async (url: string) => (await fetch(`${url}/health`)).ok
  const daemon = await Daemon.start(t, programs.server, args, async () => {}, { ready })
  const text = await (await fetch(`${daemon.url}/metrics`)).text()
  t.match(text, /^vm_app_version/m)
  // It writes some families in several pieces, which is all that is wrong with it.
  const errors = errorsIn(text)
  t.not(errors.length, 0)
  t.same(
    errors.filter(error => !/^\d+: interleaved vm_/.test(error)),
    [],
  )
})
