/** What was counted since the look before: right whatever series come, go and begin anew; and the busiest are drawn. */
import fc from 'fast-check'
import t from 'tap'
import type { ListedFamily } from '../../src/exposition/family-list.js'
import type { PanelData } from '../../src/front/contract/dashboard.js'
import { LabelHash } from '../../src/front/dashboard/label-hash.js'
import { type Looked, Summing } from '../../src/front/dashboard/summing.js'
import type { MetricView } from '../../src/reading/metric-view.js'

type Kind = ListedFamily['type']
/** What a series has counted, by the values of its labels; with when it began, in seconds, where that is told. */
type Counted = Readonly<Record<string, number | readonly [count: number, created: number]>>

const EPOCH = 1_700_000_000_000
const hash = new LabelHash([1, 2])

/** Looks at one family, at times in seconds, as often as a test likes. */
function looking(labels: readonly string[], by: string | undefined, type: Kind = 'counter') {
  let before: Looked | undefined
  return (seconds: number, counted: Counted, now: Partial<ListedFamily> = {}): PanelData => {
    const entries = Object.entries(counted)
    const family = { name: 'x', type, help: '', unit: '', labels, series: entries.length, ...now }
    const moment = { at: 1000 * seconds, date: EPOCH + 1000 * seconds, hash }
    const summing = new Summing([{ name: 'x', by }], new Map([['x', family]]), moment, before)
    summing.family({ name: 'x', type: family.type as 'counter', help: '', unit: '' })
    for (const [values, counted] of entries) {
      const [count, created] = typeof counted === 'number' ? [counted, Number.NaN] : counted
      summing.metric(metricOf(labels, values.split(' '), count, EPOCH + 1000 * created))
    }
    const [answer] = summing.answers().map(make => make()) as [PanelData]
    before = summing.looked
    return answer
  }
}

function metricOf(
  names: readonly string[],
  values: readonly string[],
  count: number,
  created: number,
): MetricView {
  let text = ''
  const labels = { length: 0, nameFrom: [], nameTo: [], valueFrom: [], valueTo: [] } as MetricView['labels']
  const put = (part: string, from: number[], to: number[]) => {
    from.push(Buffer.byteLength(text))
    text += part
    to.push(Buffer.byteLength(text))
  }
  for (const [n, name] of names.entries()) {
    put(name, labels.nameFrom, labels.nameTo)
    put(values[n]!, labels.valueFrom, labels.valueTo)
  }
  labels.length = names.length
  const none = { length: 0, indexes: [], counts: [] }
  return {
    ...{ bytes: Buffer.from(text), labels, value: count, created, count, sum: 0 },
    ...{ length: 0, bounds: [], counts: [], native: false, schema: 0, zeroThreshold: 0, zeroCount: 0 },
    ...{ positive: none, negative: none },
  }
}

const increases = ({ increase, lines, others }: PanelData) => ({
  increase,
  lines: Object.fromEntries(lines.map(({ label, increase }) => [label, increase])),
  others: others?.increase,
})

t.test('the first look knows nothing of the time before, and the next one all', async t => {
  const look = looking(['to'], 'to')
  t.strictSame(increases(look(0, { a: 5, b: 7 })), {
    increase: undefined,
    lines: { a: undefined, b: undefined },
    others: undefined,
  })
  const second = look(2, { a: 8, b: 7 })
  t.equal(second.seconds, 2)
  t.strictSame(increases(second), { increase: 3, lines: { a: 3, b: 0 }, others: undefined })
})

t.test('a series that ends hides nothing of what the others count', async t => {
  const look = looking(['to', 'n'], 'to')
  look(0, { 'a 1': 1000, 'a 2': 10, 'b 1': 5 })
  const { total, ...panel } = look(2, { 'a 2': 14, 'b 1': 6 })
  t.equal(total, 20, 'though the sums have fallen')
  t.match(increases({ total, ...panel }), { increase: 5, lines: { a: 4, b: 1 } })
})

t.test('a series that is new, or was begun anew, has counted all that it has', async t => {
  const look = looking(['to'], 'to')
  look(0, { a: 100, b: 50 })
  t.match(increases(look(2, { a: 3, b: 50, c: 9 })), { increase: 12, lines: { a: 3, b: 0, c: 9 } })
})

t.test('one that goes and comes back, too', async t => {
  const look = looking(['to'], 'to')
  look(0, { a: 100, b: 1 })
  look(2, { b: 1 })
  t.match(increases(look(4, { a: 30, b: 1 })), { increase: 30 })
})

t.test('one that comes back with all that it had counted, has counted nothing', async t => {
  const look = looking(['to'], 'to')
  look(100, { a: [1_000_000, 20], b: [1, 30] })
  look(102, { b: [1, 30] })
  t.match(increases(look(104, { a: [1_000_001, 20], b: [1, 30], c: [7, 103] })), { increase: 7 })
  t.match(increases(look(106, { a: [1_000_004, 20], b: [1, 30], c: [7, 103] })), { increase: 3 })
})

t.test('the busiest are drawn, not those that have counted most; the others are what is left', async t => {
  const look = looking(['to'], 'to')
  const old = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`old-${n}`, 1_000_000 + n]))
  const young = (count: number) => ({ ...old, young: count })
  t.notOk(look(0, young(1)).lines.some(({ label }) => label === 'young'))
  const panel = look(2, { ...young(101), 'old-3': 1_000_013 })
  t.strictSame(
    panel.lines.slice(0, 3).map(({ label }) => label),
    ['young', 'old-3', 'old-19'],
    'where nothing moves, those that have most',
  )
  t.strictSame([panel.increase, panel.others!.increase], [110, 0])
})

t.test('one that was busy a while ago gives way to one that is now', async t => {
  const look = looking(['to', 'n'], 'to')
  const counts = {
    old: 0,
    young: 0,
    ...Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`o${n}`, 0])),
  }
  const seen = (at: number, more: Partial<typeof counts>) => {
    for (const [name, by] of Object.entries(more)) counts[name as 'old'] += by
    const { lines } = look(
      at,
      Object.fromEntries(Object.entries(counts).map(([name, n]) => [`${name} 1`, n])),
    )
    return lines[0]!.label
  }
  seen(0, {})
  t.equal(seen(2, { old: 100 }), 'old')
  t.equal(seen(4, { young: 60 }), 'old', 'not at once: else ten others were drawn each time')
  for (let at = 6; at < 60; at += 2) seen(at, { young: 1 })
  t.equal(seen(60, { young: 1 }), 'young')
})

t.test(
  'histograms and summaries are told apart by how much they observe; gauges by what they are',
  async t => {
    for (const type of ['histogram', 'summary'] as const) {
      const look = looking(['to'], 'to', type)
      look(0, { a: 900, b: 1 })
      const panel = look(2, { a: 900, b: 3 })
      t.strictSame([panel.lines[0]!.label, panel.increase], ['b', 2], type)
    }
    const look = looking(['to'], 'to', 'gauge')
    look(0, { a: 900, b: 1 })
    const panel = look(2, { a: 900, b: 3 })
    t.strictSame([panel.lines[0]!.label, panel.increase, panel.seconds], ['a', undefined, undefined])
  },
)

t.test('a family of the same name and of another type or other labels is compared with nothing', async t => {
  for (const other of [{ type: 'histogram' }, { labels: ['from'] }] as const) {
    const look = looking(['to'], undefined)
    look(0, { a: 900 })
    t.equal(look(2, { a: 950 }, other).increase, undefined, JSON.stringify(other))
    t.equal(look(4, { a: 950 }, other).increase, 0, 'and then with itself')
  }
})

t.test('of a family with too many series nothing is kept, nor of one that got more than it said', async t => {
  const look = looking(['to'], 'to')
  look(0, { a: 1 }, { series: 1_000_000 })
  t.equal(look(2, { a: 2 }).increase, undefined)
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`v${n}`, n]))
  look(4, many, { series: 3 })
  t.equal(look(6, many).increase, undefined)
})

t.test('what rounding leaves is not taken for what others count', async t => {
  const look = looking(['to', 'n'], 'to')
  const counted = (at: number) =>
    Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`v${n} 1`, n < 10 ? (at * n) / 10 : 0]))
  for (let at = 0; at < 50; at++) {
    const { others, increase } = look(2 * at, counted(at))
    if (at > 0) t.strictSame([others!.increase, increase! > 4], [0, true])
  }
})

t.test('an increase that is no number of JSON is left out', async t => {
  const look = looking(['to'], 'to')
  look(0, { a: 1 })
  const panel = look(2, { a: 1, b: 1.7e308, c: 1.7e308 })
  t.strictSame([panel.increase, panel.lines[0]!.increase], [undefined, 1.7e308])
  t.doesNotThrow(() => JSON.parse(JSON.stringify(panel)))
})

t.test('many series are told apart', async t => {
  const look = looking(['to'], undefined)
  const counted = (more: number) =>
    Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`mx${n}.example`, n + (n % 7) * more]))
  look(0, counted(0))
  const expected = Array.from({ length: 20_000 }, (_, n) => n % 7).reduce((sum, one) => sum + one, 0)
  t.equal(look(2, counted(1)).increase, expected)
})

t.test('whatever series come and go, each increase is that of an oracle', async () => {
  const name = fc.constantFrom('a', 'b', 'é', '\u{10ffff}', '', 'ab')
  const look = fc.dictionary(
    fc.tuple(name, name).map(([one, other]) => `${one} ${other}`),
    fc.integer({ min: 0, max: 9 }),
  )
  fc.assert(
    fc.property(fc.array(look, { minLength: 2, maxLength: 6 }), looks => {
      const at = looking(['x', 'y'], 'x')
      for (const [n, counted] of looks.entries()) {
        const { increase, lines } = at(2 * n, counted)
        if (n === 0) continue
        const before = looks[n - 1]!
        const sums = new Map<string, number>()
        for (const [key, count] of Object.entries(counted)) {
          const earlier = before[key] ?? 0
          const label = key.split(' ')[0]!
          sums.set(label, (sums.get(label) ?? 0) + (count < earlier ? count : count - earlier))
        }
        const all = [...sums.values()].reduce((sum, one) => sum + one, 0)
        if (increase !== all) return false
        if (lines.some(({ label, increase }) => increase !== sums.get(label))) return false
      }
      return true
    }),
  )
})
