/** How the dashboard knows a series from look to look: a keyed hash that strangers cannot have collide. */
import fc from 'fast-check'
import t from 'tap'
import { LabelHash } from '../../src/front/dashboard/label-hash.js'
import { emptyMetric } from '../../src/reading/metric.js'
import type { MetricView } from '../../src/reading/metric-view.js'
import { halfSipHash } from '../support/half-sip-hash.js'

function series(values: readonly (string | Uint8Array)[]): MetricView {
  const metric = emptyMetric()
  const parts = values.map(value => Buffer.from(value as string))
  let at = 0
  for (const [n, part] of parts.entries()) {
    metric.labels.valueFrom[n] = at
    metric.labels.valueTo[n] = at += part.length
  }
  metric.labels.length = parts.length
  return { ...metric, bytes: Buffer.concat(parts) }
}

function hashed(hash: LabelHash, values: readonly (string | Uint8Array)[]): string {
  hash.of(series(values))
  return [hash.low, hash.high].map(word => word.toString(16).padStart(8, '0')).join('')
}

t.test('it is HalfSipHash of the lengths and bytes of the values', async t => {
  const key = [0x0123_4567, -5] as const
  const hash = new LabelHash(key)
  for (const [values, words] of [
    [[], []],
    [[''], [0, 0]],
    [['a'], [1, 0x61]],
    [['abcd'], [4, 0x6463_6261, 0]],
    [
      ['abcdef', 'x'],
      [6, 0x6463_6261, 0x6665, 1, 0x78],
    ],
    [['é'], [2, 0xa9c3]],
    [[Uint8Array.of(0xff, 0xff, 0xff, 0xff)], [4, -1, 0]],
  ] as [(string | Uint8Array)[], number[]][])
    t.equal(hashed(hash, values), halfSipHash(key, words, 64), JSON.stringify(values))
})

t.test('series that are not the same are not known as one', async () => {
  const hash = new LabelHash([7, 8])
  const unit = fc.constantFrom('\0', '\x01', '\x04', 'a', 'b', '\x7f', '\x80', 'é')
  const value = fc.array(unit, { maxLength: 6 }).map(units => units.join(''))
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), values => {
      const spelled = JSON.stringify(values)
      const found = hashed(hash, values)
      const other = seen.get(found) ?? spelled
      seen.set(found, spelled)
      return other === spelled
    }),
    { numRuns: 3_000 },
  )
})

t.test('another key gives other hashes', async t => {
  const values = ['mx1.example', 'smtp']
  const all = new Set([0, 1, 2, 3].map(n => hashed(new LabelHash([n & 1, n >> 1]), values)))
  t.equal(all.size, 4)
})
