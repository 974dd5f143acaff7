/** config/postmeter.ini: what it may say, and which line an error names. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { IniMistake, parseIni } from '../../src/haraka-plugin/ini.js'
import { explained, fixedChanges, KNOWN_KEYS, readSettings } from '../../src/haraka-plugin/settings.js'
import { createRegistry } from '../../src/index.js'

const FILE = '/etc/haraka/config/postmeter.ini'
const PACKED = new URL('../../../src/haraka-plugin/package/config/postmeter.ini', import.meta.url)
const read = (...lines: string[]) => readSettings(FILE, lines.join('\n'))

function mistake(t: Test, line: number, why: RegExp, ...lines: string[]): void {
  const error = t.throws(() => read(...lines)) as IniMistake
  t.ok(error instanceof IniMistake)
  t.ok(error.message.startsWith(`${FILE}, line ${line}: `), error.message)
  t.match(error.message, why)
}

t.test('an empty file, and none, are all defaults', async t => {
  const { serve, registry, expireAfter, defaults, disk, checks, routes } = read('')
  t.strictSame(
    { serve, registry, expireAfter, defaults, disk },
    {
      ...{ serve: {}, registry: {} },
      ...{ expireAfter: '10m', defaults: true, disk: true },
    },
  )
  t.strictSame(checks, ['dns-list', 'spf', 'dkim', 'rspamd'])
  t.strictSame(routes, {
    ...{ domains: true, mostDomains: 10_000, source: undefined, pool: undefined, providers: [] },
    ...{ byDomain: new Map(), byMx: new Map() },
  })
})

t.test('each key of the packed file is read, and its comment shows the default', async t => {
  const text = readFileSync(PACKED, 'utf8')
  t.strictSame(read(...text.split('\n')).fixed.size, 0, 'all of it is comments')
  const keys = text.replace(/^; ([a-z_.]+=.*)$/gm, '$1')
  const sections = [...parseIni(FILE, keys)].map(([section, { entries }]) => {
    return [section, KNOWN_KEYS[section]!.length === 0 ? [] : [...entries.keys()].sort()] as const
  })
  t.strictSame(
    Object.fromEntries(sections),
    Object.fromEntries(Object.entries(KNOWN_KEYS).map(([section, names]) => [section, [...names].sort()])),
    'all keys that there are',
  )
  const { serve, registry, routes, checks, expireAfter } = read(...keys.split('\n'))
  t.strictSame(serve, {
    ...{ listen: '127.0.0.1:8000', trustedHosts: ['127.0.0.1', '::1'], allowedHosts: ['metrics.example'] },
    ...{ tls: { cert: '/etc/haraka/metrics.pem', key: '/etc/haraka/metrics.key' }, socketMode: 0o660 },
    ...{ selfMetrics: true, openMetrics: false, protobuf: false },
  })
  t.strictSame(registry, {
    ...{ memory: '256MiB', maxThreads: 256, maxSeries: 200_000, maxLabelLength: 4_096 },
    labels: { host: 'mx1' },
    file: { path: '/run/haraka/metrics', mode: 0o600, group: 'prometheus', keep: true },
  })
  t.strictSame([expireAfter, checks], ['10m', read('').checks])
  t.strictSame(
    [...routes.byDomain, ...routes.byMx],
    [
      ['gmail.com', 'google'],
      ['google.com', 'google'],
      ['outlook.com', 'microsoft'],
    ],
  )
})

t.test('a mistake is named with its line', async t => {
  mistake(t, 2, /lisen is no key of \[main\]; there are listen, /, '; a comment', 'lisen=1')
  mistake(t, 1, /section \[mian\] is not known; there are main, /, '[mian]')
  mistake(t, 3, /listen is there a second time; the first is in line 1/, 'listen=a:1', '', 'listen=a:2')
  mistake(t, 2, /"self metrics=on" is no "key=value"/, '[main]', 'self metrics=on')
  mistake(t, 1, /"listen" is no "key=value"/, 'listen')
  mistake(t, 1, /self_metrics: "maybe" is neither true nor false/, 'self_metrics=maybe')
  mistake(t, 2, /max_threads: "-1" is not a whole number/, '[registry]', 'max_threads=-1')
  mistake(t, 1, /listen: is empty/, 'listen=')
  mistake(t, 1, /listen: "127\.0\.0\.1:0" leaves the port to the system/, 'listen=127.0.0.1:0')
  mistake(t, 2, /socket_mode: "rw" is no mode/, '', 'socket_mode=rw')
  mistake(t, 1, /tls_cert and tls_key go together/, 'tls_cert=/a.pem')
  mistake(t, 1, /constructor is no key of \[main\]/, 'constructor=1')
  mistake(t, 2, /the last line ends with a backslash/, '[main]', 'listen=\\')
})

t.test('a provider that is not listed is one', async t => {
  const listed = ['[outbound]', 'providers=big, small', '[provider_domains]']
  mistake(
    t,
    4,
    /a\.example: provider "bug" is not among providers of \[outbound\] \(big, small\)/,
    ...listed,
    'a.example=bug',
  )
  mistake(t, 2, /mx\.example: provider "big" .*\(which names none\)/, '[provider_mx]', 'mx.example=big')
  t.strictSame([...read(...listed, 'A.Example=big').routes.byDomain], [['a.example', 'big']])
})

t.test("what postmeter refuses has the file's line", async t => {
  const settings = read('[registry]', 'memory=lots', 'file=/a', 'file_mode=444')
  const thrown = (options: object) => {
    try {
      createRegistry({ name: 'settings', ...options })
    } catch (error) {
      return (explained(FILE, settings, error) as Error).message
    }
    throw new Error('nothing was thrown')
  }
  t.match(thrown({ memory: 'lots' }), `${FILE}, line 2: memory: option "memory": "lots" `)
  t.match(thrown({ file: settings.registry.file }), `${FILE}, line 4: file_mode: option "file.mode": `)
  const other = new Error('another')
  t.equal(explained(FILE, settings, other), other)
})

t.test('what holds from the start on is told apart', async t => {
  const before = read('listen=a:1', '[checks]', 'plugins=spf')
  t.strictSame(fixedChanges(before, read('[checks]', 'plugins=dkim', '[main]', 'listen=a:1')), [])
  t.strictSame(fixedChanges(before, read('listen=a:2', '[labels]', 'host=x')), [
    '[main] listen',
    '[labels] host',
  ])
})

t.test('continued lines and all line ends are those of Haraka', async t => {
  const { checks } = readSettings(FILE, '[checks]\r\nplugins=spf,\\\n  dkim\r# a comment\r\n')
  t.strictSame(checks, ['spf', 'dkim'])
})
