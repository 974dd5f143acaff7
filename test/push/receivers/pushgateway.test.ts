/** A Pushgateway takes pushes, and exposes them with their grouping key. */
import t from 'tap'
import { needPushgateway } from '../../../scripts/need-pushgateway.js'
import { type PushOptions, push } from '../../../src/index.js'
import { Daemon } from '../../support/daemon.js'
import { everythingAnd } from '../../support/everything.js'
import { getBody } from '../../support/get-body.js'
import { neededOrSkip } from '../../support/need.js'
import { record } from '../../support/oracle.js'
import { fresh } from '../../support/registry.js'

t.setTimeout(120_000)

t.test('a Pushgateway', async t => {
  const programs = await neededOrSkip(t, 'pushgateway', needPushgateway)
  if (programs === undefined) return
  const daemon = await Daemon.start(t, programs.pushgateway, (address, folder) => [
    `--web.listen-address=${address}`,
    `--web.local-assets=${folder}`,
    '--persistence.file=',
  ])
  const log: string[] = []
  const options = (labels: Record<string, string>, more: Partial<PushOptions> = {}): PushOptions => ({
    url: `${daemon.url}/`,
    protocol: 'pushgateway',
    every: '1h',
    labels,
    log: ({ code, message }) => log.push(`${code}: ${message}`),
    ...more,
  })
  const exposed = async (name: string) =>
    (await getBody(`${daemon.url}/metrics`)).split('\n').filter(line => new RegExp(`^${name}[{ ]`).test(line))

  await t.test('PUT takes the place of the group, POST that of the same names', async t => {
    for (const method of ['PUT', 'POST'] as const) {
      const { registry } = fresh(t)
      registry.counter({ name: 'old_total', help: '' }).inc(2)
      const first = await push(registry, options({ job: method }, { method, selfMetrics: false }))
      t.equal(await first.flush(), true)
      await first.close()
      t.same(await exposed('old_total'), [`old_total{instance="",job="${method}"} 2`], 'stays after close()')
      const later = fresh(t).registry
      later.counter({ name: 'new_total', help: '' }).inc(3)
      const second = await push(
        later,
        options({ job: method }, { method, withdraw: true, selfMetrics: false }),
      )
      t.equal(await second.flush(), true)
      t.same(await exposed('new_total'), [`new_total{instance="",job="${method}"} 3`])
      t.equal((await exposed('old_total')).length, method === 'PUT' ? 0 : 1)
      await second.close()
      t.same([...(await exposed('new_total')), ...(await exposed('old_total'))], [], 'DELETE')
    }
  })

  await t.test('grouping keys of all sorts', async t => {
    for (const instance of ['a/b', '/', '', '.', '..', 'é', 'a b', '%2F']) {
      const { registry } = fresh(t)
      registry.counter({ name: 'sent_total', help: '' }).inc()
      const labels = { job: 'a/ü', zone: 'z', instance }
      const pushed = await push(registry, options(labels, { selfMetrics: false, withdraw: true }))
      t.equal(await pushed.flush(), true)
      t.same(await exposed('sent_total'), [`sent_total{instance="${instance}",job="a/ü",zone="z"} 1`])
      await pushed.close()
      t.same(await exposed('sent_total'), [])
    }
  })

  await t.test('a registry that has everything', async t => {
    const model = everythingAnd(25)
    const { registry } = fresh(t, { memory: '64MiB', labels: model.defaults })
    record(registry, model)
    const pushed = await push(registry, options({ job: 'all' }, { prefix: 'p_' }))
    t.equal(await pushed.flush(), true)
    const text = await registry.metrics({ prefix: 'p_', selfMetrics: false })
    const count = (text: string) => text.split('\n').filter(line => /^p_(?!postmeter_)/.test(line)).length
    t.equal(count(await getBody(`${daemon.url}/metrics`)), count(text))
    await pushed.close()
  })
  t.same(log, [])
})
