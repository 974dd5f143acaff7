/** Expositions in protobuf are read piece by piece as another library reads them whole. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createRegistry } from '../../src/index.js'
import type { FamilyHead, MetricView, SparseBuckets } from '../../src/reading/metric-view.js'
import { FamilyReader, ReadingError } from '../../src/reading/protobuf.js'
import { richModel, SEED } from '../support/arbitrary.js'
import { everythingAnd } from '../support/everything.js'
import { record } from '../support/oracle.js'
import { type Message, messages, spanned } from '../support/protobuf.js'
import { fresh } from '../support/registry.js'

const RUNS = 150

interface Read {
  readonly head: FamilyHead
  readonly metrics: Plain[]
}

type Plain = ReturnType<typeof plain>

/** What the view says, copied. */
function plain({ bytes, labels, ...view }: MetricView) {
  const text = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString()
  return {
    labels: Array.from({ length: labels.length }, (_, n) => [
      text(labels.nameFrom[n]!, labels.nameTo[n]!),
      text(labels.valueFrom[n]!, labels.valueTo[n]!),
    ]),
    value: view.value,
    created: Number.isNaN(view.created) ? undefined : view.created,
    count: view.count,
    sum: view.sum,
    pairs: Array.from({ length: view.length }, (_, n) => [view.bounds[n], view.counts[n]]),
    native: view.native ? [view.schema, view.zeroThreshold, view.zeroCount] : undefined,
    positive: sparse(view.positive),
    negative: sparse(view.negative),
  }
}

function sparse({ length, indexes, counts }: SparseBuckets): [number, number][] {
  const all = Array.from({ length }, (_, n): [number, number] => [indexes[n]!, counts[n]!])
  return all.filter(([, count]) => count !== 0)
}

/** The same of what protobufjs read. */
function expected({ label = [], gauge, counter, summary, histogram }: Message['metric'][number]): Plain {
  const { schema, zeroThreshold = 0, zeroCount = 0, bucket = [] } = histogram ?? {}
  const created = (histogram ?? summary ?? counter)?.createdTimestamp
  return {
    labels: label.map(({ name, value }) => [name, value]),
    value: gauge?.value ?? counter?.value ?? 0,
    created: created && created.seconds * 1_000 + (created.nanos ?? 0) / 1e6,
    count: (histogram ?? summary)?.sampleCount ?? 0,
    sum: (histogram ?? summary)?.sampleSum ?? 0,
    pairs: [
      ...(summary?.quantile ?? []).map(({ quantile, value }) => [quantile, value]),
      ...bucket
        .filter(({ upperBound }) => upperBound !== Number.POSITIVE_INFINITY)
        .map(one => [one.upperBound, one.cumulativeCount]),
    ],
    native: schema === undefined ? undefined : [schema, zeroThreshold, zeroCount],
    positive: spanned(histogram?.positiveSpan, histogram?.positiveDelta),
    negative: spanned(histogram?.negativeSpan, histogram?.negativeDelta),
  }
}

function read(body: Uint8Array, cuts: readonly number[] = [], wanted = (_: string) => true): Read[] {
  const all: Read[] = []
  const reader = new FamilyReader({
    family(head) {
      all.push({ head, metrics: [] })
      return wanted(head.name)
    },
    metric: view => all.at(-1)!.metrics.push(plain(view)),
  })
  let from = 0
  for (const to of [...new Set(cuts.map(cut => cut % (body.length + 1)))]
    .sort((a, b) => a - b)
    .concat(body.length)) {
    // Written over when the reader has it, as memory of a slot is.
    const piece = Uint8Array.from(body.subarray(from, to))
    reader.push(piece)
    piece.fill(0xff)
    from = to
  }
  reader.end()
  return all
}

const TYPES: Readonly<Record<string, string>> = {
  COUNTER: 'counter',
  GAUGE: 'gauge',
  SUMMARY: 'summary',
  HISTOGRAM: 'histogram',
}

function compare(t: Test, found: readonly Read[], wanted: readonly Message[]): void {
  t.same(
    found.map(({ head }) => head),
    wanted.map(({ name, type, help = '', unit = '' }) => ({ name, type: TYPES[type], help, unit })),
  )
  t.strictSame(
    found.flatMap(({ metrics }) => metrics),
    wanted.flatMap(({ metric }) => metric.map(expected)),
  )
}

t.test('random registries, in random pieces', async t => {
  await fc.assert(
    fc.asyncProperty(
      richModel,
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.boolean(),
      async (model, cuts, created) => {
        const registry = createRegistry({ memory: '16MiB', labels: { ...model.defaults } })
        try {
          record(registry, model)
          const body = await registry.metrics({ format: 'protobuf', selfMetrics: true, created })
          compare(t, read(body, cuts), messages(body))
        } finally {
          await registry.close()
        }
      },
    ),
    { numRuns: RUNS, seed: SEED },
  )
})

async function everything(t: Test): Promise<Uint8Array> {
  const { registry } = fresh(t)
  record(registry, everythingAnd(1))
  return registry.metrics({ format: 'protobuf', created: true })
}

t.test('an exposition that is cut in two anywhere', async t => {
  const body = await everything(t)
  const whole = read(body)
  compare(t, whole, messages(body))
  let same = 0
  for (let cut = 1; cut < body.length; cut++) {
    if (isDeepStrictEqual(read(body, [cut]), whole)) same++
  }
  t.equal(same, body.length - 1)
  t.strictSame(
    read(
      body,
      Array.from(body, (_, n) => n),
    ),
    whole,
    'and byte by byte',
  )
})

t.test('series of families that are not wanted are gone over', async t => {
  const body = await everything(t)
  const found = read(body, [], name => name === 'native')
  t.strictSame(
    found.filter(({ metrics }) => metrics.length > 0).map(({ head }) => head.name),
    ['native'],
  )
  t.equal(found.length, messages(body).length, 'the families are told all the same')
})

t.test('what Go writes and postmeter does not: packed deltas, counts as floats, unknown fields', async t => {
  const histogram = [
    ...[0x28, 0x02], // schema 1
    ...[0x31, ...double(0.5)], // zero threshold
    ...[0x41, ...double(2.5)], // zero count as a float
    ...[0x62, 4, 0x08, 0x03, 0x10, 0x02], // two buckets from -2 on
    ...[0x62, 4, 0x08, 0x02, 0x10, 0x01], // and one behind a gap of one
    ...[0x6a, 3, 0x06, 0x01, 0x04], // 3, -1, +2 in one field
    ...[0x4a, 4, 0x08, 0x00, 0x10, 0x01],
    ...[0x59, ...double(1.5)], // a count as a float
    ...[0xfa, 0x07, 2, 9, 9], // a field that nobody knows
    ...[0x21, ...double(12.5)],
  ]
  const metric = [0x3a, histogram.length, ...histogram, 0x30, 0x07]
  const family = [0x0a, 1, 0x68, 0x18, 5, 0x22, metric.length, ...metric]
  const [found] = read(Uint8Array.from([family.length, ...family]))
  t.equal(found!.head.type, 'histogram', 'a gauge histogram has its buckets in the same fields')
  t.strictSame(found!.metrics, [
    {
      labels: [],
      value: 0,
      created: undefined,
      count: 12.5,
      sum: 0,
      pairs: [],
      native: [1, 0.5, 2.5],
      positive: [
        [-2, 3],
        [-1, 2],
        [1, 4],
      ],
      negative: [[0, 1.5]],
    },
  ])
})

function double(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer)
}

t.test('an exposition that ends early is refused', async t => {
  const body = await everything(t)
  let refused = 0
  let whole = 0
  for (let length = 1; length < body.length; length++) {
    try {
      read(body.subarray(0, length))
      whole++
    } catch (error) {
      if (!(error instanceof ReadingError)) throw error
      refused++
    }
  }
  t.equal(whole, messages(body).length - 1, 'but between two messages, which nothing tells from the end')
  t.equal(refused + whole, body.length - 1)
})

t.test('bytes that were changed are read or refused, and nothing else happens', async t => {
  const body = await everything(t)
  let refused = 0
  await fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 3 }),
      (changes, cuts) => {
        const changed = Uint8Array.from(body)
        for (const [at, byte] of changes) changed[at] = byte
        try {
          for (const { metrics } of read(changed, cuts))
            for (const { positive } of metrics)
              if (positive.length > 65_536) throw new Error('too many buckets')
        } catch (error) {
          if (!(error instanceof ReadingError)) throw error
          refused++
        }
      },
    ),
    { numRuns: 5_000, seed: SEED },
  )
  t.ok(refused > 100, `${refused} were refused`)
  for (const text of [
    '<!DOCTYPE html><html></html>',
    '{"a":{"help":"","type":"counter","value":1}}',
    '# HELP a b\n',
  ])
    t.throws(() => read(Buffer.from(text.repeat(100))), /this is no protobuf exposition/)
})
