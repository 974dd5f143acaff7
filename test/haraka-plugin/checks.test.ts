/** Results of checks as Haraka's plugins store them, and the labels that they are counted under. */
import t from 'tap'
import { Checks } from '../../src/haraka-plugin/checks.js'
import type { Connection, Result, Transaction } from '../../src/haraka-plugin/haraka.js'
import { counting } from './support.js'

const STOCK = ['dns-list', 'spf', 'dkim', 'rspamd']
/** A result store makes these for each plugin. */
const EMPTY = { pass: [], fail: [], msg: [], err: [], skip: [] }

const CASES: [
  what: string,
  check: string,
  result: Partial<Result>,
  counts: Record<string, number>,
  notes?: object,
][] = [
  [
    'zones that list the client, and some that do not',
    'dns-list',
    { fail: ['zen.example', 'b.example'], pass: ['c.example'] },
    { 'zen.example fail': 1, 'b.example fail': 1, 'c.example pass': 1 },
  ],
  ['a private client', 'dns-list', { skip: ['private: 10.0.0.1'] }, { ' skip': 1 }],
  ['no zone that answers', 'dns-list', { err: ['no zones'] }, { ' error': 1 }],
  ['SPF of HELO', 'spf', { scope: 'helo', result: 'SoftFail', domain: 'a.example' }, { 'helo softfail': 1 }],
  ['SPF of MAIL FROM', 'spf', { scope: 'mfrom', result: 'Pass', pass: ['a.example'] }, { 'mfrom pass': 1 }],
  ['SPF left out', 'spf', { skip: ['helo(private_ip)'] }, { ' skip': 1 }],
  ['that MAIL FROM passed, noted with the connection, too', 'spf', { pass: ['a.example'] }, {}],
  ['a result that is none of SPF', 'spf', { scope: 'x', result: 'Weird' }, { ' other': 1 }],
  [
    'two signatures',
    'dkim',
    { pass: ['a.example'], fail: ['b.example'], err: ['body hash did not verify'] },
    { ' pass': 1, ' fail': 1 },
  ],
  ['none', 'dkim', { skip: ['no/bad signature'] }, { ' none': 1 }],
  [
    'one that the plugin made',
    'dkim',
    { pass: ['v=1; a=rsa-sha256'] },
    { ' signed': 1 },
    { dkim_signed: true },
  ],
  ['a key that is missing', 'dkim', { err: ['missing selector'] }, { ' error': 1 }],
  ['an action', 'rspamd', { action: 'soft reject', score: 9 }, { ' soft reject': 1 }],
  ['an action that another rspamd may have', 'rspamd', { action: 'dance' }, { ' other': 1 }],
  ['a scan that timed out', 'rspamd', { err: ['timeout'] }, { ' error': 1 }],
  ['a client that is not scanned', 'rspamd', { skip: ['authed'] }, { ' skip': 1 }],
  ['another plugin that failed something', 'fcrdns', { pass: ['a'], fail: ['b', 'c'] }, { ' fail': 1 }],
  ['another plugin that passed all', 'fcrdns', { pass: ['a', 'b'] }, { ' pass': 1 }],
  ['another plugin that said nothing', 'fcrdns', {}, {}],
]

for (const [what, check, result, counts, notes = {}] of CASES) {
  t.test(`${check}: ${what}`, async t => {
    const { registry, own } = counting(t)
    const checks = new Checks(own, [...STOCK, 'fcrdns'])
    const results = {
      get: (name: string) => (name === check ? ({ ...EMPTY, ...result } as Result) : undefined),
    }
    if (check === 'dns-list') checks.ofConnection({ results } as unknown as Connection)
    else checks.ofTransaction({ results, notes, rcpt_to: [] } as unknown as Transaction)
    const lines = (await registry.metrics()).matchAll(
      /^haraka_checks_total\{check="[^"]*",scope="([^"]*)",result="([^"]*)"\} (\d+)$/gm,
    )
    const found = Object.fromEntries(
      Array.from(lines, ([, scope, result, n]) => [`${scope} ${result}`, Number(n)]),
    )
    t.strictSame(found, counts)
  })
}

t.test('only plugins that are named are counted, and they can be named anew', async t => {
  const { registry, own } = counting(t)
  const checks = new Checks(own, STOCK)
  const results = {
    get: (name: string) => (name === 'karma' ? ({ ...EMPTY, fail: ['a'] } as Result) : undefined),
  }
  const count = () => registry.value('haraka_checks_total', { check: 'karma', scope: '', result: 'fail' })
  checks.ofConnection({ results } as unknown as Connection)
  t.equal(count(), undefined)
  checks.plugins = ['karma']
  checks.ofConnection({ results } as unknown as Connection)
  t.equal(count(), 1)
})
