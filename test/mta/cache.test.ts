import t, { type Test } from 'tap'
import { AnswerCache } from '../../scripts/mta/cache.js'
import { createRegistry } from '../../src/index.js'
import { mtaMetrics } from '../../src/mta.js'

let registries = 0

function bench(t: Test) {
  const registry = createRegistry({ name: `cache${registries++}` })
  t.teardown(() => registry.close())
  const clock = { time: 1, now: () => clock.time }
  const asked: string[] = []
  const cache = new AnswerCache<{ of: string }>({
    name: 'c',
    capacity: 2,
    ttlMs: 1000,
    clock,
    metrics: mtaMetrics(registry),
    populate: async key => {
      asked.push(key)
      if (key === 'bad') throw new Error('no answer')
      return { of: key }
    },
  })
  const count = (what: string) => registry.value(`lruttl_${what}`, { cache_name: 'c' })
  return { cache, clock, asked, count }
}

t.test('callers who ask for the same meanwhile share its answer; later it is known', async t => {
  const { cache, asked, count } = bench(t)
  const answers = Promise.all([cache.get('a'), cache.get('a')])
  t.equal(count('waiting_populate'), 2)
  t.strictSame(await answers, [{ of: 'a' }, { of: 'a' }])
  t.equal(count('waiting_populate'), 0)
  t.strictSame(cache.get('a'), { of: 'a' }, 'at once')
  t.strictSame(asked, ['a'])
  t.equal(count('lookup_count'), 3)
  t.equal(count('miss_count'), 2)
  t.equal(count('hit_count'), 1)
  t.equal(count('insert_count'), 1)
  t.equal(count('populated_count'), 1)
  t.equal(count('cache_size'), 1)
  t.equal(count('stale_count'), 0)
})

t.test('the least recently used makes room', async t => {
  const { cache, asked, count } = bench(t)
  await cache.get('a')
  await cache.get('b')
  cache.get('a')
  await cache.get('c')
  t.equal(count('evict_count'), 1)
  t.equal(count('cache_size'), 2)
  t.strictSame(cache.get('a'), { of: 'a' })
  await cache.get('b')
  t.strictSame(asked, ['a', 'b', 'c', 'b'])
})

t.test('what has outlived its time is asked for again', async t => {
  const { cache, clock, asked, count } = bench(t)
  await cache.get('a')
  clock.time += 999
  t.strictSame(cache.get('a'), { of: 'a' })
  clock.time += 2
  await cache.get('a')
  t.strictSame(asked, ['a', 'a'])
  t.equal(count('expire_count'), 1)
  t.equal(count('evict_count'), 0)
  t.equal(count('cache_size'), 1)
})

t.test('a question that fails rejects for all who asked, and may be asked again', async t => {
  const { cache, asked, count } = bench(t)
  const both = [cache.get('bad'), cache.get('bad')].map(answer => Promise.resolve(answer))
  for (const answer of both) await t.rejects(answer, { message: 'no answer' })
  t.equal(count('error_count'), 1)
  t.equal(count('waiting_populate'), 0)
  await t.rejects(Promise.resolve(cache.get('bad')))
  t.strictSame(asked, ['bad', 'bad'])
  t.equal(count('error_count'), 2)
  t.equal(count('insert_count'), 0)
})
