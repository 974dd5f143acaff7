/** The parts of the fleet's program: its options, how it judges figures, what it makes of the pages' files. */
import t from 'tap'
import { UsageError } from '../../scripts/command-line.js'
import { acceptedBy, account, type Run } from '../../scripts/fleet/account.js'
import type { Told } from '../../scripts/fleet/client.js'
import { waysOf } from '../../scripts/fleet/fleet.js'
import { readOptions } from '../../scripts/fleet/options.js'
import { files, shortened } from '../../scripts/fleet/rules.js'
import { rightTotal, table } from '../../scripts/fleet/table.js'

t.test('without options', t => {
  const options = readOptions([])!
  t.match(options, {
    servers: 8,
    rate: 20,
    seconds: 60,
    pushing: 4,
    otlp: 1,
    kill: 2,
    retire: 1,
    everyMs: 2000,
  })
  t.equal(options.network, undefined)
  t.not(options.seed, readOptions([])!.seed, 'chance begins elsewhere each time')
  t.equal(readOptions(['--help', '--servers', 'x']), undefined)
  t.end()
})

t.test('mistakes are reported with the option and the value', t => {
  const mistakes: [string[], RegExp][] = [
    [['--servers', '0'], /^--servers "0" is not a whole number from 1 to 200$/],
    [['--servers', '3', '--pushing', '4'], /^--pushing "4" is not a whole number from 0 to 3$/],
    [['--servers', '3', '--pushing', '1', '--otlp', '2'], /^--otlp "2" is not a whole number from 0 to 1$/],
    [['--servers', '3', '--kill', '4'], /^--kill "4"/],
    [['--every', '0.5'], /^--every "0.5" is not a number from 1 to/],
    [['--network', 'wlan'], /^--network "wlan" is neither namespaces nor loopback$/],
    [['--listen', '9090'], /^--listen "9090" is not HOST:PORT/],
    [['--seconds'], /--seconds/],
    [['eight'], /eight/],
  ]
  for (const [args, message] of mistakes) {
    let mistake: unknown
    try {
      readOptions(args)
    } catch (error) {
      mistake = error
    }
    t.ok(mistake instanceof UsageError, args.join(' '))
    t.match((mistake as Error).message, message)
  }
  t.end()
})

t.test('scraped and pushing servers take turns, and each kind of push comes', t => {
  t.same(waysOf(readOptions(['--servers', '6'])!), [
    ...['scraped', 'remote write 1.0', 'scraped', 'remote write 2.0', 'scraped', 'OTLP'],
  ])
  t.same(waysOf(readOptions(['--servers', '3', '--pushing', '0'])!), ['scraped', 'scraped', 'scraped'])
  t.same(waysOf(readOptions(['--servers', '2', '--pushing', '2', '--otlp', '2'])!), ['OTLP', 'OTLP'])
  t.end()
})

const told: Told = {
  sent: 120,
  refused: 0,
  unanswered: 1,
  history: [
    [1000, 40],
    [2000, 90],
    [3000, 120],
  ],
}
const run: Run = { name: 'mx1', instance: 'mx1', way: 'scraped', end: 'killed', since: 0, until: 9000, told }
const ended: Run = { ...run, end: 'ran', told: { ...told, unanswered: 0 } }

t.test(
  'of a killed server there must be what was accepted when it was last scraped, and no more than was sent',
  t => {
    t.equal(acceptedBy(told, 2500), 90)
    t.equal(acceptedBy(told, 500), 0)
    const judged = (value: number, other = value) =>
      account(run, { at: 2500, value }, { at: 2500, value: other }).right
    t.ok(judged(90))
    t.ok(judged(121), 'the one without an answer may have been taken')
    t.notOk(judged(89), 'one is lost')
    t.notOk(judged(122), 'one is too many')
    t.notOk(judged(100, 101), 'the two differ')
    t.notOk(
      account(run, undefined, undefined).right === false,
      'one that was never heard of has nothing to be seen',
    )
    t.end()
  },
)

t.test('of a server that ended by itself there must be all, and nobody may be in doubt', t => {
  const seen = { at: 8000, value: 120 }
  t.ok(account(ended, seen, seen).right)
  for (const value of [119, 121]) t.notOk(account(ended, { at: 8000, value }, { at: 8000, value }).right)
  t.notOk(account(ended, undefined, undefined).right)
  t.notOk(account(ended, seen, undefined).right)
  t.notOk(account({ ...ended, told }, seen, seen).right, 'a message without an answer')
  t.end()
})

t.test('the table says what is right and what is not', t => {
  const seen = { at: 8000, value: 119 }
  const total = { what: 'Prometheus', asked: 'sum(x)', value: 1119, least: 1120, most: 1121 }
  t.notOk(rightTotal(total))
  t.notOk(rightTotal({ ...total, value: undefined }))
  t.ok(rightTotal({ ...total, value: 1120 }))
  const text = table([account(ended, seen, seen)], [total])
  t.match(text, /^mx1 {5}scraped {2}ran {11}120 {9}120 {9}119 {14}119 {2}NO$/m)
  t.match(text, /^Prometheus {2}1,120 to 1,121 {3}1,119 {2}NO {8}sum\(x\)$/m)
  t.end()
})

t.test('times of rules are shortened alike, names are not', async t => {
  const rule = 'record: job:x:rate5m\n  expr: rate(x{a="1h"}[5m]) + x[1h:30s]\n  for: 2m\n  interval: 15s\n'
  t.equal(
    shortened(rule, 1000),
    'record: job:x:rate5m\n  expr: rate(x{a="1h"}[20000ms]) + x[240000ms:2000ms]\n  for: 8000ms\n  interval: 1000ms\n',
  )
  const made = await files(1000, '127.0.0.1:1', 'http://127.0.0.1:2/w')
  t.match(made['prometheus.yml'], /scrape_interval: 1000ms/)
  t.match(made['prometheus.yml'], 'url: http://127.0.0.1:2/w')
  t.match(made['prometheus.yml'], '127.0.0.1:1')
  for (const [name, text] of Object.entries(made)) {
    t.notMatch(
      text.replaceAll(/#.*/g, ''),
      /(?:\[|(?:for|interval|timeout|deadline): )\d+[smh]\b/,
      `${name}: none is left`,
    )
  }
})
