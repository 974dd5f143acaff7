import fc from 'fast-check'
import t from 'tap'
import { KeyedHash } from '../../src/catalogue/keyed-hash.js'
import { SEED } from '../support/arbitrary.js'
import { halfSipHash } from '../support/half-sip-hash.js'

const KEY = [0x0123_4567, -5] as const

t.test('is HalfSipHash-1-3 of the domain and the words that values are', async t => {
  const hash = new KeyedHash(KEY, 42)
  for (const [values, words] of [
    [[], []],
    [[''], [0x8000_0000]],
    [['a'], [0x8100_0061]],
    [['abc'], [0x8363_6261]],
    [['abcd'], [0x6463_6261, 0x8000_0000]],
    [['abcdef'], [0x6463_6261, 0x8200_6665]],
    [
      ['abcd', '', '\x7f'],
      [0x6463_6261, 0x8000_0000, 0x8000_0000, 0x8100_007f],
    ],
    [['aé'], [-1, 0x61, 0xe9, 0x8000_0000]],
    [
      ['\ud83d\ude00', 'b'],
      [-1, 0xd83d, 0xde00, 0x8000_0000, 0x62, 0x8000_0000],
    ],
  ] as [string[], number[]][]) {
    const found = (hash.of(values) >>> 0).toString(16).padStart(8, '0')
    t.equal(found, halfSipHash(KEY, [42, ...words], 32), JSON.stringify(values))
  }
})

t.test('lists that are not the same are not hashed as if they were', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const hash = new KeyedHash(KEY, 0)
  // Two of them, because among thousands of lists two have the same 32 bits by chance now and then.
  const second = new KeyedHash([KEY[1], KEY[0]], 0)
  // Characters that look like ends, lengths or halves of others.
  const unit = fc.constantFrom(
    '\0',
    '\x01',
    '\x03',
    '\x04',
    'A',
    'B',
    '\x7f',
    '\x80',
    '\x83',
    'é',
    'Ł',
    '\u8000',
    '\uffff',
  )
  const value = fc.array(unit, { maxLength: 6 }).map(units => units.join(''))
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), values => {
      const spelled = JSON.stringify(values)
      const both = `${hash.of(values)} ${second.of(values)}`
      const other = seen.get(both) ?? spelled
      seen.set(both, spelled)
      return other === spelled
    }),
    { seed: SEED, numRuns: 5_000 },
  )
  for (const [one, other] of [
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['Ł'], ['A\x01\0\0']],
    [['abcd', ''], ['abcd\0\0\0']],
    [['a'], ['a\0']],
    [[''], ['', '']],
  ]) {
    t.not(hash.of(one), hash.of(other), `${JSON.stringify(one)} and ${JSON.stringify(other)}`)
  }
})

t.test('values that collide with one key do not with another, nor in another domain', async t => {
  const hash = new KeyedHash(KEY, 0)
  const alike = []
  for (let n = 0; alike.length < 1_000; n++) if ((hash.of([String(n)]) & 0x3ff) === 0) alike.push(String(n))
  for (const other of [new KeyedHash([KEY[0], KEY[1] ^ 1], 0), new KeyedHash(KEY, 8)]) {
    const still = alike.filter(value => (other.of([value]) & 0x3ff) === 0)
    t.ok(still.length < 20, `${still.length} of 1,000 still do`)
  }
})

t.test('all its bits are used evenly, whatever the values have in common', async t => {
  const hash = new KeyedHash(KEY, 0)
  const COUNT = 1 << 14
  for (const make of [
    (n: number) => [String(n * 4_096)],
    (n: number) => [String.fromCharCode(n)],
    (n: number) => ['x'.repeat(n & 127), 'y'.repeat(n >> 7)],
    (n: number) => [`queue-${n}.example.com`, 'a'],
  ]) {
    const hashes = Array.from({ length: COUNT }, (_, n) => hash.of(make(n)))
    for (const shift of [0, 12, 22]) {
      const counts = new Int32Array(1_024)
      for (const one of hashes) counts[(one >>> shift) & 1_023]++
      const most = counts.reduce((one, other) => Math.max(one, other))
      // 16 on average: 45 or more anywhere would be seen once in a million times.
      t.ok(
        most < 45,
        `${most} of ${COUNT} in one of 1,024 buckets for values like ${JSON.stringify(make(5))}`,
      )
    }
  }
})

t.test('no more is read of a value than can be kept', async t => {
  const hash = new KeyedHash(KEY, 0)
  const long = 'x'.repeat(65_536)
  t.equal(hash.of([`${long}a`]), hash.of([`${long}b`]))
  t.not(hash.of([long]), hash.of([long.slice(1)]))
})
