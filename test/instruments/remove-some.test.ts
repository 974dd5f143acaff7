/** remove() by some of the labels. */
import fc from 'fast-check'
import t from 'tap'
import { anyText, SEED } from '../support/arbitrary.js'
import { fresh, samples } from '../support/registry.js'

t.test('all series with these values, and no others', async t => {
  const { registry } = fresh(t)
  const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['domain', 'code', 'peer'] })
  for (const domain of ['a.example', 'b.example']) {
    for (const code of [250, 451]) counter.inc({ domain, code, peer: 'x' })
  }
  t.equal(counter.remove({ domain: 'a.example' }), true)
  t.strictSame(samples(await registry.metrics()), [
    'c_total{domain="b.example",code="250",peer="x"} 1',
    'c_total{domain="b.example",code="451",peer="x"} 1',
  ])
  t.equal(counter.remove({ domain: 'a.example' }), false, 'there is none any more')
  t.equal(counter.remove({ code: 451, peer: 'x' }), true)
  t.strictSame(samples(await registry.metrics()), ['c_total{domain="b.example",code="250",peer="x"} 1'])
  counter.inc({ domain: 'a.example', code: 250, peer: 'x' })
  t.equal(registry.value('c_total', { domain: 'a.example', code: '250', peer: 'x' }), 1, 'begins anew')
})

t.test('what is no label of it, or no value, is refused, and removes nothing', async t => {
  const { registry } = fresh(t)
  const gauge = registry.gauge({ name: 'g', help: 'h', labelNames: ['x', 'y'] })
  gauge.set({ x: '1', y: '2' }, 1)
  t.throws(() => gauge.remove({ x: '1', z: '2' } as never), {
    code: 'ERR_POSTMETER_LABEL',
    message: /label "z" is not known/,
  })
  t.throws(() => gauge.remove({ x: undefined } as never), {
    code: 'ERR_POSTMETER_LABEL',
    message: /label "x" is missing/,
  })
  t.throws(() => gauge.remove({} as never), { code: 'ERR_POSTMETER_LABEL' })
  t.equal(samples(await registry.metrics()).length, 1)
})

t.test(`any value, seed ${SEED}`, async () => {
  const property = fc.asyncProperty(
    fc.uniqueArray(anyText, { minLength: 1, maxLength: 5 }),
    anyText,
    async (texts, other) => {
      const { registry } = fresh({ teardown: () => {} }, { memory: '4MiB' })
      const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['a', 'b', 'c'] })
      for (const b of texts) counter.inc({ a: other, b, c: b })
      const [first] = texts
      const known = counter.remove({ b: first, a: other })
      const left = samples(await registry.metrics()).length
      await registry.close()
      const wellFormed = new Set(texts.map(text => text.toWellFormed()))
      return known && left === wellFormed.size - 1
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: 50 })
})
