import t from 'tap'
import { newHistogram } from '../../bench/harness/statistics.js'
import { costCurve, percentileCurve, percentilePoints, ratioBars } from '../../bench/report/curves.js'
import { thisMachine } from '../../bench/report/machine.js'
import type { Report } from '../../bench/report/model.js'
import { page } from '../../bench/report/page.js'

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
  t.ok(Math.abs(points.at(-1)![0] - 99.9) < 1e-6, 'a thousand values tell no percentile above 99.9')
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
    figures: [{ what: 'a figure', wanted: { atMost: 1 }, unit: ' x', measured: 1.5 }],
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
  t.match(html, 'class="short"', 'a figure that is not reached is marked')
  t.notMatch(html, /NaN|undefined|Infinity/)
})
