import fc from 'fast-check'
import t from 'tap'
import { KeyedHash } from '../../src/catalogue/keyed-hash.js'
import { LabelWriter } from '../../src/catalogue/labels.js'
import { StringMap, TupleMap } from '../../src/series/label-index.js'
import { anyText, SEED } from '../support/arbitrary.js'
import { countElements } from '../support/count-steps.js'

const KEY = [1, -2] as const

t.test('a StringMap is a Map, before and after it splits itself', async t => {
  const map = new StringMap<number>(KEY)
  const oracle = new Map<string, number>()
  const COUNT = 150_000
  for (let n = 0; n < COUNT; n++) {
    const key = n % 3 === 0 ? `queue ${n}.example.com` : String(n)
    if (oracle.has(key)) continue
    map.add(key, n)
    oracle.set(key, n)
    // Around each split what was there stays there.
    if (n < 300 ? n > 254 : n % 21_845 === 0)
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
  map.add('__proto__', -1)
  map.add('0', -2)
  t.strictSame([map.get('__proto__'), map.get('0')], [-1, -2])
})

t.test('a StringMap follows any sequence of operations', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const step = fc.record({
    op: fc.constantFrom('add' as const, 'delete' as const),
    key: anyText,
    value: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const map = new StringMap<number>(KEY)
      const oracle = new Map<string, number>()
      for (const { op, key, value } of steps) {
        if (map.get(key) !== oracle.get(key)) return false
        if (op === 'add') {
          if (oracle.has(key)) continue
          map.add(key, value)
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
        const map = new TupleMap<number>(KEY, width)
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
  const map = new TupleMap<number>(KEY, 3)
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

/** What the maps below are asked by: a text, or a list of it and another. */
const KINDS = [
  {
    name: 'StringMap',
    make: () => {
      const map = new StringMap<number>(KEY)
      return {
        get: (n: number) => map.get(`key ${n}`),
        add: (n: number) => map.add(`key ${n}`, n),
        delete: (n: number) => map.delete(`key ${n}`),
      }
    },
  },
  {
    name: 'TupleMap',
    make: () => {
      const map = new TupleMap<number>(KEY, 2)
      const key = (n: number) => [`key ${n}`, `${n % 7}`]
      return {
        get: (n: number) => map.get(key(n)),
        add: (n: number) => map.add(key(n), n),
        delete: (n: number) => map.delete(key(n)),
      }
    },
  },
]

for (const { name, make } of KINDS) {
  t.test(`a ${name} of many: each call moves a bounded part of it`, async t => {
    const COUNT = 20_000
    const elements = countElements(t)
    const map = make()
    const add = []
    const get = []
    const remove = []
    for (let n = 0; n < COUNT; n++) {
      add.push(elements(() => map.add(n)))
      if (n % 100 === 0) get.push(elements(() => map.get(n >> 1)))
    }
    for (let n = 0; n < COUNT; n += 3) remove.push(elements(() => map.delete(n)))
    // A part has 1,024 slots of two elements, two thirds of them taken when it is divided.
    t.ok(Math.max(...add) < 20 * 1_024, `${Math.max(...add)} elements at most to add one`)
    t.ok(add.filter(count => count > 200).length < COUNT / 100, 'and mostly far fewer')
    t.ok(Math.max(...get) < 200, `${Math.max(...get)} to find one`)
    t.ok(Math.max(...remove) < 400, `${Math.max(...remove)} to take one out`)
    const wrong = Array.from({ length: COUNT }, (_, n) => n).filter(
      n => map.get(n) !== (n % 3 === 0 ? undefined : n),
    )
    t.strictSame(wrong, [])
  })

  t.test(`a ${name} of many follows what comes and goes while its parts are divided`, async t => {
    t.comment(`POSTMETER_SEED=${SEED}`)
    const random = fc.sample(fc.nat({ max: 15_000 }), { numRuns: 60_000, seed: SEED })
    const map = make()
    const oracle = new Map<number, number>()
    let wrong = 0
    random.forEach((n, step) => {
      // More come than go, then more go than come.
      const comes = step % 4 < (step < 40_000 ? 3 : 1)
      if (map.get(n) !== oracle.get(n)) wrong++
      if (comes && !oracle.has(n)) {
        map.add(n)
        oracle.set(n, n)
      }
      if (!comes) {
        map.delete(n)
        oracle.delete(n)
      }
    })
    for (let n = 0; n <= 15_000; n++) if (map.get(n) !== oracle.get(n)) wrong++
    t.equal(wrong, 0)
    t.ok(oracle.size > 1_000, `${oracle.size} are left`)
  })
}

t.test('who knows the key gains long probes, and nothing else goes wrong', async t => {
  const hash = new KeyedHash(KEY, 0)
  const elements = countElements(t)
  for (const [what, alike] of [
    ['low bits', 0xff],
    ['high bits', 0xff << 24],
  ] as const) {
    const keys = []
    for (let n = 0; keys.length < 1_200; n++) if ((hash.of([`key ${n}`]) & alike) === 0) keys.push(`key ${n}`)
    const map = new StringMap<number>(KEY)
    const most = Math.max(...keys.map((key, n) => elements(() => map.add(key, n))))
    t.ok(most < 1_024 ** 2 / 4, `${what}: ${most} elements at most to add one`)
    let wrong = 0
    keys.forEach((key, n) => {
      if (map.get(key) !== n) wrong++
    })
    for (let n = 0; n < keys.length; n += 2) map.delete(keys[n])
    keys.forEach((key, n) => {
      if (map.get(key) !== (n % 2 === 0 ? undefined : n)) wrong++
    })
    t.equal(wrong, 0, what)
  }
})

t.test('label text: escaped, its hash the same for the same, its length in UTF-8 limited', async t => {
  const text = (writer: LabelWriter) => Buffer.from(writer.bytes.subarray(0, writer.length + 2)).toString()
  const writer = new LabelWriter(KEY, ['a', 'b'], 5, 10)
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
  const long = new LabelWriter(KEY, ['a'], 0, 60_000)
  t.ok(long.write(['"'.repeat(60_000)]))
  t.equal(long.length, 4 + 120_000, 'scratch grows')
  const { length } = long.bytes
  t.notOk(long.write(['x'.repeat(1_000_000)]))
  t.equal(long.bytes.length, length, 'but not for what is refused')
})
