/** createRegistry({ file }): processes that know nothing of each other meet, and a service that starts again goes on. */
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import t from 'tap'
import type { RegistryOptions } from '../../src/index.js'
import { sharedFolder } from '../support/folder.js'
import { Process } from '../support/process.js'

const NAME = 'of a file'

/** A process that nobody has told of the registry, and that makes it or meets others in it. */
async function starts(
  t: Parameters<typeof sharedFolder>[0],
  file: RegistryOptions['file'],
  more: RegistryOptions = {},
) {
  const started = new Process(t)
  await started.call('create', { name: NAME, memory: '8MiB', file, ...more })
  return started
}

t.test('processes that know nothing of each other record into one registry', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const one = await starts(t, path)
  const two = await starts(t, path)
  await one.call('inc', 'c_total', 'a', 3)
  await two.call('inc', 'c_total', 'a', 4)
  await two.call('inc', 'c_total', 'b')
  t.equal(await one.call('value', 'c_total', 'a'), 7)
  t.match(await one.call('metrics'), /c_total\{x="b"\} 1/)
  t.equal(statSync(path).mode & 0o777, 0o600)
  await one.kill()
  t.equal(await two.call('value', 'c_total', 'a'), 7, 'what a dead one counted stays')
  const three = await starts(t, path)
  await three.call('inc', 'c_total', 'a')
  t.equal(await two.call('value', 'c_total', 'a'), 8)
})

t.test('children of each find it by their environment', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const one = await starts(t, path)
  await one.call('spawn')
  await one.call('below', 'get', NAME)
  await one.call('below', 'inc', 'c_total', 'child')
  await one.call('inc', 'c_total', 'parent')
  t.equal(await one.call('value', 'c_total', 'child'), 1)
})

t.test('counts go on when all have ended and the service starts again; gauges begin anew', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const first = await starts(t, path)
  await first.call('inc', 'c_total', 'a', 5)
  await first.call('observe', 'h', 'a', 1.5)
  await first.call('set', 'g', 'sum', 7)
  await first.call('set', 'low', 'min', 7)
  const created = await first.call<string>('created')
  await first.kill()
  t.ok(existsSync(path))
  const second = await starts(t, path)
  t.equal(await second.call('metrics'), '', 'nothing is exposed that nobody has registered since')
  await second.call('inc', 'c_total', 'a')
  t.equal(await second.call('value', 'c_total', 'a'), 6)
  await second.call('observe', 'h', 'a', 1.5)
  t.match(await second.call('value', 'h', 'a'), { count: 2, sum: 3 })
  await second.call('set', 'g', 'sum', 1)
  await second.call('set', 'low', 'min', 9)
  t.equal(await second.call('value', 'g'), 1)
  t.equal(await second.call('value', 'low'), 9)
  const line = /c_created.*/
  t.match(created, line)
  const now = await second.call<string>('created')
  t.equal(now.match(line)?.[0], created.match(line)?.[0], 'made when it was')
  await second.call('close')
  await second.kill('SIGTERM')
  const third = await starts(t, path)
  await third.call('inc', 'c_total', 'a')
  t.equal(await third.call('value', 'c_total', 'a'), 7, 'after a clean end, too')
  t.strictSame(readdirSync(path.replace('/metrics', '')), ['metrics'], 'and nothing else is in its directory')
})

t.test('with keep: false nothing goes on', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const first = await starts(t, { path, keep: false })
  await first.call('inc', 'c_total', 'a', 5)
  const beside = await starts(t, { path, keep: false })
  await beside.call('inc', 'c_total', 'a')
  t.equal(await beside.call('value', 'c_total', 'a'), 6, 'while one lives, it goes on')
  await first.kill()
  await beside.kill()
  const second = await starts(t, { path, keep: false })
  await second.call('inc', 'c_total', 'a')
  t.equal(await second.call('value', 'c_total', 'a'), 1)
})

t.test('options that nobody lives to object to are the newcomer’s', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const first = await starts(t, path, { labels: { node: 'a' } })
  await first.call('inc', 'c_total', 'a')
  await t.rejects(
    starts(t, path, { labels: { node: 'b' } }),
    /ERR_POSTMETER_CONFLICT/,
    'as long as one lives',
  )
  await first.kill()
  const second = await starts(t, path, { labels: { node: 'b' }, maxSeries: 10 })
  await second.call('inc', 'c_total', 'a')
  t.match(await second.call('metrics'), /c_total\{node="b",x="a"\} 2/)
})

t.test('another size of memory makes it anew, and says so', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const first = await starts(t, path)
  await first.call('inc', 'c_total', 'a')
  await first.kill()
  const second = await starts(t, path, { memory: '16MiB' })
  await second.call('inc', 'c_total', 'a')
  t.equal(await second.call('value', 'c_total', 'a'), 1)
  t.match(await second.call('events'), [
    { code: 'file-replaced', message: /option "memory" is another one now/ },
  ])
})

t.test('many that start at once come to be in one file', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const all = await Promise.all(Array.from({ length: 8 }, () => starts(t, path)))
  await Promise.all(all.map(one => one.call('inc', 'c_total', 'a', 10)))
  t.equal(await all[0]!.call('value', 'c_total', 'a'), 80)
  for (const one of all) await one.kill()
  const again = await Promise.all(Array.from({ length: 8 }, () => starts(t, path)))
  await Promise.all(again.map(one => one.call('inc', 'c_total', 'a', 10)))
  t.equal(await again[0]!.call('value', 'c_total', 'a'), 160)
})

t.test('a file that is removed is said so, and the process goes on', async t => {
  const folder = sharedFolder(t)
  const one = await starts(t, `${folder}/metrics`, { sweepEvery: 50 })
  chmodSync(folder, 0o700)
  await one.call('unlink', `${folder}/metrics`)
  await one.call('event', 'file-lost')
  await one.call('inc', 'c_total', 'a')
  t.equal(await one.call('value', 'c_total', 'a'), 1)
})
