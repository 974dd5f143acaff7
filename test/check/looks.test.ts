/** What one look leaves to the next, and what it takes to keep it. */
import t from 'tap'
import { Checker } from '../../src/cli/check/checker.js'
import { Findings } from '../../src/cli/check/findings.js'
import { Series } from '../../src/cli/check/series.js'
import type { Format } from '../../src/cli/source/format.js'

function looking(format: Format = 'text', series = new Series(true)) {
  return (text: string) => {
    const findings = new Findings(100)
    series.begin()
    const checker = new Checker(format, findings, series)
    checker.write(Buffer.from(text))
    checker.end()
    series.end()
    const { appeared, vanished, size } = series
    const { falls } = checker.samples.batch
    const held = series.bytes + checker.samples.bytes
    return { findings, held, seen: { appeared, vanished, size }, falls }
  }
}

const counter = (lines: string) => `# HELP a A.\n# TYPE a counter\n${lines}`

t.test('series come, go and come back', async t => {
  const look = looking()
  t.match(look(counter('a{n="1"} 1\na{n="2"} 1\n')).seen, { appeared: 2, size: 2 })
  t.same(look(counter('a{n="2"} 1\na{n="3"} 1\n')).seen, { appeared: 1, vanished: 1, size: 2 })
  t.same(look(counter('')).seen, { appeared: 0, vanished: 2, size: 0 })
  const back = look(counter('a{n="1"} 0\na{n="2"} 0\n'))
  t.same(back.seen, { appeared: 2, vanished: 0, size: 2 })
  t.same(back.falls, [], 'and begin anew')
})

t.test('counters, buckets and counts never fall; gauges and sums do', async t => {
  const look = looking()
  const text = (n: number) =>
    `${counter(`a{n="1"} ${n}\n`)}# HELP g G.\n# TYPE g gauge\ng ${n}\n# HELP h H.\n# TYPE h histogram\n` +
    `h_bucket{le="+Inf"} ${n}\nh_sum ${n}\nh_count ${n}\n# HELP s S.\n# TYPE s summary\ns{quantile="0.5"} ${n}\ns_sum ${n}\ns_count ${n}\n`
  t.same(look(text(5)).falls, [])
  t.same(look(text(5)).falls, [])
  const { falls } = look(text(4))
  t.same(
    falls.map(({ series, from, to }) => [series, from, to]),
    [
      ['a{n="1"}', 5, 4],
      ['h_bucket{le="+Inf"}', 5, 4],
      ['h_count', 5, 4],
      ['s_count', 5, 4],
    ],
  )
})

t.test('a second look has nothing of the first: no duplicate, no label set that goes on', async t => {
  const look = looking('openmetrics')
  const text = counter('a_total{n="1"} 1\na_created{n="1"} 1\na_total{n="2"} 1\na_created{n="2"} 1\n# EOF\n')
  for (let n = 0; n < 3; n++) t.equal(look(text).findings.errors, 0)
})

t.test('a series takes at most 64 bytes, its value for --watch too', async t => {
  const sizes = [1000, 30_000, 60_000, 90_000, 120_000, 150_000]
  for (const count of sizes) {
    const lines = Array.from({ length: count }, (_, n) => `a{n="${n}"} ${n}\n`)
    const { held, seen } = looking()(counter(lines.join('')))
    t.equal(seen.size, count)
    // What is there without any series is not theirs.
    t.ok(held / count <= 64 || count < 10_000, `${Math.round(held / count)} bytes for each of ${count}`)
  }
  const histograms = Array.from({ length: 20_000 }, (_, n) => {
    return `h_bucket{n="${n}",le="+Inf"} 1\nh_sum{n="${n}"} 1\nh_count{n="${n}"} 1\n`
  })
  const { held, seen } = looking()(`# HELP h H.\n# TYPE h histogram\n${histograms.join('')}`)
  t.equal(seen.size, 60_000)
  t.ok(held / 60_000 <= 64, `${Math.round(held / 60_000)} bytes for each of a histogram with one bucket`)
})

t.test('as many series as there are hashes near each other are told apart', async t => {
  const lines = Array.from(
    { length: 200_000 },
    (_, n) => `a{x="${n % 1000}",y="${Math.floor(n / 1000)}"} 1\n`,
  )
  const { findings, seen } = looking()(counter(lines.join('')))
  t.equal(seen.size, 200_000)
  t.notOk(findings.counts.has('duplicate'))
})
