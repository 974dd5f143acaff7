import t from 'tap'
import { newHistogram } from '../../bench/harness/statistics.js'
import { costCurve, percentileCurve, percentilePoints, ratioBars } from '../../bench/report/curves.js'
import { thisMachine } from '../../bench/report/machine.js'
import { comparison, figuresPage } from '../../bench/report/markdown.js'
import { type Figure, type Report, reached, wantedOf } from '../../bench/report/model.js'
import { page } from '../../bench/report/page.js'
import { asJson, type Run } from '../../bench/report/run.js'

function thousand() {
  const histogram = newHistogram()
  for (let value = 1; value <= 1000; value++) histogram.recordValue(value * 1000)
  return histogram
}

t.test('a histogram as points of a percentile curve', async t => {
  const points = percentilePoints(thousand())
  const near = (percentile: number) =>
    points.reduce((best, point) =>
      Math.abs(point[0] - percentile) < Math.abs(best[0] - percentile) ? point : best,
    )
  t.equal(points[0]![0], 0)
  for (const [percentile, value] of [
    [90, 900],
    [99, 990],
  ] as const) {
    t.equal(near(percentile)[0], percentile)
    t.ok(Math.abs(near(percentile)[1] / value - 1) < 0.002, `p${percentile} is ${value}`)
  }
  t.ok(Math.abs(points.at(-1)![0] - 99.9) < 1e-6, 'a thousand values have no percentile above 99.9')
  t.same(percentilePoints(newHistogram()).length > 0, true, 'an empty one does no harm')
})

t.test('the page', async t => {
  const report: Report = {
    suite: 'evil & <sons>',
    what: '<script>alert(1)</script>',
    columns: ['', 'p50'],
    rows: [
      ['postmeter', 1.5],
      ['prom-client', Number.NaN],
    ],
    figures: [
      { what: 'a figure', wanted: { atMost: 1 }, unit: ' x', measured: 1.5 },
      { what: 'a time', unit: ' ms', measured: 2.5 },
    ],
    notes: ['a "note"'],
    curves: [
      percentileCurve('percentiles', 'ns', [
        ['postmeter', thousand()],
        ['<b>another</b>', thousand()],
      ]),
      costCurve('cost', 'ns a series', [
        [
          'postmeter',
          [
            [1, 100],
            [1e6, 10],
          ],
        ],
      ]),
    ],
    bars: [
      ratioBars('ratios', 'x', [
        ['postmeter', 1.2],
        ['prom-client', 50],
        ['nothing', Number.NaN],
      ]),
    ],
  }
  const machine = thisMachine(new Date('2024-01-02T03:04:05Z'))
  const html = await page({ machine, quick: true, reports: [report] })

  t.notMatch(html, /<script|<link|<iframe|<img|@import|url\(/i, 'neither scripts nor other files')
  t.same(
    [...new Set(html.match(/https?:[^"' <]+/g))].filter(url => !url.startsWith('http://www.w3.org/')),
    [],
    'no address but the names of XML',
  )
  t.equal(html.match(/<svg /g)!.length, 3, 'curves and bars are drawn')
  t.match(html, '&#60;script&#62;alert(1)', 'what suites say is text')
  t.notMatch(html, '<b>another')
  t.match(html, '2024-01-02 03:04 UTC')
  t.match(html, process.version)
  for (const name of ['prom-client', '@prometheus-io/client'])
    t.match(html, new RegExp(`${name} \\d+\\.\\d+`), `the version of ${name}`)
  t.match(html, 'A quick run')
  t.equal(html.match(/class="short"/g)!.length, 1, 'a figure that is not reached is marked, a time is not')
  t.match(html, '2.50 ms')
  t.notMatch(html, /NaN|undefined|Infinity/)
})

t.test('a figure has a verdict only where it reads the same on every machine', async t => {
  const figure: Figure = { what: 'ratio', wanted: { atMost: 1.5 }, unit: ' x', measured: 1.5 }
  t.equal(reached(figure), true)
  t.equal(reached({ ...figure, measured: 1.6 }), false)
  t.equal(reached({ ...figure, measured: Number.NaN }), false, 'what could not be measured is not reached')
  t.equal(reached({ ...figure, wanted: { atLeast: 2 } }), false)
  t.equal(wantedOf({ ...figure, wanted: { atLeast: 2 } }), 'at least 2 x')
  const time: Figure = { what: 'time', unit: ' ms', measured: 3 }
  t.equal(reached(time), undefined)
  t.equal(wantedOf(time), '')
  // @ts-expect-error: the machine's own, which a faster one reaches and a slower one does not
  const absolute: Figure = { what: 'time', wanted: { atMost: 5 }, unit: ' ms', measured: 3 }
  t.ok(absolute, 'a limit on milliseconds does not compile')
})

t.test('the pages in Markdown', async t => {
  const report = (suite: string, rows: Report['rows'], figures: readonly Figure[]): Report => ({
    suite,
    what: '',
    columns: ['', 'p50', 'p90'],
    rows,
    figures,
    notes: [],
  })
  const run: Run = {
    machine: thisMachine(new Date('2024-01-02T03:04:05Z')),
    quick: false,
    reports: [
      report(
        'recording',
        [
          ['plain objects', 2, 9],
          ['postmeter counter', 2.5, 9],
          ['prom-client counter', 250, 900],
        ],
        [
          { what: 'kept', wanted: { atMost: 1.25 }, unit: ' x', measured: 1.1 },
          { what: 'missed', wanted: { atLeast: 2 }, unit: ' x', measured: 1 },
        ],
      ),
      report(
        'encoding',
        [['postmeter, counters as text', 20, 30]],
        [{ what: 'a time', unit: ' ms', measured: 3.0555 }],
      ),
      { ...report('scrape', [], []), served: 'uWebSockets.js 20.57.0' },
      { ...report('front', [], []), served: 'uWebSockets.js 20.57.0' },
    ],
  }
  const readme = comparison(run, 'docs/figures.svg')
  t.match(readme, '| median | postmeter | prom-client | bare floor |')
  t.match(readme, '| counter | 2.5 ns | 100 x | 0.8 x |')
  t.match(readme, '| a series as text | 20 ns |  |  |')
  t.match(readme, /!\[.+\]\(docs\/figures\.svg\)/)
  t.match(readme, `Measured on 2024-01-02 with Node ${process.version}`)
  t.notMatch(readme, /kept|missed|a time/, 'the figures to reach stand elsewhere')

  const page = figuresPage(run)
  t.match(page, '| kept | at most 1.25 x | 1.1 x |')
  t.match(page, '| missed | at least 2 x | 1 x (short) |')
  t.match(page, '| a time | 3.06 ms |', 'what has no verdict is shown apart')
  t.match(page, `Scrapes were served through uWebSockets.js 20.57.0 on Node ${process.version}.`)
  t.notMatch(readme, /served through/, 'nothing is scraped for what stands in the README')

  const { figures } = JSON.parse(asJson(run))
  t.same(
    figures.map(({ reached }: { reached: boolean | null }) => reached),
    [true, false, null],
  )
  t.equal(figuresPage(JSON.parse(asJson(run))), page, 'a run that was kept gives the same page')
})
