import fc from 'fast-check'
import t from 'tap'
import { StringMap, TupleMap } from '../../src/catalogue/label-index.js'
import { LabelWriter } from '../../src/catalogue/labels.js'
import { anyText, SEED } from '../support/arbitrary.js'

t.test('a StringMap is a Map, before and after it splits itself', async t => {
  const map = new StringMap<number>()
  const oracle = new Map<string, number>()
  const COUNT = 150_000
  for (let n = 0; n < COUNT; n++) {
    const key = n % 3 === 0 ? `queue ${n}.example.com` : String(n)
    map.set(key, n)
    oracle.set(key, n)
    // Around each split what was there stays there.
    if (n % 32_768 < 2)
      for (const [key, value] of oracle) if (map.get(key) !== value) t.fail(`${key} at ${n}`)
  }
  for (let n = 0; n < COUNT; n += 7) {
    const key = String(n)
    map.delete(key)
    oracle.delete(key)
  }
  let wrong = 0
  for (let n = 0; n < COUNT; n++) {
    for (const key of [String(n), `queue ${n}.example.com`]) if (map.get(key) !== oracle.get(key)) wrong++
  }
  t.equal(wrong, 0)
  for (const key of ['', '__proto__', 'constructor', 'queue']) t.equal(map.get(key), undefined)
  map.set('__proto__', -1)
  map.set('0', -2)
  map.set('0', -3)
  t.strictSame([map.get('__proto__'), map.get('0')], [-1, -3])
})

t.test('a StringMap follows any sequence of operations', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const step = fc.record({
    op: fc.constantFrom('set' as const, 'delete' as const),
    key: anyText,
    value: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const map = new StringMap<number>()
      const oracle = new Map<string, number>()
      for (const { op, key, value } of steps) {
        if (op === 'set') {
          map.set(key, value)
          oracle.set(key, value)
        } else {
          map.delete(key)
          oracle.delete(key)
        }
      }
      return steps.every(({ key }) => map.get(key) === oracle.get(key))
    }),
    { seed: SEED, numRuns: 300 },
  )
  t.pass('300 sequences')
})

t.test('a TupleMap keeps label sets apart, however their values are joined', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const value = fc.oneof(anyText, fc.constantFrom('a', 'b', 'ab', 'a,b', 'a\0', '\0b'))
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 5 }).chain(width =>
        fc.record({
          width: fc.constant(width),
          sets: fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 80 }),
          absent: fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 10 }),
        }),
      ),
      ({ width, sets, absent }) => {
        const map = new TupleMap<number>(width)
        const oracle = new Map<string, number>()
        const names = Array.from({ length: width }, (_, n) => `label${n}`)
        const object = (set: string[]) => Object.fromEntries(names.map((name, n) => [name, set[n]]))
        sets.forEach((set, n) => {
          const key = JSON.stringify(set)
          if (map.get(set) !== oracle.get(key)) throw new Error(`before ${key}`)
          if (oracle.has(key)) return
          map.add(set, n)
          oracle.set(key, n)
        })
        return [...sets, ...absent].every(set => {
          const expected = oracle.get(JSON.stringify(set))
          return map.get(set) === expected && map.getFrom(object(set), names) === expected
        })
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
  t.pass('300 sets of label sets')
})

t.test('a TupleMap of many', async t => {
  const map = new TupleMap<number>(3)
  const key = (n: number) => [`a${n % 101}`, `b${n % 307}`, `c${n}`]
  for (let n = 0; n < 60_000; n++) map.add(key(n), n)
  let wrong = 0
  for (let n = 0; n < 60_000; n++) if (map.get(key(n)) !== n) wrong++
  t.equal(wrong, 0)
  t.equal(map.get(['a1', 'b1', 'c0']), undefined)
  t.equal(
    map.getFrom({ x: 'a0', y: 'b0', z: 5 }, ['x', 'y', 'z']),
    undefined,
    'a value that is no string is not found',
  )
})

t.test('label text: escaped, its hash the same for the same, its length in UTF-8 limited', async t => {
  const text = (writer: LabelWriter) => Buffer.from(writer.bytes.subarray(0, writer.length + 2)).toString()
  const writer = new LabelWriter(['a', 'b'], 5, 10)
  t.ok(writer.write(['x"\\\n', 'é']))
  t.equal(text(writer), 'a="x\\"\\\\\\n",b="é"} ')
  const { hash } = writer
  t.ok(writer.write(['', '']))
  t.equal(text(writer), 'a="",b=""} ')
  t.not(writer.hash, hash)
  t.ok(writer.write(['x"\\\n', 'é']))
  t.equal(writer.hash, hash)
  for (const [value, fits] of [
    ['x'.repeat(10), true],
    ['x'.repeat(11), false],
    ['é'.repeat(5), true],
    ['é'.repeat(6), false],
    ['"'.repeat(10), true],
    ['"'.repeat(11), false],
    ['😀😀xx', true],
    ['😀😀xxx', false],
  ] as const) {
    t.equal(writer.write([value, '']), fits, JSON.stringify(value))
    t.equal(writer.write(['', value]), fits)
  }
  const long = new LabelWriter(['a'], 0, 60_000)
  t.ok(long.write(['"'.repeat(60_000)]))
  t.equal(long.length, 4 + 120_000, 'scratch grows')
})
