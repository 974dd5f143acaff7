/** docs/LIMITS.md and docs/ENDPOINT.md say what the sources say: defaults, events, reasons, codes, figures. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { DROP_REASONS } from '../../src/catalogue/drops.js'
import { LIMITS } from '../../src/front/request/limits.js'
import { checkAnswerOptions } from '../../src/front/request/options.js'
import * as L from '../../src/memory/layout.js'
import { checkOptions } from '../../src/registry/options.js'
import { repository } from './consumer.js'

const page = readFileSync(join(repository, 'docs/LIMITS.md'), 'utf8')
const sources = new Map<string, string>()
for (const path of readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' })) {
  if (path.endsWith('.ts') && !path.includes('assembly') && !path.startsWith('haraka-plugin'))
    sources.set(path, readFileSync(join(repository, 'src', path), 'utf8'))
}
const source = [...sources.values()].join('\n')

/** A section's lines, up to the next heading of its rank. */
function section(text: string, heading: string): string {
  const found = new RegExp(`^## ${heading}\\n(.*?)(?=^## |(?![^]))`, 'ms').exec(text)
  if (found === null) throw new Error(`no section ${heading}`)
  return found[1]!
}

/** What stands in backquotes in the first column of a section's tables. */
function named(text: string, pattern: RegExp): string[] {
  const cells = [...text.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell]) => cell!)
  return cells
    .flatMap(cell => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!))
    .filter(name => pattern.test(name))
}

/** The members of a type that is a union of texts. */
function members(path: string, type: string): string[] {
  const text = sources.get(path)!
  const from = text.indexOf(`export type ${type} =`)
  const next = text.slice(from + 1).search(/^(?:export|const|interface|function) /m)
  return [...text.slice(from, from + 1 + next).matchAll(/[=|] '([^']+)'/g)].map(([, member]) => member!)
}

/** Names of protocols, of headers and of what a span is of, in files that log. */
const OTHER_NAMES = [
  ...['no-referrer', 'same-origin'],
  ...['unsafe-inline', 'all-gone', 'remote-write', 'content-type', 'content-encoding', 'user-agent'],
  ...['x-prometheus-remote-write-version', 'postmeter-push'],
]

const sorted = (names: Iterable<string>) => [...new Set(names)].sort()

t.test('each event that is logged has a row, and each row is an event', async t => {
  const written = named(section(page, 'What is logged'), /^[a-z]+(-[a-z]+)+$/)
  t.equal(new Set(written).size, written.length, 'none has two')
  const denials = members('front/request/request.ts', 'Denial')
  const made = [
    ...DROP_REASONS.map(reason => `dropped-${reason}`),
    ...denials.map(denial => `denied-${denial}`),
  ]
  // What the files that log spell so; other names with hyphens are options of the command, or of a header.
  for (const [path, text] of sources) {
    if (!text.includes("common/log.js'") || path.startsWith('cli')) continue
    for (const [, code] of text.matchAll(/'([a-z]+(?:-[a-z]+)+)'/g))
      if (!OTHER_NAMES.includes(code!)) made.push(code!)
  }
  t.ok(made.length > 50, `${made.length} events in the sources`)
  t.same(sorted(written), sorted(made))
})

t.test('each code of an error has a row', async t => {
  const written = named(section(page, 'Errors'), /^ERR_/)
  t.same(sorted(written), sorted(members('common/errors.ts', 'ErrorCode')))
})

t.test('each reason is there for which a request is refused, or a reader given up on', async t => {
  const limits = section(page, 'Connections and requests')
  const reasons = [...limits.matchAll(/denied (?:and cut )?`(\w+)`/g)].map(([, reason]) => reason!)
  const denials = members('front/request/request.ts', 'Denial')
  const others = named(limits.slice(limits.indexOf('The other reasons')), /^[a-z]+$/)
  t.same(sorted([...reasons, ...others]), sorted(denials))
  const cuts = [...limits.matchAll(/cut `(\w+)`/g)].map(([, reason]) => reason!)
  t.same(sorted([...cuts, 'closing']), sorted(members('front/scrapes/shared-scrapes.ts', 'CutReason')))
  const recording = section(page, 'Recording')
  for (const reason of DROP_REASONS) t.match(recording, `| \`${reason}\`, \`dropped-${reason}\``)
})

t.test('limits and defaults are those of the sources', async t => {
  const { shared } = checkOptions()
  const answer = checkAnswerOptions({})
  const text = (number: number) => number.toLocaleString('en')
  const rows: [row: RegExp, ...figures: string[]][] = [
    [/`memory`, .*/, `${shared.memory / 2 ** 20} MiB`, `${L.MIN_MEMORY_BYTES / 2 ** 20} MiB`],
    [/`maxLabelLength`, .*/, String(shared.maxLabelLength)],
    [
      /`maxThreads`, .*/,
      String(shared.maxThreads),
      String(L.MAX_SHARDS - 1),
      `${L.SHARD_WORDS * L.WORD_BYTES} bytes each`,
    ],
    [/an exemplar .*/, String(L.MAX_EXEMPLAR_CHARACTERS)],
    [/a metric's name.*/, text(L.MAX_NAME_BYTES)],
    [/help .*/, text(L.MAX_HELP_BYTES)],
    [/`labels` .*/, text(L.MAX_DEFAULTS_BYTES)],
    [/`buckets` .*/, text(L.MAX_BOUNDS)],
    [/`native.maxBuckets` .*/, text(L.MAX_NATIVE_BUCKETS)],
    [/a prefix .*/, String(L.MAX_PREFIX_BYTES)],
    [/`maxConnections`.*/, String(LIMITS.maxConnections)],
    [/`maxConnectionsPerAddress`.*/, String(LIMITS.maxConnectionsPerAddress)],
    [/`maxConcurrentScrapes`.*/, `| ${answer.maxConcurrentScrapes} |`],
    [/`scrapeTimeout`.*/, `${answer.scrapeTimeout / 60_000} minute`],
    [
      /a reader that takes nothing .*/,
      `${LIMITS.stallTimeout / 1000} s`,
      `${LIMITS.httpStallTimeout / 1000} s`,
    ],
    [/a TLS handshake.*/, `${LIMITS.handshakeTimeout / 1000} s`],
  ]
  for (const [row, ...figures] of rows) {
    const found = new RegExp(`^\\| ${row.source}`, 'm').exec(page)
    for (const figure of figures) t.ok(found?.[0].includes(figure), `${row.source}: ${figure}`)
  }
})

t.test("ENDPOINT has a row for each of the library's own metrics", async t => {
  const endpoint = readFileSync(join(repository, 'docs/ENDPOINT.md'), 'utf8')
  const written = named(section(endpoint, 'Its own metrics'), /^postmeter_/).map(name =>
    name.replace(/\{.*/, ''),
  )
  const made = [...source.matchAll(/'(postmeter_[a-z_]+)'/g)].map(([, name]) => name!)
  t.same(
    sorted(written),
    sorted(made).filter(name => name !== 'postmeter_'),
  )
})
