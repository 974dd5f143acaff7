/** AggregatorRegistry over node:cluster: by messages where each process has a registry of its own, from memory else. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { home } from '../../src/prom-client/home.js'
import { AggregatorRegistry, ClusterRegistry, Counter, Registry } from '../../src/prom-client.js'

function primary(t: Test, env: Record<string, string>): ChildProcess {
  const file = fileURLToPath(new URL('../fixtures/prom-client-cluster.js', import.meta.url))
  const child = fork(file, { env: { ...process.env, ...env } })
  t.teardown(() => child.kill())
  return child
}

t.test('each worker with a registry of its own', async t => {
  const [{ text }] = await once(primary(t, {}), 'message')
  t.equal(
    text,
    '# HELP c_total h\n# TYPE c_total counter\nc_total{x="a"} 4\n\n# HELP largest h\n# TYPE largest gauge\nlargest 2\n',
  )
})

t.test('a registry that they share', async t => {
  const [{ text }] = await once(primary(t, { POSTMETER_PROM_CLIENT_SHARED: '1' }), 'message')
  t.match(text, /^c_total\{x="a"\} 4$/m)
  t.match(text, /^largest 2$/m)
  t.match(text, /^left_out 1$/m, 'read from the memory: by messages it would be left out')
})

t.test('a registry that they share, but for those that the primary forked before it made it', async t => {
  const env = { POSTMETER_PROM_CLIENT_SHARED: '1', LATE: '1' }
  const [{ before, after }] = await once(primary(t, env), 'message')
  t.match(before.text, /^c_total\{x="a"\} 16$/m, 'ten of the primary, two of each worker')
  t.match(before.text, /^largest 3$/m)
  t.match(after.text, /^c_total\{x="a"\} 12$/m, 'what is in the memory')
  t.match(after.text, /^left_out 1$/m, 'read from the memory: by messages it would be left out')
})

for (const when of ['unnoticed', 'amid']) {
  const skip = process.platform !== 'linux' && 'what a process does is read from /proc'
  t.test(`a worker that dies, ${when}, is left out`, { skip }, async t => {
    const [{ text, error }] = await once(primary(t, { DIES: when }), 'message')
    t.equal(error, undefined)
    t.match(text, /^c_total\{x="a"\} 2$/m, 'of the one that lives')
  })
}

t.test('without workers there is nothing, but for what a ClusterRegistry tells of itself', async t => {
  t.teardown(() => home().close())
  new Counter({ name: 'c_total', help: 'h' }).inc()
  t.equal(await new AggregatorRegistry().clusterMetrics(), '')
  t.equal(
    await new ClusterRegistry().clusterMetrics(),
    '# HELP c_total h\n# TYPE c_total counter\nc_total 1\n',
  )
})

t.test('what is no registry is refused', async t => {
  t.throws(() => AggregatorRegistry.setRegistries({} as never), {
    name: 'TypeError',
    message: 'Expected Registry, got object',
  })
  t.doesNotThrow(() => AggregatorRegistry.setRegistries(new Registry()))
})
