/** What the page takes for an answer of its front, and what it does not. */
import fc from 'fast-check'
import t from 'tap'
import { isAnswer, isFamilies } from '../../src/front/page/shape.js'

const bucket = { count: 3, sum: null, buckets: [[null, 3]] }
const summary = { count: 3, sum: 1, quantiles: [[0.5, null]] }
const line = { label: 'a', series: 1, value: 5 }
const panel = { name: 'a', type: 'counter', series: 1, total: 5, lines: [line] }
const answer = (...panels: unknown[]) => ({ time: 5, started: 1, every: 2000, panels })

t.test('all that a front says is an answer', async t => {
  for (const total of [5, null, bucket, summary])
    t.ok(isAnswer(answer({ ...panel, total, others: { series: 2, value: total } }), 1))
  t.ok(
    isAnswer(
      answer(
        { name: 'a', problem: 'unknown' },
        { ...panel, by: 'l', partial: true, seconds: 2, increase: 5 },
      ),
      2,
    ),
  )
})

t.test('what lacks a part of it, or has another in its place, is none', async t => {
  const strange: Record<string, unknown> = {
    nothing: null,
    'a list': [],
    'no panels': { time: 5, started: 1, every: 2000 },
    'fewer panels': answer(),
    'panels of nothing': answer(null),
    'no start': { time: 5, every: 2000, panels: [panel] },
    'an increase that is a text': answer({ ...panel, seconds: 2, increase: '5' }),
    'no time': { ...answer(panel), time: null },
    'a pause that is a text': { ...answer(panel), every: '2000' },
    'a pause below zero': { ...answer(panel), every: -5 },
    'a pause that no clock counts to': { ...answer(panel), every: 1e12 },
    'no pause at all': { ...answer(panel), every: 0 },
    'no lines': answer({ ...panel, lines: undefined }),
    'a line without a value': answer({ ...panel, lines: [{ label: 'a', series: 1 }] }),
    'a line without a label': answer({ ...panel, lines: [{ ...line, label: 5 }] }),
    'a value that is a text': answer({ ...panel, total: '5' }),
    'a type that there is not': answer({ ...panel, type: 'constructor' }),
    'buckets without counts': answer({ ...panel, total: { count: 3, sum: 1, buckets: [[5]] } }),
    'others without a value': answer({ ...panel, others: {} }),
  }
  for (const [name, what] of Object.entries(strange)) t.notOk(isAnswer(what, 1), name)
})

t.test('a list of families is one, and nothing else is', async t => {
  const family = { name: 'a', type: 'gauge', help: '', labels: ['l'], series: 5 }
  t.ok(isFamilies({ families: [] }))
  t.ok(isFamilies({ families: [family, { ...family, unit: 'bytes' }] }))
  for (const strange of [null, [], {}, { families: {} }, { families: [null] }])
    t.notOk(isFamilies(strange), JSON.stringify(strange))
  for (const key of Object.keys(family)) t.notOk(isFamilies({ families: [{ ...family, [key]: {} }] }), key)
})

t.test('whatever JSON it is, it is looked at without an error', async () => {
  fc.assert(
    fc.property(fc.jsonValue(), what => {
      isAnswer(what, 1)
      isFamilies(what)
      isAnswer(answer(what), 1)
      isFamilies({ families: [what] })
    }),
  )
})
