import t from 'tap'
import { serve } from '../../src/front/serve.js'
import { createRegistry } from '../../src/index.js'
import { fresh, samples } from '../support/registry.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(60_000)

for (const transport of ['auto', 'http'] as const) {
  t.test(`the metrics of a front itself, transport ${transport}`, async t => {
    const { registry } = fresh(t)
    registry.counter({ name: 'a_total', help: 'a' }).inc()
    const front = await serve(registry, { listen: '127.0.0.1:0', transport })
    const raw = await Raw.open(front.address.port)
    for (let n = 0; n < 3; n++) await raw.send(get('/metrics')).answer()
    await raw.send(get('/metrics.json')).answer()
    await raw.send(get('/x')).answer()
    await raw.send(get('/metrics', 'Authorization: x')).answer()
    const counted = (text: string) =>
      samples(text).filter(line => /^postmeter_(scrapes_total|requests_denied|requests_in)/.test(line))
    let lines: string[] = []
    await until(
      'all are counted',
      () => registry.value('postmeter_requests_denied_total', { reason: 'path' }) === 1,
    )
    lines = counted((await raw.send(get('/metrics')).answer()).body.toString())
    t.same(lines, [
      'postmeter_requests_denied_total{reason="path"} 1',
      'postmeter_requests_denied_total{reason="authorization"} 1',
      'postmeter_requests_in_flight 1',
      'postmeter_scrapes_total{status="200",format="text"} 3',
      'postmeter_scrapes_total{status="200",format="json"} 1',
    ])
    await until('five scrapes', () => {
      const value = registry.value('postmeter_scrape_duration_seconds')
      return typeof value === 'object' && value.count === 5
    })
    t.match(registry.value('postmeter_scrape_size_bytes'), { count: 5 })
    t.ok((registry.value('postmeter_scrape_bytes_total') as number) > 5000)
    t.notMatch(
      await registry.metrics(),
      /postmeter_scrapes_total/,
      'they are exposed only if they are asked for',
    )
    await front.close()
    raw.close()
  })
}

t.test(
  'with default labels of the same name it serves all the same, and says why it does not count',
  async t => {
    const events: string[] = []
    const registry = createRegistry({ name: 'clash', labels: { status: 'x' } })
    t.teardown(() => registry.close())
    registry.counter({ name: 'a_total', help: 'a' }).inc()
    const front = await serve(registry, { listen: '127.0.0.1:0', log: ({ code }) => events.push(code) })
    t.match(await (await fetch(front.url)).text(), /^a_total\{status="x"\} 1$/m)
    t.same(events, ['front-uncounted', 'front-transport'])
    await front.close()
  },
)
