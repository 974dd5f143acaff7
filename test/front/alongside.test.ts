/** Option `alongside`: the text of another library, behind postmeter's, from an event loop that may be blocked. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import promClient from 'prom-client'
import t, { type Test } from 'tap'
import { AlongsideScraper } from '../../src/exposition/alongside.js'
import type { Scrape } from '../../src/exposition/types.js'
import { type LogEvent, metricsHandler, type Registry, type ServeOptions, serve } from '../../src/index.js'
import { Watcher } from '../support/check-exposition.js'
import { getBody } from '../support/get-body.js'
import { fresh } from '../support/registry.js'

interface Served {
  readonly registry: Registry
  readonly events: LogEvent[]
  readonly url: string
  lacking(reason: string): number
}

type Give = () => string | Promise<string>

/** The endpoint of a front, or of a handler in a server of the program. */
const SERVERS = {
  async serve(t: Test, registry: Registry, options: ServeOptions): Promise<string> {
    const front = await serve(registry, { ...options, listen: '127.0.0.1:0', ref: false })
    t.teardown(() => front.close())
    return front.url
  },
  async metricsHandler(t: Test, registry: Registry, options: ServeOptions): Promise<string> {
    const server = createServer(metricsHandler(registry, options))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  },
}

async function served(
  t: Test,
  how: keyof typeof SERVERS,
  alongside: Give,
  options: ServeOptions = {},
): Promise<Served> {
  const { registry } = fresh(t)
  const events: LogEvent[] = []
  const url = await SERVERS[how](t, registry, { ...options, alongside, log: event => events.push(event) })
  return {
    registry,
    events,
    url,
    lacking: reason => Number(registry.value('postmeter_alongside_lacking_total', { reason }) ?? 0),
  }
}

function checked(text: string): string {
  const watcher = new Watcher()
  watcher.take(text)
  if (watcher.wrong.length > 0) throw new Error(watcher.wrong.join())
  return text
}

for (const how of Object.keys(SERVERS) as (keyof typeof SERVERS)[]) {
  t.test(`${how}: what prom-client has stands behind`, async t => {
    const register = new promClient.Registry()
    const old = new promClient.Counter({
      name: 'old_total',
      help: 'Old',
      labelNames: ['x'],
      registers: [register],
    })
    new promClient.Histogram({
      name: 'old_seconds',
      help: 'Old',
      buckets: [1],
      registers: [register],
    }).observe(2)
    old.inc({ x: 'ü "' }, 2)
    const { registry, url, events } = await served(t, how, () => register.metrics())
    registry.counter({ name: 'new_total', help: 'New' }).inc()
    const large = registry.gauge({ name: 'large', help: 'Large', labelNames: ['n'] })
    for (const series of [1, 5_000]) {
      for (let n = 0; n < series; n++) large.set({ n }, n)
      old.inc({ x: 'other' })
      for (const encoding of ['identity', 'gzip']) {
        const text = checked(await getBody(url, encoding))
        const theirs = `${(await register.metrics()).replaceAll('\n\n', '\n').trimEnd()}\n`
        t.match(text, /^new_total 1$/m)
        t.equal(
          text.slice(-Buffer.byteLength(theirs, 'latin1')).trimStart(),
          theirs,
          `${series} series, ${encoding}`,
        )
      }
    }
    t.match(
      checked(await getBody(`${url}?prefix=p_`)),
      /\n# HELP p_old_total Old\n# TYPE p_old_total counter\np_old_total\{/,
    )
    t.equal(
      await getBody(`${url}?name[]=old_total&name[]=new_total`),
      '# HELP new_total New\n# TYPE new_total counter\nnew_total 1\n' +
        '# HELP old_total Old\n# TYPE old_total counter\nold_total{x="ü \\""} 2\nold_total{x="other"} 2\n',
    )
    t.match(await getBody(`${url}?name[]=old_seconds_bucket`), /^# HELP old_seconds Old\n/)
    t.notMatch(JSON.parse(await getBody(`${url}.json`)), { old_total: {} })
    t.notMatch(await getBody(`${url}?format=openmetrics`), /old_total/)
    t.match(await getBody(`${url}?format=openmetrics`), /# EOF\n$/)
    t.strictSame(
      events.filter(({ level }) => level !== 'info'),
      [],
    )
  })

  t.test(`${how}: a function that fails costs its text alone`, async t => {
    const answers: Give[] = [
      () => {
        throw new Error('not now')
      },
      () => Promise.reject(new Error('nor now')),
      () => 7 as never,
      () => null as never,
      () => 'a'.repeat(16 * 1024 * 1024 + 1),
    ]
    let give = answers[0]!
    const { registry, url, events, lacking } = await served(t, how, () => give())
    registry.counter({ name: 'new_total', help: 'New' }).inc()
    for (const one of answers) {
      give = one
      t.match(checked(await getBody(url)), /^new_total 1$/m)
    }
    t.equal(lacking('failed'), answers.length)
    give = () => 'old 1\n'
    t.match(checked(await getBody(url)), /^old 1$/m, 'it comes back')
    t.strictSame(
      events.filter(({ code }) => code === 'alongside-failed').map(({ message }) => message),
      ['the function of option "alongside" has given no text that can be served: Error: not now'],
    )
  })

  t.test(`${how}: a family that no reader takes, or that stands before, is left out`, async t => {
    const { registry, url, events, lacking } = await served(
      t,
      how,
      () => 'good 1\nbad one\nnew_total 5\nnew_seconds_count 5\npostmeter_series 9\n?\n',
    )
    registry.counter({ name: 'new_total', help: 'New' }).inc()
    registry.histogram({ name: 'new_seconds', help: 'New', buckets: [1] }).observe(1)
    for (let n = 0; n < 3; n++) {
      const text = checked(await getBody(url))
      t.match(text, /\ngood 1\n$/)
      t.notMatch(text, /bad|new_total 5|new_seconds_count 5|postmeter_series 9/)
    }
    t.equal(lacking('refused'), 3)
    const said = events
      .filter(({ level }) => level !== 'info')
      .map(({ code, message }) => `${code} ${message}`)
    t.strictSame(said.sort(), [
      'alongside-refused a line of option "alongside" is left out: line 6 is no line of a metric',
      'alongside-refused metric "bad" of option "alongside" is left out: line 2 says that it has the value "one"',
      ...['new_seconds_count', 'new_total', 'postmeter_series'].map(
        name =>
          `metric-clash metric "${name}" has lines of the name of those of another part of the endpoint: it is left out`,
      ),
    ])
  })

  t.test(`${how}: a mistake is an error where it is made`, async t => {
    for (const [options, message] of [
      [{ alongside: 'old 1\n' }, /option "alongside": .* is not a function/],
      [{ alongside: () => '', openMetrics: true }, /option "openMetrics": true cannot stand beside/],
      [{ alongside: () => '', protobuf: true }, /option "protobuf": true cannot stand beside/],
    ] as const) {
      await t.rejects(async () => SERVERS[how](t, fresh(t).registry, options as never), {
        code: 'ERR_POSTMETER_OPTION',
        message,
      })
    }
  })
}

t.test('while the event loop is blocked a scrape has all but that text', async t => {
  let asked = 0
  const { registry, url, lacking, events } = await served(t, 'serve', () => `old ${++asked}\n`)
  registry.counter({ name: 'new_total', help: 'New' }).inc()
  t.match(await getBody(url), /\nold 1\n$/)
  const { execFileSync } = await import('node:child_process')
  // Blocks this thread until the answer is there.
  const program = `fetch(${JSON.stringify(url)}).then(async one => process.stdout.write(await one.text()))`
  const text = checked(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }))
  t.match(text, /^new_total 1$/m)
  t.notMatch(text, /^old /m)
  t.match(await getBody(url), /\nold [23]\n$/, 'and has it again when it goes on')
  t.equal(lacking('late'), 1)
  t.equal(events.filter(({ code }) => code === 'alongside-late').length, 1)
})

const OPTIONS = { format: 'text', prefix: '', selfMetrics: false } as const

const one = (value: number) => `# TYPE a untyped\na ${value}\n`

async function all(scrape: Scrape): Promise<string> {
  let text = ''
  for (let part = await scrape.next(); part !== undefined; part = await scrape.next())
    text += Buffer.from(part.bytes).toString()
  return text
}

t.test('a program that owes an answer is not asked again, and all scrapes of that time have it', async t => {
  const answers: ((text: string) => void)[] = []
  const lacks: string[] = []
  const scraper = new AlongsideScraper({
    ask: () => new Promise(resolve => answers.push(text => resolve({ text }))),
    log: () => {},
    lacks: lack => lacks.push(lack),
    patience: 1,
  })
  for (let n = 0; n < 3; n++) t.equal(await all(scraper.open(OPTIONS)), '')
  t.strictSame([answers.length, lacks], [1, ['late', 'late', 'late']])
  const both = [scraper.open(OPTIONS), scraper.open(OPTIONS)].map(all)
  answers[0]!('a 1\n')
  t.strictSame(await Promise.all(both), [one(1), one(1)])
  const next = all(scraper.open(OPTIONS))
  t.equal(answers.length, 2, 'the next one asks anew')
  answers[1]!('a 2\n')
  t.equal(await next, one(2))
})

t.test('of a family that is wrong in another way each time is said once', async t => {
  const said: string[] = []
  let value = 0
  const scraper = new AlongsideScraper({
    ask: async () => ({ text: `a number-${++value}\n? ${value}\nb 1\n` }),
    log: ({ message }) => said.push(message),
    lacks: () => {},
  })
  for (let n = 0; n < 3; n++) t.equal(await all(scraper.open(OPTIONS)), '# TYPE b untyped\nb 1\n')
  t.strictSame(said, [
    'metric "a" of option "alongside" is left out: line 1 says that it has the value "number-1"',
    'a line of option "alongside" is left out: line 2 is no line of a metric',
  ])
})

t.test('a large text comes in parts, and a reader that is cut takes no more', async t => {
  const text = Array.from({ length: 50_000 }, (_, n) => `a{n="${n}"} ${n}\n`).join('')
  const settings = { log: () => {}, lacks: () => {} }
  const scraper = new AlongsideScraper({ ...settings, ask: async () => ({ text }) })
  t.equal(await all(scraper.open(OPTIONS)), `# TYPE a untyped\n${text}`)
  const scrape = scraper.open(OPTIONS)
  const first = await scrape.next()
  t.ok(first !== undefined && first.bytes.length < 200_000)
  t.equal(scrape.rest(), true)
  scrape.abort()
  t.equal(await scrape.next(), undefined)
})
