import fc from 'fast-check'
import t from 'tap'
import { show } from '../../src/common/errors.js'
import {
  isLoopback,
  peerBytes,
  peerText,
  TrustedHosts,
  warnIfOpen,
} from '../../src/front/request/trusted-hosts.js'
import { SEED } from '../support/arbitrary.js'

t.comment(`POSTMETER_SEED=${SEED}`)

t.test('who is let in', async t => {
  const rows: [entries: string[], peer: string, trusted: boolean][] = [
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['127.0.0.1'], '::ffff:127.0.0.1', true],
    [['127.0.0.1'], '::1', false],
    [['::1'], '::1', true],
    [['::1'], '0:0:0:0:0:0:0:1', true],
    [['::1'], '127.0.0.1', false],
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['10.0.0.0/8'], '9.255.255.255', false],
    [['10.0.0.1/8'], '10.9.9.9', true],
    [['0.0.0.0/0'], '255.255.255.255', true],
    [['0.0.0.0/0'], '::ffff:1.2.3.4', true],
    [['0.0.0.0/0'], '::2', false],
    [['::/0'], 'ffff::1', true],
    [['::/0'], '1.2.3.4', false],
    [['::/0'], '::ffff:1.2.3.4', false],
    [['192.0.2.128/25'], '192.0.2.127', false],
    [['192.0.2.128/25'], '192.0.2.128', true],
    [['192.0.2.4/32'], '192.0.2.4', true],
    [['192.0.2.4/31'], '192.0.2.5', true],
    [['192.0.2.4/31'], '192.0.2.6', false],
    [['2001:db8::/32'], '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', true],
    [['2001:db8::/32'], '2001:db9::', false],
    [['2001:db8::ff/33'], '2001:db8:8000::', false],
    [['2001:db8::/127'], '2001:db8::1', true],
    [['2001:db8::/127'], '2001:db8::2', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
    [['::ffff:10.0.0.0/104'], '::ffff:10.1.2.3', true],
    [['::ffff:10.0.0.1'], '10.0.0.1', true],
    [['::FFFF:a00:1'], '10.0.0.1', true],
    // Only ::ffff:0:0/96 is IPv4; other forms that have an IPv4 address in them are addresses of IPv6.
    [['::127.0.0.1'], '127.0.0.1', false],
    [['::127.0.0.1'], '::ffff:127.0.0.1', false],
    [['::127.0.0.1'], '::127.0.0.1', true],
    [['::127.0.0.1'], '::7f00:1', true],
    [['127.0.0.1'], '::127.0.0.1', false],
    [['::0.0.0.0/96'], '10.0.0.1', false],
    [['::0.0.0.0/96'], '::10.0.0.1', true],
    [['::/96'], '127.0.0.1', false],
    [['0.0.0.0/0'], '::10.0.0.1', false],
    [['64:ff9b::127.0.0.1'], '127.0.0.1', false],
    [['64:ff9b::127.0.0.1'], '64:ff9b::7f00:1', true],
    [['127.0.0.1'], '64:ff9b::127.0.0.1', false],
    [['::ffff:0:127.0.0.1'], '127.0.0.1', false],
    [['127.0.0.1'], '::ffff:0:127.0.0.1', false],
    [['0:0:0:0:0:ffff:127.0.0.1'], '127.0.0.1', true],
    [['1:2:3:4:5:6:127.0.0.1'], '1:2:3:4:5:6:7f00:1', true],
    [['127.0.0.1'], '2002:7f00:1::', false],
    [['127.0.0.1'], '127.0.0.1%lo', true],
    [['127.0.0.1'], '::ffff:127.0.0.1%lo', true],
    [['10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/9', '9.0.0.0/8'], '10.200.0.1', true],
    [['10.0.0.0/8', '10.1.0.0/16'], '11.0.0.0', false],
    [[], '127.0.0.1', false],
    [['127.0.0.1'], '', false],
    [['127.0.0.1'], 'localhost', false],
  ]
  for (const [entries, peer, trusted] of rows) {
    t.equal(new TrustedHosts(entries).has(peer), trusted, `${peer} in ${entries.join(' ')}`)
  }
  t.equal(new TrustedHosts(['127.0.0.1']).has(undefined), false)
  t.equal(new TrustedHosts(['0.0.0.0/0', '::/0']).hasBytes([1, 2, 3]), false)
  t.equal(new TrustedHosts(['0.0.0.0/0', '::/0']).hasBytes(new Uint8Array(0)), false)
})

t.test('entries that are refused, with option and entry', async t => {
  const bad: unknown[] = [
    '',
    ' ',
    'localhost',
    'example.org',
    '010.0.0.0/8',
    '10/8',
    '10.0.0/24',
    '10.0.0',
    '167772160',
    '0x7f.0.0.1',
    '127.1',
    '::127.1',
    '::0x7f.0.0.1',
    '::127.0.0.01',
    '::127.0.0.256',
    '::127.0.0.1.2',
    '1:2:3:4:5:6:7:127.0.0.1',
    '127.0.0.1::',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.-4',
    ' 127.0.0.1',
    '127.0.0.1 ',
    '127.0.0.1\n',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/8.0',
    '10.0.0.0/255.0.0.0',
    '::1/129',
    '::/x',
    '::1%lo',
    'fe80::1%eth0/64',
    '[::1]',
    '[::1]:80',
    '127.0.0.1:80',
    '*',
    'any',
    ':::',
    '1::2::3',
    '12345::',
    '::ffff:010.0.0.1',
    '::ffff:10.1',
    '::10.0.0.256',
    7,
    null,
    undefined,
    {},
    ['127.0.0.1'],
  ]
  for (const entry of bad) {
    try {
      new TrustedHosts([entry as string])
      t.fail(`accepted: ${JSON.stringify(entry)}`)
    } catch (error) {
      t.ok(error instanceof TypeError || error instanceof RangeError, JSON.stringify(entry))
      t.ok(
        (error as Error).message.startsWith(`option "trustedHosts": ${show(entry)} `),
        (error as Error).message,
      )
    }
  }
  for (const list of ['127.0.0.1', null, 7, new Set(['127.0.0.1'])]) {
    t.throws(() => new TrustedHosts(list as unknown as string[]), {
      message: /^option "trustedHosts": .* is not a list/,
    })
  }
})

t.test('peers as people write them', async t => {
  const rows: [string | undefined, string][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, 'unknown'],
    ['nonsense', 'unknown'],
  ]
  for (const [peer, text] of rows) t.equal(peerText(peerBytes(peer)), text)
})

t.test('loopback', async t => {
  for (const peer of ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1'])
    t.ok(isLoopback(peerBytes(peer)!), peer)
  for (const peer of ['128.0.0.1', '::', '::2', '1::1', '::ffff:126.0.0.1']) {
    t.notOk(isLoopback(peerBytes(peer)!), peer)
  }
})

/** An address as one number, the slow and plain way. */
const value = (bytes: number[]): bigint => bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
const MAPPED = value([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0])

interface Entry {
  bytes: number[]
  length: number
}

/** What the structure must answer, by the definitions, one entry after the other. */
function oracle(entries: Entry[], peer: number[]): boolean {
  const unmap = (bytes: number[], length: number): [number[], number] =>
    bytes.length === 16 && value(bytes) >> 32n === MAPPED >> 32n && length >= 96
      ? [bytes.slice(12), length - 96]
      : [bytes, length]
  const [seen] = unmap(peer, 128)
  return entries.some(entry => {
    const [bytes, length] = unmap(entry.bytes, entry.length)
    if (bytes.length !== seen.length) return false
    const host = BigInt(bytes.length * 8 - length)
    return value(bytes) >> host === value(seen) >> host
  })
}

const spell = ({ bytes, length }: Entry): string =>
  bytes.length === 4
    ? `${bytes.join('.')}/${length}`
    : `${Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(':')}/${length}`

// Few values for each byte, so that entries and peers meet.
const byte = fc.constantFrom(0, 1, 127, 128, 254, 255)
const v4 = fc.array(byte, { minLength: 4, maxLength: 4 })
const v6 = fc.oneof(
  fc.array(byte, { minLength: 16, maxLength: 16 }),
  v4.map(tail => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...tail]),
)
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ bytes: v4, length: fc.integer({ min: 0, max: 32 }) }),
  fc.record({ bytes: v6, length: fc.integer({ min: 0, max: 128 }) }),
)

t.test('it agrees with the definitions', async t => {
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 12 }),
      fc.array(fc.oneof(v4, v6), { minLength: 1 }),
      (entries, peers) => {
        const hosts = new TrustedHosts(entries.map(spell))
        // Peers at the edges of the entries too.
        const near = entries.flatMap(({ bytes }) => [
          bytes,
          [...bytes.slice(0, -1), (bytes.at(-1)! + 1) & 255],
        ])
        return [...peers, ...near].every(
          peer =>
            hosts.hasBytes(peer) === oracle(entries, peer) &&
            hosts.hasBytes(Uint8Array.from(peer)) === oracle(entries, peer),
        )
      },
    ),
    { seed: SEED, numRuns: 5000 },
  )
  t.pass()
})

t.test('a list that lets everyone in is found', async t => {
  const rows: [entries: string[], open: boolean][] = [
    [[], false],
    [['127.0.0.1', '::1'], false],
    [['0.0.0.0/0'], true],
    [['::/0'], true],
    [['::ffff:0.0.0.0/96'], true],
    [['0.0.0.0/1', '128.0.0.0/1'], true],
    [['128.0.0.0/1', '0.0.0.0/2', '64.0.0.0/2'], true],
    [['0.0.0.0/1', '128.0.0.0/2'], false],
    [['128.0.0.0/1'], false],
    [['::/1', '8000::/1'], true],
    [['::/1', '8000::/2'], false],
    [['8000::/1'], false],
  ]
  for (const [entries, open] of rows) {
    t.equal(new TrustedHosts(entries).open, open, entries.join(' '))
    const codes: string[] = []
    warnIfOpen(entries, ({ code }) => codes.push(code))
    t.same(codes, open ? ['open-to-everyone'] : [])
  }
})

t.test('thousands of ranges are found as one is', async t => {
  const entries = Array.from({ length: 20_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/25`)
  const hosts = new TrustedHosts([...entries, ...entries.map((_, n) => `2001:db8:${n.toString(16)}::/48`)])
  for (let n = 0; n < 20_000; n += 7) {
    if (!hosts.has(`10.${n >> 8}.${n & 255}.127`) || hosts.has(`10.${n >> 8}.${n & 255}.128`))
      t.fail(String(n))
    if (!hosts.has(`2001:db8:${n.toString(16)}:ffff::1`)) t.fail(`IPv6 ${n}`)
  }
  t.equal(hosts.has('2001:db9::1'), false)
})
