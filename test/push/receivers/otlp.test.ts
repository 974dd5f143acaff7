/** OTLP, as a receiver that knows the schema alone has it. */
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type PushOptions, push } from '../../../src/index.js'
import { SEED } from '../../support/arbitrary.js'
import { everythingAnd } from '../../support/everything.js'
import { expectedFamilies } from '../../support/expected.js'
import { record } from '../../support/oracle.js'
import { type ExportRequest, exportRequest, partialSuccess } from '../../support/push-schemas.js'
import { fresh } from '../../support/registry.js'
import { bytesOf, receiver } from '../delivery/receiver.js'
import { checkOtlp } from '../readers/check-otlp.js'

t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(60_000)

type Answer = readonly [type: string, body: string | Uint8Array]

async function collector(t: Test, options: Partial<PushOptions> = {}) {
  const got: ExportRequest[] = []
  const headers: unknown[] = []
  const kit = { answer: ['application/x-protobuf', ''] as Answer }
  const url = await receiver(t, async (request, response) => {
    headers.push([
      request.method,
      request.url,
      request.headers['content-type'],
      request.headers['content-encoding'],
    ])
    got.push(exportRequest(gunzipSync(await bytesOf(request))))
    response.writeHead(200, { 'content-type': kit.answer[0] }).end(kit.answer[1])
  })
  const log: string[] = []
  const made: PushOptions = {
    url: `${url}/v1/metrics`,
    protocol: 'otlp',
    every: '1h',
    log: ({ code, message }) => log.push(`${code} ${message}`),
    ...options,
  }
  return Object.assign(kit, { got, headers, log, made })
}

t.test('resource, scope, and every number', async t => {
  const model = everythingAnd(25)
  const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
  const from = Date.now() / 1000
  record(registry, model)
  const recorded = [from, Date.now() / 1000] as const
  const labels = { job: 'mta', instance: 'mx1:25', zone: '', odd: 'é"\\\n' }
  const { got, headers, log, made } = await collector(t, { labels, prefix: 'p_', selfMetrics: false })
  const pushed = await push(registry, made)
  t.equal(await pushed.flush(), true)
  t.same(headers[0], ['POST', '/v1/metrics', 'application/x-protobuf', 'gzip'])
  const now = (nano: string) => Number(BigInt(nano) / 1_000_000n)
  const rounds = new Map<number, ExportRequest[]>()
  for (const request of got) {
    t.equal(request.resourceMetrics.length, 1)
    const [{ resource, scopeMetrics }] = request.resourceMetrics as [ExportRequest['resourceMetrics'][0]]
    t.same(resource.attributes, [
      { key: 'service.name', value: { stringValue: 'mta' } },
      { key: 'service.instance.id', value: { stringValue: 'mx1:25' } },
      { key: 'zone', value: { stringValue: '' } },
      { key: 'odd', value: { stringValue: 'é"\\\n' } },
    ])
    t.match(scopeMetrics, [{ scope: { name: 'postmeter' } }])
    t.equal(scopeMetrics.length, 1)
    const time = timeOf(request)
    if (time !== undefined) rounds.set(now(time), [...(rounds.get(now(time)) ?? []), request])
  }
  t.equal(rounds.size, 2, 'the first push, and the one that was asked for')
  for (const [now, requests] of rounds) {
    const metrics = requests.flatMap(one => one.resourceMetrics[0]!.scopeMetrics[0]!.metrics)
    checkOtlp(metrics, expectedFamilies(model, 'p_'), { now, recorded, added: {} })
  }
  await pushed.close()
  const last = got.at(-1)!.resourceMetrics[0]!.scopeMetrics[0]!.metrics
  const flags = last.flatMap(({ gauge, sum }) => (gauge ?? sum)?.dataPoints.map(({ flags }) => flags) ?? [])
  t.same(new Set(flags), new Set([1]), 'at a clean end all have no recorded value')
  t.same(log, [])
})

function timeOf(request: ExportRequest): string | undefined {
  for (const { gauge, sum, histogram, exponentialHistogram, summary } of request.resourceMetrics[0]!
    .scopeMetrics[0]!.metrics) {
    const [point] = (gauge ?? sum ?? histogram ?? exponentialHistogram ?? summary)?.dataPoints ?? []
    if (point !== undefined) return point.timeUnixNano
  }
  return undefined
}

t.test('a partial success is counted, and said once', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  const kit = await collector(t)
  kit.answer = ['application/x-protobuf', partialSuccess(3, 'too old\nby far')]
  const pushed = await push(registry, kit.made)
  t.equal(await pushed.flush(), false)
  const rejected = () => registry.value('postmeter_push_rejected_samples_total', { push: 'otlp' })
  const before = rejected()
  t.equal(await pushed.flush(), false)
  t.equal(Number(rejected()), Number(before) + 3)
  t.equal(kit.log.length, 1)
  t.match(kit.log[0], /^push-rejected .*"too old\\nby far"$/)

  kit.answer = ['application/x-protobuf', partialSuccess(0, 'deprecated')]
  t.equal(await pushed.flush(), true, 'it has taken all')
  t.equal(kit.log.length, 2)
  t.match(kit.log[1], /^push-rejected .*"deprecated"$/, 'and warns')
  const counted = rejected()
  for (const nonsense of [-1, Number.MAX_SAFE_INTEGER * 2]) {
    kit.answer = ['application/x-protobuf', partialSuccess(nonsense, 'x')]
    await pushed.flush()
    t.equal(rejected(), counted, `${nonsense} is no number of samples`)
  }
  await pushed.close()
})

t.test('answers that are none of OTLP', async t => {
  const { registry } = fresh(t)
  registry.counter({ name: 'sent_total', help: '' }).inc()
  for (const [answer, taken] of [
    [['application/json', '{"partialSuccess":{}}'], true],
    [['application/x-protobuf', '\xff\xff'], false],
    [['text/plain', 'OK'], false],
  ] as const) {
    const kit = await collector(t)
    kit.answer = answer
    const pushed = await push(registry, kit.made)
    t.equal(await pushed.flush(), taken, answer[0])
    t.equal(kit.log.length, taken ? 0 : 1)
    await pushed.close()
  }
})
