/** The encoder for compressed expositions: whatever it is given, zlib gives back. */
import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { whole } from '../../src/exposition/options.js'
import {
  Deflater,
  JSON_SEPARATORS,
  PROTOBUF_SEPARATORS,
  type Separators,
  TEXT_SEPARATORS,
} from '../../src/kernel/deflater.js'
import { createArena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { compressible } from '../../src/memory/slots.js'
import { takeWorkspace } from '../../src/memory/workspaces.js'
import { richModel, SEED } from '../support/arbitrary.js'
import { record } from '../support/oracle.js'
import { fresh } from '../support/registry.js'

const RUNS = Number(process.env.POSTMETER_RUNS ?? 100)

/** The largest, so that addresses are above 2^31, where signed ones are negative. */
const memory = createArena({
  bytes: L.MAX_MEMORY_BYTES,
  maxThreads: 1,
  maxLabelBytes: 1,
  maxSeries: 0,
  now: 0,
  started: 0,
  hashKey: [0, 0],
})
const deflater = new Deflater(memory.memory)
const workspace = takeWorkspace(memory, memory.slots)
memory.alloc((2.5 * 2 ** 30) / L.WORD_BYTES)
const room = (memory.alloc(L.MAX_SLOT_TEXT / L.WORD_BYTES + 16) + 8) * L.WORD_BYTES

/** Compresses what is somewhere else. */
function compress(plain: Uint8Array, separators?: Separators): Uint8Array {
  memory.u8.set(plain, room)
  return deflater.compress(memory.u8.subarray(room, room + plain.length), workspace, separators)
}

const SEPARATORS = [TEXT_SEPARATORS, JSON_SEPARATORS, PROTOBUF_SEPARATORS]

/** Ends what compress() leaves open. */
const LAST = Buffer.from([3, 0])

/** Compressed bytes, after a look that they are what they should be. */
function bytes(
  t: { fail(message: string): unknown },
  plain: Uint8Array,
  name: string,
  separators: Separators = TEXT_SEPARATORS,
): number {
  const part = Buffer.from(compress(plain, separators))
  const tail = part.subarray(-4).toString('hex')
  if (tail !== '0000ffff') t.fail(`${name}: ends in ${tail}`)
  if (part.length > plain.length + 5 * (Math.ceil(plain.length / 16_384) + 2)) {
    t.fail(`${name}: ${plain.length} bytes in ${part.length}`)
  }
  if (!inflateRawSync(Buffer.concat([part, LAST])).equals(plain)) t.fail(`${name}: something else`)
  if (deflater.checksum !== crc32(plain)) t.fail(`${name}: another checksum`)
  return part.length
}

function random(length: number, of = 256): Buffer {
  let state = (SEED + length) | 1
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 16) % of
    }),
  )
}

/** The same bytes in another order. */
function mixed(bytes: Buffer): Buffer {
  const order = random(bytes.length)
  return Buffer.from([...bytes.keys()].sort((a, b) => order[a] - order[b]).map(n => bytes[n]))
}

const repeat = (text: string, length: number) => Buffer.alloc(length, text)

t.test('what is hard on it', t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const block = 262_144
  const step = 32_768
  const lines = (text: (n: number) => string, length: number) =>
    Buffer.from(Array.from({ length: length / 8 }, (_, n) => text(n)).join('')).subarray(0, length)
  const gauges = (length: number) => lines(n => `queue_depth{queue="queue-${n}.example"} ${n % 7}\n`, length)
  const names = (length: number) =>
    lines(n => `d{n="${random(9, 26 + (n % 3)).toString('base64')}${n}"} 1\n`, length)
  const fibonacci: Buffer[] = []
  // Counts of which each is the sum of the two before: the deepest tree that there is.
  for (let n = 0, a = 1, b = 1; n < 24; n++, [a, b] = [b, a + b]) fibonacci.push(Buffer.alloc(a, n * 10))
  const cases: Record<string, Uint8Array> = {
    'one byte': Buffer.from('x'),
    'three bytes': Buffer.from('\n\n\n'),
    'all bytes once': Buffer.from(Array.from({ length: 256 }, (_, n) => n)),
    'one byte, many times': repeat('a', 1_000_000),
    'line feeds': repeat('\n', 300_000),
    'lines of one byte': repeat('a\nb\n', 300_000),
    'no line feed': repeat('abcdefghij', 1_000_000),
    'one line longer than what can be referred to': Buffer.concat([random(40_000, 4), random(40_000, 4)]),
    'lines as long as what can be referred to': Buffer.concat(
      Array.from({ length: 5 }, () => Buffer.concat([random(32_767, 20), Buffer.from('\n')])),
    ),
    'lines a byte longer than that': Buffer.concat(
      Array.from({ length: 5 }, () => Buffer.concat([random(32_768, 20), Buffer.from('\n')])),
    ),
    noise: random(500_000),
    'noise of two bytes': random(500_000, 2),
    'a deep tree': Buffer.concat(fibonacci),
    'a deep tree, mixed': mixed(Buffer.concat(fibonacci)),
    'a repetition over the end of a block': Buffer.concat([random(block - 100), random(300), random(300)]),
    'noise after text': Buffer.concat([repeat('name{a="b"} 1\n', block), random(block)]),
    'text after noise': Buffer.concat([random(step), gauges(step)]),
    'noise in the middle of a step': Buffer.concat([gauges(step + 5_000), random(9_000), gauges(step)]),
    'text and noise, step by step': Buffer.concat(
      Array.from({ length: 20 }, (_, n) => (n % 3 === 0 ? random(step) : gauges(step))),
    ),
    'lines of two kinds that take turns': Buffer.concat(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? names(50_000) : gauges(70_000))),
    ),
    'what no sample has, much later': Buffer.concat([
      gauges(3 * block),
      Buffer.from(Array.from({ length: 512 }, (_, n) => n % 256)),
    ]),
    'lines that a match goes over the end of': lines(n => (n % 9 === 0 ? `a{b="c"} ${n}\n` : 'a 1\n'), block),
  }
  for (const length of [
    step - 1,
    step + 1,
    block - 1,
    block,
    block + 1,
    2 * block,
    65_535,
    65_536,
    4 * 2 ** 20,
  ]) {
    cases[`${length} bytes of noise`] = random(length)
    cases[`${length} bytes of text`] = repeat('queue_depth{queue="a.example.com"} 12\n', length)
  }
  for (const [name, plain] of Object.entries(cases)) {
    for (const separators of SEPARATORS) t.ok(bytes(t, plain, name, separators) > 0, name)
  }
  t.equal(compress(new Uint8Array()).length, 5, 'nothing')
  t.end()
})

t.test('checksums, with and without a rest that is no whole 16 bytes', t => {
  const bytes = random(2 * 262_144 + 20_000)
  const around = (n: number) => [n - 17, n - 16, n - 15, n - 1, n, n + 1, n + 15, n + 16, n + 17]
  for (const length of [
    1,
    2,
    3,
    4,
    15,
    16,
    17,
    ...[4_800, 9_600, 262_144, 262_144 + 9_600].flatMap(around),
  ]) {
    const plain = bytes.subarray(0, length)
    compress(plain)
    t.equal(deflater.checksum, crc32(plain), `${length} bytes`)
  }
  t.end()
})

t.test('any lines', t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const word = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      'queue_depth{queue="',
      'total_messages_delivered{service="smtp",',
      '"} ',
      'le="0.25"} ',
      '\u00e9',
    ),
    fc.double().map(String),
    fc.nat().map(String),
  )
  const line = fc.array(word, { maxLength: 6 }).map(words => `${words.join('')}\n`)
  const separators = fc.constantFrom(...SEPARATORS)
  const lines = fc.tuple(fc.array(line, { maxLength: 40 }), fc.integer({ min: 1, max: 400 }))
  fc.assert(
    fc.property(lines, separators, ([some, times], separators) => {
      // Each time a little different.
      const text = Array.from({ length: times }, (_, n) =>
        some.map(one => one.replace('a', `${n}`)).join(''),
      ).join('')
      bytes(t, Buffer.from(text), 'lines', separators)
    }),
    { seed: SEED, numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), separators, (plain, separators) => {
      bytes(t, plain, 'bytes', separators)
    }),
    { seed: SEED, numRuns: 300 },
  )
  t.pass('all are what they were')
  t.end()
})

t.test('a span comes to the same bytes whatever was compressed before it', t => {
  const unlike = (n: number) => Buffer.from(`{"${random(n + 9, 251).toString('base64')}"} 1\n`)
  const names = Buffer.concat(Array.from({ length: 2_000 }, (_, n) => unlike(n % 300)))
  const after = (before: Uint8Array, span: Uint8Array) => {
    compress(before)
    return Buffer.from(compress(span))
  }
  const first = after(names, names)
  for (let n = 1; n < 8; n++) t.ok(after(names.subarray(0, 1_000 * n), names).equals(first), 'searches')
  // Behind a span there are bytes of the last one.
  const line = (n: number) => `${'a'.repeat(n % 7)}${'\0\0\0\0\x07'.repeat(n % 3)}{x="${n * n}"}`
  const lines = Buffer.from(Array.from({ length: 40 }, (_, n) => line(n)).join('\n'))
  const zeros = new Uint8Array(lines.length)
  const differ = Array.from({ length: lines.length }, (_, n) => lines.subarray(0, n)).filter(
    span => !after(zeros, span).equals(after(lines.subarray(7), span)),
  )
  t.same(differ, [], 'what is behind it')
  t.end()
})

/** Pieces of expositions, of noise and of both, cut anywhere. */
function pieces(expositions: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const length = fc.oneof(
    fc.nat({ max: 300 }),
    fc.nat({ max: 70_000 }),
    fc
      .tuple(fc.constantFrom(16_384, 32_768, 65_536, 262_144), fc.integer({ min: -17, max: 17 }))
      .map(([edge, off]) => edge + off),
  )
  const text = fc
    .tuple(fc.constantFrom(...expositions), fc.nat(), length)
    .map(([one, from, length]) => one.subarray(from % one.length, (from % one.length) + length))
  const noise = fc
    .tuple(length, fc.constantFrom(2, 20, 128, 256), fc.boolean())
    .map(([length, of, high]) => random(length, of).map(byte => (high ? 255 - byte : byte)))
  const repeated = fc
    .tuple(fc.constantFrom('a', '\n', ' ', '}:', '\x0a\x12', 'a{b="c d"} 1\n'), length)
    .map(([some, length]) => repeat(some, length))
  const spoilt = fc
    .tuple(text, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 100 }))
    .map(([one, changes]) => {
      const copy = new Uint8Array(one)
      for (const [at, byte] of changes) copy[at % copy.length] = byte
      return copy
    })
  return fc.oneof({ weight: 3, arbitrary: text }, noise, repeated, spoilt)
}

t.test('expositions of any registry and noise, cut anywhere and put together', async t => {
  t.comment(`POSTMETER_SEED=${SEED}`)
  const expositions: Uint8Array[] = []
  for (const model of fc.sample(richModel, { seed: SEED, numRuns: 6 })) {
    const { registry } = fresh(t, { labels: model.defaults })
    record(registry, model)
    const many = registry.gauge({ name: 'so_many_of_it', help: '', labelNames: ['so_many'] })
    for (let n = 0; n < 2_000; n++) many.set({ so_many: `queue ${n}, "a}:b\n` }, n / 7)
    for (const format of ['text', 'openmetrics', 'json', 'protobuf'] as const) {
      expositions.push(await whole(registry.stream({ format })))
    }
  }
  fc.assert(
    fc.property(
      fc.array(pieces(expositions), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...SEPARATORS),
      (some, separators) => {
        bytes(t, Buffer.concat(some), 'pieces', separators)
      },
    ),
    { seed: SEED, numRuns: RUNS },
  )
  t.pass('all are what they were')
})

t.test(
  'expositions take no more than at level 1 of zlib, names that are alike in nothing a quarter more',
  t => {
    const number = (n: number) => Math.imul(n, 0x9e3779b1) >>> 12
    const noise = random(400_000, 26)
    const name = (n: number) =>
      Buffer.from(noise.subarray(n * 16, n * 16 + 7 + (n % 6)).map(letter => letter + 97)).toString('latin1')
    const texts: Record<string, [text: string, more: number, separators?: Separators]> = {
      gauges: [
        Array.from(
          { length: 20_000 },
          (_, n) =>
            `queue_depth{queue="campaign:tenant-${n}@example.com"} ${number(n) % 3 === 0 ? number(n) % 50 : 0}\n`,
        ).join(''),
        1,
      ],
      histograms: [
        Array.from({ length: 20_000 }, (_, n) => {
          const series = Math.floor(n / 14)
          const bucket = n % 14
          return `wait_seconds_bucket{domain="example-${series}.com",le="${2 ** bucket}"} ${(number(series) % 100) + bucket * 3}\n`
        }).join(''),
        1,
      ],
      names: [
        Array.from({ length: 20_000 }, (_, n) => `queue_depth{domain="${name(n)}.example"} ${n % 37}\n`).join(
          '',
        ),
        1.25,
      ],
      'gauges in JSON': [
        Array.from(
          { length: 20_000 },
          (_, n) => `"campaign:tenant-${n}@example.com":${number(n) % 3 === 0 ? number(n) % 50 : 0},`,
        ).join(''),
        1,
        JSON_SEPARATORS,
      ],
      'histograms in JSON': [
        Array.from({ length: 2_000 }, (_, n) => {
          let count = 0
          const buckets = Array.from({ length: 14 }, (_, bucket) => {
            if (number(n * 14 + bucket) % 5 === 0) count += number(n + bucket) % 40
            return `[${2 ** bucket},${count}]`
          })
          return `"example-${n}.com":{"count":${count},"bucket":[${buckets.join(',')}]},`
        }).join(''),
        1.1,
        JSON_SEPARATORS,
      ],
    }
    for (const [kind, [text, more, separators]] of Object.entries(texts)) {
      const plain = Buffer.from(text)
      const zlib = deflateRawSync(plain, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }).length
      const own = bytes(t, plain, kind, separators)
      t.ok(own <= zlib * more, `${kind}: ${plain.length} bytes in ${own}; zlib: ${zlib}`)
    }
    t.end()
  },
)

t.test('what a span may have grows into its slot even where nothing can be compressed', t => {
  for (const room of [65_536, 131_072, 4 * 2 ** 20]) {
    const most = compressible(room)
    t.ok(bytes(t, random(most), 'noise') <= room)
  }
  t.end()
})
