/** Endpoints that are broken, or mean harm. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { families } from '../../src/cli/top/list.js'
import { Endpoint } from '../../src/cli/top/look/endpoint.js'
import { MOST_FAMILIES } from '../../src/cli/top/look/family.js'
import { Filter } from '../../src/cli/top/look/filter.js'
import { Model } from '../../src/cli/top/look/model.js'
import { Rows } from '../../src/cli/top/look/rows.js'
import { MOST_SERIES } from '../../src/cli/top/look/store.js'
import { TextReader } from '../../src/cli/top/look/text-reader.js'
import { Looks } from './looks.js'

async function serving(t: Test, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics` }
}

const endpointOf = (url: string, model = new Model()) =>
  new Endpoint(url, { timeout: 10_000, headers: {}, now: () => performance.now() }, model)

t.test('of two types of one family in an exposition the first holds, and nothing is lost', async t => {
  const text = (n: number) => `# TYPE a counter\na ${n}\n# TYPE a gauge\n# TYPE b gauge\nb 2\n`
  const looks = new Looks().look(text(0)).look(text(4))
  t.match(looks.families(), [
    { name: 'a', type: 'counter', rate: 2 },
    { name: 'b', value: 2 },
  ])
})

t.test('a type below its samples comes too late, and nothing is lost', async t => {
  const looks = new Looks()
  for (let n = 0; n < 3; n++) {
    looks.look('a 1\n# TYPE a gauge\nb 2\n')
    t.match(looks.families(), [{ name: 'a', type: 'unknown', value: 1 }, { name: 'b' }])
  }
})

t.test('where another program answers, the same look shows what that has', async t => {
  let body = '# TYPE a gauge\na 1\n'
  const { url } = await serving(t, (_, response) => response.end(body))
  const model = new Model()
  const endpoint = endpointOf(url, model)
  await endpoint.look()
  body = '# TYPE a counter\na 5\n'
  await endpoint.look()
  t.match(model.current(), [{ name: 'a', type: 'counter' }])
})

t.test('families that come and go leave room for others, and those that stay keep their rates', async t => {
  const looks = new Looks()
  const size = MOST_FAMILIES * 0.4
  for (let look = 0; look < 4; look++) {
    const some = Array.from({ length: size }, (_, n) => `of_${look}_${n} 1\n`).join('')
    looks.look(`${some}stays_total ${look * 4}\n`)
    t.equal(looks.families().length, size + 1, `look ${look}`)
  }
  t.equal(looks.family('stays_total').rate, 2)
})

t.test('a line of two of one series is left out and counted', async t => {
  const text = (n: number) => `a_total ${n}\na_total ${n + 100}\n`
  const looks = new Looks().look(text(0)).look(text(4))
  t.match(looks.family('a_total'), { series: 1, value: 4, rate: 2 })
  t.match(looks.model, { samples: 1, bad: 1 })
})

t.test('no rate is negative, and what was no number has none', async t => {
  t.equal(new Looks().look('a_total -5\n').look('a_total -10\n').family('a_total').rate, 0)
  t.equal(new Looks().look('a_total NaN\n').look('a_total 1e9\n').family('a_total').rate, undefined)
})

t.test('series beyond what there is room for are counted, until others have gone', async t => {
  const looks = new Looks().look('a 1\n')
  looks.model.store.size = MOST_SERIES + 1
  looks.look('a 2\nb 1\n')
  t.equal(looks.model.beyond, 1)
  t.match(looks.family('a'), { value: 2 }, 'what is known goes on')
  looks.look('a 2\nb 1\n')
  t.equal(looks.model.beyond, 0)
  t.match(looks.family('b'), { value: 1 })
})

t.test('an endpoint with more series than there is room for takes no more memory than that', async t => {
  const model = new Model()
  const [more, block] = [1000, 10_000]
  // Number 0 of the store is no series.
  const count = MOST_SERIES - 1 + more
  model.begin(true, 0)
  const reader = new TextReader(model)
  for (let from = 0; from < count; from += block) {
    const size = Math.min(block, count - from)
    reader.push(Buffer.from(Array.from({ length: size }, (_, n) => `a{n="${from + n}"} 1\n`).join('')))
  }
  reader.end()
  model.end()
  t.equal(model.beyond, more)
  t.match(families(model), [{ name: 'a', series: MOST_SERIES - 1, value: MOST_SERIES - 1 }])
  t.equal(model.store.bytes, MOST_SERIES * 56)
})

t.test('families beyond what there is room for are not shown, and the others go on', async t => {
  const text = (n: number) =>
    Array.from({ length: MOST_FAMILIES + 2000 }, (_, i) => `of_${i}_total ${i + n}\n`).join('')
  const looks = new Looks()
  for (let look = 0; look < 3; look++) looks.look(text(look * 4))
  const all = looks.families()
  t.equal(all.length, MOST_FAMILIES)
  t.ok(all.every(({ rate }) => rate === 2))
  t.equal(looks.model.store.size, MOST_FAMILIES + 1)
})

t.test('of very many names of labels some are kept', async t => {
  const looks = new Looks()
  looks.model.openByName('m')
  const labels = Array.from({ length: 50_000 }, (_, n) => `l${n}=""`).join(',')
  looks.look(`m{${labels}} 1\nm{x="1"} 2\n`)
  t.equal(looks.model.opened!.names.length, 100)
  t.equal(looks.parts().length, 2)
})

t.test('rows have room for many buckets, or there are many of them', async t => {
  const looks = new Looks().look('h_bucket{le="1"} 1\n')
  const rows = new Rows(looks.model.families.get('h')!)
  for (let n = 0; n < 100_000; n++) rows.rowOf([['n', String(n)]])
  t.equal(rows.hasRoomFor(40), true)
  t.equal(rows.hasRoomFor(1999), false)
  t.equal(rows.hasRoomFor(-1), true, 'a count always has')
})

t.test('rows with long labels are as many as there is room for', async t => {
  const rows = new Rows(new Looks().look('g 1\n').model.families.get('g')!)
  const long = 'x'.repeat(2 ** 22)
  let kept = 0
  while (kept < 1000 && rows.rowOf([['n', `${kept}${long}`]]) >= 0) kept++
  t.equal(kept, 15)
})

t.test('a filter takes letters in any case, of any alphabet', async t => {
  const line = Buffer.from('m{to="Übung",of="Ж"}')
  for (const text of ['Übung', 'übUNG', 'ж"', 'M{TO'])
    t.equal(new Filter(text).takes(line, 0, line.length), true, text)
  t.equal(new Filter('ü1').takes(line, 0, line.length), false)
})

t.test('an address that is no URL is a mistake in the command line', async t => {
  for (const address of ['http://[', 'http://127.0.0.1:99999/metrics'])
    t.throws(() => endpointOf(address), /is no URL/)
})
