/** `expireAfter: 'never'`: a family that opts out of the registry's default. */
import t from 'tap'
import { createRegistry } from '../../src/index.js'
import { F_EXPIRE_AFTER } from '../../src/memory/layout.js'
import { familyOf, fresh } from '../support/registry.js'
import { until } from '../support/until.js'

const help = ''
const labelNames = ['x'] as const
const x = 'a'

t.test('series of a family that says never stay, whatever the registry says', async t => {
  const { registry } = fresh(t, { expireAfter: 20, sweepEvery: 10 })
  const never = { help, labelNames, expireAfter: 'never' } as const
  registry.counter({ name: 'stays', ...never }).inc({ x })
  registry.gauge({ name: 'stays_gauge', ...never }).set({ x }, 0)
  registry.gauge({ name: 'stays_untouched', ...never, expire: 'untouched' }).set({ x }, 1)
  registry.histogram({ name: 'stays_histogram', ...never }).observe({ x }, 1)
  registry.summary({ name: 'stays_summary', ...never }).observe({ x }, 1)
  for (let round = 0; round < 3; round++) {
    registry.counter({ name: 'goes', help, labelNames }).inc({ x })
    await until('the others go', () => registry.value('goes', { x }) === undefined)
  }
  t.same(
    (await registry.metrics()).match(/^\w+(?<!_sum)\{x="a"\}/gm),
    ['stays', 'stays_gauge', 'stays_histogram_count', 'stays_summary_count', 'stays_untouched'].map(
      name => `${name}{x="a"}`,
    ),
    'and these are still exposed',
  )
})

t.test('a registry that says never is one that says nothing', async t => {
  const { registry, arena } = fresh(t, { expireAfter: 'never' })
  t.equal(createRegistry({ name: registry.name, memory: '16MiB' }), registry)
  const expiry = (name: string) => arena.i32[familyOf(arena, name).ref * 2 + F_EXPIRE_AFTER]
  registry.counter({ name: 'c', help, labelNames })
  t.equal(expiry('c'), 0)
  registry.counter({ name: 'd', help, labelNames, expireAfter: '10m' })
  t.equal(expiry('d'), 600_000, 'its families can say otherwise')
})

t.test('what is no time to expire after is refused, and never elsewhere', async t => {
  const { registry } = fresh(t)
  for (const expireAfter of ['Never', 'forever', '', 0, -1, null, Number.POSITIVE_INFINITY]) {
    const bad = { name: 'c', help, expireAfter } as never
    t.throws(
      () => registry.counter(bad),
      /option "expireAfter": .* (is not a duration .*or 'never'|is not from)/,
    )
    t.throws(() => fresh(t, { expireAfter } as never), /option "expireAfter"/)
  }
  t.throws(
    () => registry.summary({ name: 's', help, maxAge: 'never' }),
    /option "maxAge": "never" is not a duration/,
  )
  t.throws(() => fresh(t, { sweepEvery: 'never' }), /option "sweepEvery": "never" is not a duration/)
})
