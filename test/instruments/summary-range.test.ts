/** A summary counts every finite value from 0 up; its quantiles are of a range. */
import t from 'tap'
import type { SummaryValue } from '../../src/index.js'
import { fresh, samples } from '../support/registry.js'

t.test(
  'quantiles show values above 2^40 as 2^40, and values below 2^-30 as 0; count and sum are of all',
  async t => {
    for (const significantDigits of [1, 2, 5]) {
      const { registry } = fresh(t)
      const large = registry.summary({ name: 'large', help: '', quantiles: [0, 0.5, 1], significantDigits })
      const values = [2 ** 39, 2 ** 41, 2 ** 53, Number.MAX_VALUE / 4]
      for (const value of values) large.observe(value)
      const value = registry.value('large') as SummaryValue
      t.equal(value.count, 4)
      t.equal(value.sum, 2 ** 39 + 2 ** 41 + 2 ** 53 + Number.MAX_VALUE / 4)
      const [[, least], [, middle], [, most]] = value.quantiles
      const near = (value: number, of: number) => Math.abs(value / of - 1) <= 10 ** -significantDigits
      t.ok(near(least, 2 ** 39), `${least} is 2^39 yet`)
      t.ok(near(middle, 2 ** 40), `${middle} is 2^40`)
      t.ok(near(most, 2 ** 40), `${most} is 2^40`)
      const small = registry.summary({ name: 'small', help: '', quantiles: [1], significantDigits })
      for (const value of [0, 5e-324, 2 ** -31]) small.observe(value)
      t.same(registry.value('small'), { count: 3, sum: 2 ** -31 + 5e-324, quantiles: [[1, 0]] })
      t.equal(samples(await registry.metrics()).length, 8, 'and the scrape is well')
    }
  },
)
