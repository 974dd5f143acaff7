/** What the panels of one question make of an exposition. */
import t, { type Test } from 'tap'
import type { ListedFamily } from '../../src/exposition/family-list.js'
import type { HistogramValue, PanelData } from '../../src/front/contract/dashboard.js'
import { LabelHash } from '../../src/front/dashboard/label-hash.js'
import { Summing } from '../../src/front/dashboard/summing.js'
import type { Panel } from '../../src/front/request/panels.js'
import type { Registry } from '../../src/index.js'
import { FamilyReader } from '../../src/reading/protobuf.js'
import { fresh } from '../support/registry.js'

type Listed = Pick<ListedFamily, 'name' | 'type' | 'labels'>

async function summed(
  registry: Registry,
  family: Listed,
  panels: readonly Panel[],
): Promise<readonly unknown[]> {
  const listed: ListedFamily = { ...family, help: '', unit: '', series: 0 }
  const moment = { at: 0, date: 0, hash: new LabelHash([1, 2]) }
  const summing = new Summing(panels, new Map([[family.name, listed]]), moment)
  const reader = new FamilyReader(summing)
  reader.push(await registry.metrics({ format: 'protobuf' }))
  reader.end()
  return summing.answers().map(answer => answer())
}

t.test('sixteen panels of one family, by each of its labels', async t => {
  const { registry } = fresh(t)
  const labels = Array.from({ length: 15 }, (_, n) => `l${n}`)
  const gauge = registry.gauge({ name: 'g', help: '', labelNames: labels })
  for (let value = 1; value <= 40; value++)
    gauge.set(Object.fromEntries(labels.map((label, n) => [label, `${value % (n + 1)}`])), value)
  const panels = [undefined, ...labels].map(by => ({ name: 'g', by }))
  const [all, ...each] = (await summed(registry, { name: 'g', type: 'gauge', labels }, panels)) as PanelData[]
  t.strictSame([all!.total, all!.series, all!.lines], [820, 40, []])
  for (const [n, { by, total, lines, others }] of each.entries()) {
    const sums = Array.from({ length: n + 1 }, () => 0)
    for (let value = 1; value <= 40; value++) sums[value % (n + 1)]! += value
    const sorted = sums.map((sum, key) => [`${key}`, sum] as const).sort(([, a], [, b]) => b - a)
    t.strictSame([by, total], [`l${n}`, 820])
    t.strictSame(
      lines.map(({ value }) => value),
      sorted.slice(0, 10).map(([, sum]) => sum),
    )
    t.strictSame(
      Object.fromEntries(lines.map(({ label, value }) => [label, value])),
      Object.fromEntries(lines.map(({ label }) => [label, sums[Number(label)]])),
    )
    const left = sorted.slice(10).reduce((sum, [, value]) => sum + value, 0)
    t.equal(others?.value ?? 0, left)
  }
})

t.test(
  'sums of more values than memory is taken for are partial, and those that are held are whole',
  async t => {
    const { registry } = fresh(t, { memory: '256MiB' })
    const VALUES = 10_000
    const gauge = registry.gauge({ name: 'g', help: '', labelNames: ['text', 'n'] })
    const text = (n: number) => `${n}`.padStart(4000, '.')
    for (let n = 0; n < VALUES; n++) for (const other of ['a', 'b']) gauge.set({ text: text(n), n: other }, n)
    const panels = ['text', 'n'].map(by => ({ name: 'g', by }))
    const [byText, byN] = (await summed(
      registry,
      { name: 'g', type: 'gauge', labels: ['text', 'n'] },
      panels,
    )) as PanelData[]
    t.equal(byText!.partial, true)
    t.strictSame([byText!.series, byText!.total], [2 * VALUES, VALUES * (VALUES - 1)])
    for (const { label, series, value } of byText!.lines)
      t.strictSame([series, value], [2, 2 * Number(label.replaceAll('.', ''))])
    const lines = byText!.lines.reduce((sum, { value }) => sum + (value as number), 0)
    t.strictSame(byText!.others, { series: 2 * VALUES - 20, value: VALUES * (VALUES - 1) - lines })
    t.strictSame(
      [byN!.partial, byN!.lines.length],
      [undefined, 2],
      'few values of another label have room all the same',
    )
  },
)

t.test('of native histograms fewer are held', async t => {
  const { registry } = fresh(t, { memory: '256MiB' })
  const histogram = registry.histogram({
    name: 'h',
    help: '',
    labelNames: ['key', 'n'],
    native: { schema: 3 },
  })
  for (let n = 0; n < 3_000; n++) histogram.observe({ key: `${n}`, n: '' }, n)
  const [panel] = (await summed(registry, { name: 'h', type: 'histogram', labels: ['key', 'n'] }, [
    { name: 'h', by: 'key' },
  ])) as PanelData[]
  t.equal(panel!.partial, true)
  t.equal((panel!.total as HistogramValue).count, 3_000)
  t.equal(panel!.lines.length, 10)
})

t.test('a family that was registered anew with another type is not taken for the old one', async t => {
  const { registry } = fresh(t)
  registry.histogram({ name: 'x', help: '', labelNames: ['to'], buckets: [1] }).observe({ to: 'a' }, 1)
  const panels = [
    { name: 'x', by: undefined },
    { name: 'x', by: 'to' },
  ]
  t.strictSame(
    await summed(registry, { name: 'x', type: 'gauge', labels: ['to'] }, panels),
    panels.map(() => ({ name: 'x', problem: 'it was registered anew meanwhile' })),
  )
})

t.test('a histogram without observations, and one that changes its resolution', async t => {
  await without(t)
  const { registry } = fresh(t)
  const histogram = registry.histogram({
    name: 'h',
    help: '',
    labelNames: ['n'],
    native: { schema: 5, maxBuckets: 160 },
  })
  for (let n = 0; n < 100; n++) histogram.observe({ n: 'fine' }, 1 + n / 1000)
  for (let n = 0; n < 100; n++) histogram.observe({ n: 'wide' }, 2 ** (n - 50))
  histogram.labels({ n: 'none' })
  const [panel] = (await summed(registry, { name: 'h', type: 'histogram', labels: ['n'] }, [
    { name: 'h', by: 'n' },
  ])) as PanelData[]
  const { count, buckets } = panel!.total as HistogramValue
  t.equal(count, 200)
  t.equal(
    buckets.find(([upper]) => upper === 1)?.[1],
    52,
    'those up to 1: 51 of the wide one, one of the fine one',
  )
  t.strictSame(
    panel!.lines.map(({ label, value }) => [label, (value as HistogramValue).count]),
    [
      ['fine', 100],
      ['wide', 100],
      ['none', 0],
    ],
  )
})

async function without(t: Test): Promise<void> {
  const { registry } = fresh(t)
  registry.histogram({ name: 'h', help: '', buckets: [1, 2] })
  const [panel] = await summed(registry, { name: 'h', type: 'histogram', labels: [] }, [
    { name: 'h', by: undefined },
  ])
  t.match(panel, {
    total: {
      count: 0,
      sum: 0,
      buckets: [
        [1, 0],
        [2, 0],
        [null, 0],
      ],
    },
  })
}
