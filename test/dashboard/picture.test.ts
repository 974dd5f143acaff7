/** A view as it lives: lines, rows of its table, colours, problems. */
import t from 'tap'
import type { FamilyType, PanelAnswer, PanelData, Value } from '../../src/front/contract/dashboard.js'
import { presetView } from '../../src/front/page/choice.js'
import { COLOURS, Picture } from '../../src/front/page/picture.js'
import { familyView, panelOf, type View } from '../../src/front/page/views.js'
import { mail } from './mail.js'

const families = new Map(mail.map(family => [family.name, family]))
const panel = (
  name: string,
  type: FamilyType,
  total: Value,
  lines: Record<string, Value> = {},
): PanelData => ({
  ...{ name, type, total, series: 7 },
  lines: Object.entries(lines).map(([label, value]) => ({ label, series: 1, value })),
})

/** A picture that was given some answers, two seconds apart. */
function pictureOf(view: View, ...answers: readonly (readonly PanelAnswer[])[]): Picture {
  const picture = new Picture(view)
  for (const [n, panels] of answers.entries())
    picture.take(2 * n, new Map(view.parts.map((part, at) => [panelOf(part), panels[at]!])), families)
  return picture
}

const rows = (picture: Picture) =>
  picture.lines.map(({ name, cells }) => [name, ...cells].map(text => text.replaceAll('\u00a0', ' ')))

t.test('a gauge that is not split has one line', async t => {
  const picture = pictureOf(familyView('mail_queued'), [panel('mail_queued', 'gauge', 12)])
  t.same(rows(picture), [['all series', '12']])
  t.same(picture.columns, ['now'])
})

t.test('a counter says its rate, and how much it has counted', async t => {
  const of = (total: number) => [panel('a_total', 'counter', total)]
  t.same(
    rows(pictureOf(familyView('a_total'), of(100))),
    [['all series', '–', '100']],
    'which it knows at once',
  )
  const picture = pictureOf(familyView('a_total'), of(100), of(130))
  t.same([picture.columns, rows(picture)], [['rate', 'total'], [['all series', '15/s', '130']]])
})

t.test('a family that is split has a line of each value, and of the others', async t => {
  const split = {
    ...panel('q', 'gauge', 100, { 'a.example': 60, '': 30 }),
    others: { series: 1998, value: 10 },
  }
  const picture = pictureOf(familyView('q', 'domain'), [split])
  t.same(rows(picture), [
    ['a.example', '60'],
    ['(empty)', '30'],
    ['1,998 others', '10'],
  ])
  t.equal(picture.colourOf('others'), COLOURS, 'which have a colour of their own')
})

t.test('a value that would change how its row looks is written so that it does not', async t => {
  const lines = { '\u202egnp.exe': 3, 'a\nb\u0007': 2, 'é ש': 1 }
  const picture = pictureOf(familyView('q', 'd'), [panel('q', 'gauge', 6, lines)])
  t.same(rows(picture), [
    ['\\u202egnp.exe', '3'],
    ['a\\u000ab\\u0007', '2'],
    ['é ש', '1'],
  ])
})

t.test('of a histogram the quantiles are drawn, and the rate to a scale of its own', async t => {
  const of = (count: number): PanelData[] => [
    panel(
      'wait_seconds',
      'histogram',
      {
        count,
        sum: 1,
        buckets: [
          [0.2, count],
          [null, count],
        ],
      },
      { 'a="b"': null },
    ),
  ]
  const picture = pictureOf(familyView('wait_seconds'), of(0), of(10))
  t.same(rows(picture), [
    ['p50', '100 ms'],
    ['p90', '180 ms'],
    ['p99', '198 ms'],
    ['rate', '5/s'],
  ])
  t.same(
    picture.lines.filter(({ isRate }) => isRate).map(({ name }) => name),
    ['rate'],
  )
})

t.test('of a histogram that is split, each line is the p90', async t => {
  const value = (count: number): Value => ({
    count,
    sum: 1,
    buckets: [
      [0.2, count],
      [null, count],
    ],
  })
  const of = (count: number) => [panel('wait_seconds', 'histogram', value(count), { smtp: value(count) })]
  const picture = pictureOf(familyView('wait_seconds', 'service'), of(0), of(10))
  t.same(picture.columns, ['p50', 'p90', 'p99', 'rate'])
  t.same(rows(picture), [['smtp', '100 ms', '180 ms', '198 ms', '5/s']])
  t.equal(picture.lines[0]!.value, 0.18)
})

t.test('the flow of mail counts a message once, whatever parts a service has', async t => {
  const flow = presetView('mail-flow', families)!
  const of = (n: number) =>
    flow.parts.map(({ family }) =>
      panel(family, 'counter', 4 * n, {
        smtp_client: n,
        lmtp_client: n,
        'smtp_client:out-1->mx.example@smtp_client': n,
        'lmtp_client:out-1->x@lmtp_client': n,
      }),
    )
  const picture = pictureOf(flow, of(0), of(20))
  t.same(
    rows(picture),
    ['received', 'delivered', 'deferred', 'bounced'].map(name => [name, '20/s']),
  )
})

t.test('where services have no totals, what there is counts', async t => {
  const flow = {
    ...presetView('mail-flow', families)!,
    parts: presetView('mail-flow', families)!.parts.slice(0, 1),
  }
  const of = (n: number) => [panel('total_messages_received', 'counter', n, { 'esmtp_listener:25': n })]
  t.same(rows(pictureOf(flow, of(0), of(20))), [['received', '10/s']])
})

t.test('lines keep their colours as long as they are shown, and no two have the same', async t => {
  const view = familyView('q', 'd')
  const picture = new Picture(view)
  const take = (time: number, ...labels: string[]) =>
    picture.take(
      time,
      new Map([['q/d', panel('q', 'gauge', 1, Object.fromEntries(labels.map(label => [label, 1])))]]),
      families,
    )
  take(1, 'a', 'b', 'c')
  const before = new Map(['a', 'c'].map(label => [label, picture.colourOf(`=${label}`)]))
  take(2, 'c', 'd', 'a', 'e')
  for (const [label, colour] of before) t.equal(picture.colourOf(`=${label}`), colour, label)
  const colours = ['c', 'd', 'a', 'e'].map(label => picture.colourOf(`=${label}`))
  t.equal(new Set(colours).size, 4)
})

t.test('what is missing is said, and the rest is drawn', async t => {
  const flow = presetView('in-hand', families)!
  const picture = pictureOf(flow, [
    panel('message_count', 'gauge', 5),
    { name: 'scheduled_count_total', problem: 'unknown' },
    { name: 'ready_count', problem: 'busy' },
  ])
  t.same(rows(picture), [['in hand', '5']])
  t.match(picture.problems, [/no family scheduled_count_total/, /too busy to look at ready_count/])
})

t.test('what is shown is said in a sentence, too', async t => {
  const picture = pictureOf(familyView('q', 'd'), [panel('q', 'gauge', 1, { a: 3, b: 4 })])
  t.equal(picture.summary(), 'q by d, now: a 3; b 4')
  t.match(new Picture(familyView('q')).summary(), /nothing to draw yet/)
})

t.test('a series without labels is the value of its family', async t => {
  const picture = pictureOf(familyView('q'), [{ ...panel('q', 'gauge', 5, { '': 5 }), series: 1 }])
  t.same(rows(picture), [['value', '5']])
})

t.test('few series that are not split have a line each', async t => {
  const picture = pictureOf(familyView('q'), [panel('q', 'gauge', 5, { 'a="1"': 2, 'a="2"': 3 })])
  t.same(rows(picture), [
    ['a="1"', '2'],
    ['a="2"', '3'],
  ])
})

t.test('where the server did not hold all values of a label, that is said', async t => {
  const picture = pictureOf(familyView('q', 'd'), [
    { ...panel('q', 'gauge', 5, { a: 2 }), by: 'd', partial: true },
  ])
  t.match(picture.problems, [/more values of d than the server holds/])
})

t.test(
  'an answer once more, or right behind another one, says nothing of rates, and is left out',
  async t => {
    const view = familyView('a_total')
    const picture = new Picture(view)
    const take = (time: number, total: number) =>
      picture.take(time, new Map([['a_total', panel('a_total', 'counter', total)]]), families)
    take(10, 0)
    take(10, 0)
    take(10.1, 50)
    take(12, 100)
    t.same([picture.history.times, picture.lines[0]!.value], [[10, 12], 50])
  },
)

t.test('a picture that begins anew compares with nothing that was before', async t => {
  const picture = new Picture(familyView('a_total'))
  const take = (time: number, total: number) =>
    picture.take(time, new Map([['a_total', panel('a_total', 'counter', total)]]), families)
  take(10, 0)
  take(12, 10)
  t.equal(picture.lines[0]!.value, 5)
  picture.begin()
  take(14, 5000)
  t.equal(picture.lines[0]!.value, null)
})
