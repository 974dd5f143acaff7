/** Expositions that are pushed: pushgateway takes text and protobuf, checks them, and exposes them. */
import t from 'tap'
import { needExpfmt } from '../../scripts/need-expfmt.js'
import { needPushgateway } from '../../scripts/need-pushgateway.js'
import * as go from '../readers/go.js'
import { SEED } from '../support/arbitrary.js'
import { Daemon } from '../support/daemon.js'
import { everythingAnd } from '../support/everything.js'
import { expectedFamilies } from '../support/expected.js'
import { neededOrSkip } from '../support/need.js'
import { record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'

t.comment(`POSTMETER_SEED=${SEED}`)

const TYPES = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
} as const
type Pushed = keyof typeof TYPES

async function push(daemon: Daemon, format: Pushed, body: string | Uint8Array) {
  const answer = await fetch(`${daemon.url}/metrics/job/mail`, {
    method: 'PUT',
    headers: { 'content-type': TYPES[format] },
    body: Buffer.from(body),
  })
  return { status: answer.status, said: await answer.text() }
}

t.test('what is pushed is exposed', async t => {
  const programs = await neededOrSkip(t, 'pushgateway', needPushgateway)
  const program = await neededOrSkip(t, "Go's expfmt", needExpfmt)
  if (programs === undefined || program === undefined) return
  const daemon = await Daemon.start(t, programs.pushgateway, (address, folder) => [
    `--web.listen-address=${address}`,
    `--web.local-assets=${folder}`,
    '--persistence.file=',
  ])
  const reader = go.goReader(t, program)
  const prefix = 'p_'
  const model = everythingAnd(25)
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  const from = Date.now() / 1000
  record(registry, model)
  const time = [from, Date.now() / 1000] as const
  const added = [
    ['job', 'mail'],
    ['instance', ''],
  ] as const
  const expected = expectedFamilies(model, prefix).map(family => ({
    ...family,
    series: family.series.map(one => ({ ...one, labels: [...one.labels, ...added] })),
  }))
  // Its text has no negative zero.
  const unsigned = expected.map(family => ({
    ...family,
    series: family.series.map(one => (one.value === 0 ? { ...one, value: 0 } : one)),
  }))
  const documents = {
    text: await registry.metrics({ prefix }),
    protobuf: await registry.metrics({ format: 'protobuf', prefix }),
  }
  for (const [pushed, pulled] of [
    ['text', 'text'],
    ['protobuf', 'text'],
    // Of text it makes buckets of +Inf, which protobuf leaves out; of its own protobuf nothing else.
    ['protobuf', 'protobuf'],
  ] as const) {
    t.same(await push(daemon, pushed, documents[pushed]), { status: 200, said: '' }, `takes ${pushed}`)
    const accept = TYPES[pulled].replaceAll(' ', '')
    const answer = await fetch(`${daemon.url}/metrics`, { headers: { accept } })
    t.equal(answer.headers.get('content-type'), TYPES[pulled])
    const found = await reader.read(pulled, new Uint8Array(await answer.arrayBuffer()))
    const own = found.filter(({ name }) => name.startsWith(prefix))
    go.checkFamilies(own, pulled === 'text' ? unsigned : expected, pulled, time)
    t.pass(`${own.length} families of ${pushed} are exposed as ${pulled}`)
    const gone = await fetch(`${daemon.url}/metrics/job/mail`, { method: 'DELETE' })
    t.equal(gone.status, 202)
  }

  t.equal(
    (await push(daemon, 'text', documents.text.replace('p_seen{', 'p seen{'))).status,
    400,
    'refuses bad text',
  )
  const twice = `${documents.text}p_seen{node="mx1"} 7\n`
  t.match(
    await push(daemon, 'text', twice),
    { status: 400, said: /p_seen/ },
    'refuses a series that is there twice',
  )
  t.equal(
    (await push(daemon, 'protobuf', documents.protobuf.subarray(0, -1))).status,
    400,
    'refuses bad protobuf',
  )
})
