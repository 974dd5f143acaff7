/** One registry for a service's processes: who finds it, what they count, what is left of those that end. */
import { execFile, spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { VARIABLE } from '../../src/processes/inheritance.js'
import { getBody } from '../support/get-body.js'
import { callsTo, Process } from '../support/process.js'
import { fresh, samples } from '../support/registry.js'
import { until } from '../support/until.js'

const SHARED = { shared: true } as const
const INDEX = new URL('../../src/index.js', import.meta.url).href

/** A program that finds a registry by its name, and counts in it. */
const counting = (name: string, x: string) => `
  import { getRegistry } from ${JSON.stringify(INDEX)}
  getRegistry(${JSON.stringify(name)}).counter({ name: 'c_total', help: 'h', labelNames: ['x'] }).inc({ x: ${JSON.stringify(x)} }, 3)`

t.test('children find it however they are started, and theirs', async t => {
  const { registry } = fresh(t, SHARED)
  const child = new Process(t)
  t.equal(await child.call('get', registry.name), registry.name)
  await child.call('inc', 'c_total', 'fork', 1_000)
  await child.call('worker', 'c_total', 'thread of a child', 500)
  await child.call('spawn')
  await child.call('below', 'get', registry.name)
  await child.call('below', 'inc', 'c_total', 'grandchild', 7)

  const program = (x: string) => ['--input-type=module', '-e', counting(registry.name, x)]
  const run = promisify(execFile)
  await run(process.execPath, program('execFile'))
  await run('sh', ['-c', '"$0" "$@"; true', process.execPath, ...program('through a shell')])
  const spawned = spawn(process.execPath, program('spawn'), { detached: true, stdio: 'ignore' })
  await once(spawned, 'exit')

  cluster.setupPrimary({ exec: fileURLToPath(new URL('../fixtures/process.js', import.meta.url)), args: [] })
  const worker = cluster.fork()
  // A worker of a cluster loses what comes before it listens; the first that it says is that it does.
  await once(worker, 'message')
  const call = callsTo(worker.process)
  await call('get', registry.name)
  await call('inc', 'c_total', 'cluster', 9)
  const exit = once(worker, 'exit')
  worker.process.kill('SIGKILL')
  await exit

  t.same(
    samples(await registry.metrics()).sort(),
    [
      ...['cluster"} 9', 'execFile"} 3', 'fork"} 1000', 'grandchild"} 7', 'spawn"} 3'],
      ...['thread of a child"} 500', 'through a shell"} 3'],
    ].map(end => `c_total{x="${end}`),
  )
  t.equal(await child.call('value', 'c_total', 'cluster'), 9, 'and each sees what all have counted')
})

t.test('what the dead counted stays; their part of living values goes', async t => {
  const { registry } = fresh(t, SHARED)
  const [one, two] = [new Process(t), new Process(t)]
  for (const [n, child] of [one, two].entries()) {
    await child.call('get', registry.name)
    await child.call('inc', 'c_total', 'a', 10)
    await child.call('observe', 'h', 'a', 1.5)
    await child.call('set', 'sum', 'sum', 1)
    await child.call('set', 'live', 'livesum', 1)
    await child.call('set', 'most', 'max', n + 1)
    await child.call('set', 'least', 'min', n + 1)
  }
  await two.kill()
  const text = await registry.metrics({ selfMetrics: true })
  for (const line of ['c_total{x="a"} 20', 'h_count{x="a"} 2', 'sum 2', 'live 1', 'most 1', 'least 1'])
    t.match(text, new RegExp(`^${line.replace(/[{}]/g, '\\$&')}$`, 'm'))
  t.match(text, /^postmeter_processes 2$/m)
  t.match(text, /^postmeter_processes_found_dead_total 1$/m)
  t.match(text, /^postmeter_shards_in_use 1$/m)
  t.match(text, /^postmeter_shards_orphaned 1$/m)

  const three = new Process(t)
  await three.call('get', registry.name)
  await three.call('inc', 'c_total', 'a', 1)
  t.equal(registry.value('c_total', { x: 'a' }), 21, 'the next counts on in its shard')
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_shards_orphaned 0$/m)
})

t.test('a dead process is found without a scrape, by the others', async t => {
  const { registry } = fresh(t, { ...SHARED, sweepEvery: 50 })
  const [one, two] = [new Process(t), new Process(t)]
  for (const child of [one, two]) await child.call('get', registry.name)
  await one.call('set', 'live', 'livesum', 1)
  await one.kill()
  await until('somebody buries it', () => registry.value('live') === 0)
})

t.test('a process that is stopped or blocked is not dead, and holds up no scrape', async t => {
  const { registry } = fresh(t, SHARED)
  const [stopped, blocked, serving] = [new Process(t), new Process(t), new Process(t)]
  for (const child of [stopped, blocked, serving]) await child.call('get', registry.name)
  for (const child of [stopped, blocked]) await child.call('set', 'live', 'livesum', 1)
  const url = await serving.call<string>('serve')
  await blocked.call('block')
  stopped.child.kill('SIGSTOP')
  await until('it is stopped', () => /^State:\s+T/m.test(status(stopped.pid)))
  for (let n = 0; n < 3; n++) t.match(await getBody(url), /^live 2$/m)
  t.match(await registry.metrics(), /^live 2$/m)
  stopped.child.kill('SIGCONT')
  await stopped.call('set', 'live', 'livesum', 5)
  t.match(await getBody(url), /^live 6$/m)
})

function status(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8')
}

t.test('any process can serve, and goes on when the one that made it is dead', async t => {
  const maker = new Process(t)
  await maker.call('create', { name: 'service', memory: '16MiB', shared: true })
  await maker.call('inc', 'c_total', 'maker', 5)
  // Started by the maker, and outlives it: so it is spoken with over HTTP alone.
  const program = `
    import { getRegistry, serve } from ${JSON.stringify(INDEX)}
    const registry = getRegistry('service')
    const count = () => registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] }).inc({ x: 'child' })
    setInterval(count, 5)
    const front = await serve(registry, { listen: '127.0.0.1:0', log: () => {} })
    console.log(front.url)`
  const args = ['--input-type=module', '-e', program]
  const { url, pid } = await maker.call<{ url: string; pid: number }>('start', args)
  t.teardown(() => process.kill(pid, 'SIGKILL'))
  await maker.kill()
  const count = async () => Number(/^c_total\{x="child"\} (\d+)$/m.exec(await getBody(url))?.[1])
  const before = await count()
  await until('it counts on', async () => (await count()) > before + 2)
  const body = await getBody(url)
  t.match(body, /^c_total\{x="maker"\} 5$/m, 'with what the dead one counted')
  t.match(body, /^postmeter_processes 1$/m)
})

t.test('close() in one process ends nothing in another', async t => {
  const { registry } = fresh(t, SHARED)
  const [one, two] = [new Process(t), new Process(t)]
  for (const child of [one, two]) {
    await child.call('get', registry.name)
    await child.call('inc', 'c_total', 'a')
  }
  await one.call('close')
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_processes 2$/m, 'it has detached')
  await two.call('inc', 'c_total', 'a')
  t.equal(registry.value('c_total', { x: 'a' }), 3)
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_processes_found_dead_total 0$/m)
  const name = registry.name
  await registry.close()
  await two.call('inc', 'c_total', 'a')
  t.equal(await two.call('value', 'c_total', 'a'), 4, 'nor when the maker closes it')
  t.notOk(process.env[VARIABLE]?.includes(name), 'children that come later do not find it')
})

t.test('close() gives the place back with all that its front had', async t => {
  const { registry } = fresh(t, SHARED)
  const child = new Process(t)
  await child.call('get', registry.name)
  await child.call('inc', 'c_total', 'a')
  await getBody(await child.call<string>('serve'))
  await child.call('close')
  const text = await registry.metrics({ selfMetrics: true })
  t.match(text, /^postmeter_processes 1$/m)
  t.match(text, /^postmeter_shards_in_use 0$/m)
})

t.test('what a Worker had is given back when it ends, though the registry is closed', async t => {
  const { registry } = fresh(t, { ...SHARED, sweepEvery: 50 })
  const child = new Process(t)
  await child.call('get', registry.name)
  await child.call('startWorker', 'live')
  await child.call('close')
  t.match(
    await registry.metrics({ selfMetrics: true }),
    /^postmeter_processes 2$/m,
    'the Worker has a part in it',
  )
  t.equal(registry.value('live'), 1)
  await child.call('endWorker')
  await until('its part is gone', () => registry.value('live') === 0)
  await until('the place is, too', async () =>
    /^postmeter_processes 1$/m.test(await registry.metrics({ selfMetrics: true })),
  )
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_processes_found_dead_total 0$/m)
})

t.test('close() in a Worker closes it in the process', async t => {
  const { registry } = fresh(t, { ...SHARED, sweepEvery: 50 })
  const child = new Process(t)
  await child.call('get', registry.name)
  await child.call('inc', 'c_total', 'a')
  await child.call('startWorker', 'live')
  await child.call('closeInWorker')
  await until('the place is given back', async () =>
    /^postmeter_processes 1$/m.test(await registry.metrics({ selfMetrics: true })),
  )
  t.notOk((await child.call<string>('environment', VARIABLE))?.includes(registry.name))
})

t.test('a Worker can be terminated whatever it does with the registry', async t => {
  const { registry } = fresh(t, SHARED)
  const child = new Process(t)
  await child.call('get', registry.name)
  // It used to abort the process where the Worker was loading koffi.
  for (let n = 0; n < 25; n++) await child.call('startWorker', 'live', n * 8)
  await until('what they had is given back', () => !registry.value('live'))
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_processes 2$/m, 'their process runs')
})

t.test('what it had open is closed, but the file by which threads that still end ask for memory', async t => {
  const held = () =>
    readdirSync('/proc/self/fd').filter(fd => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes('postmeter')
      } catch {
        return false
      }
    }).length
  const before = held()
  const { registry } = fresh(t, SHARED)
  t.ok(held() > before)
  await registry.close()
  t.equal(held(), before + 1)
})

t.test(
  'who has dropped its privileges finds it, and its children do',
  { skip: process.getuid?.() !== 0 && 'needs root' },
  async t => {
    const { registry } = fresh(t, SHARED)
    const parent = new Process(t)
    await parent.call('dropPrivileges', 65_534)
    await parent.call('get', registry.name)
    await parent.call('inc', 'c_total', 'dropped', 2)
    await parent.call('spawn')
    await parent.call('below', 'get', registry.name)
    await parent.call('below', 'inc', 'c_total', 'child of dropped', 3)
    t.equal(registry.value('c_total', { x: 'dropped' }), 2)
    t.equal(registry.value('c_total', { x: 'child of dropped' }), 3)
  },
)

t.test('an environment of its own needs one line', async t => {
  const { registry } = fresh(t, SHARED)
  const without = new Process(t, { env: {} })
  await t.rejects(without.call('get', registry.name), /ERR_POSTMETER_NO_REGISTRY/)
  const withIt = new Process(t, { env: { [VARIABLE]: process.env[VARIABLE] } })
  await withIt.call('get', registry.name)
  await withIt.call('inc', 'c_total', 'a')
  t.equal(registry.value('c_total', { x: 'a' }), 1)
})

t.test('several registries are shared apart', async t => {
  const [a, b] = [fresh(t, SHARED), fresh(t, SHARED)]
  const child = new Process(t)
  for (const [n, { registry }] of [a, b].entries()) {
    await child.call('get', registry.name)
    await child.call('inc', 'c_total', 'a', n + 1)
  }
  t.equal(a.registry.value('c_total', { x: 'a' }), 1)
  t.equal(b.registry.value('c_total', { x: 'a' }), 2)
})

t.test('createRegistry in a child joins with the same options, and refuses others', async t => {
  const { registry } = fresh(t, SHARED)
  const child = new Process(t)
  await child.call('create', { name: registry.name, memory: '16MiB', shared: true })
  await child.call('inc', 'c_total', 'a')
  t.equal(registry.value('c_total', { x: 'a' }), 1)
  const other = new Process(t)
  await t.rejects(
    other.call('create', { name: registry.name, memory: '32MiB', shared: true }),
    /ERR_POSTMETER_CONFLICT: registry ".*" exists with options/,
  )
  await other.call('create', { name: registry.name, memory: '32MiB' })
  await other.call('inc', 'c_total', 'its own')
  t.equal(registry.value('c_total', { x: 'its own' }), undefined, 'without `shared` it has one of its own')
})

t.test(
  'what the children and the maker disagree on is dropped, counted and said, and starts all the same',
  async t => {
    const { registry } = fresh(t, SHARED)
    registry.gauge({ name: 'c_total', help: 'h', labelNames: ['x'] })
    const child = new Process(t)
    await child.call('get', registry.name)
    await child.call('inc', 'c_total', 'a')
    await registry.metrics({ selfMetrics: true })
    const drops = { family: '', reason: 'conflict' }
    t.equal(registry.value('postmeter_dropped_updates_total', drops), 1)
    t.throws(
      () => registry.counter({ name: 'c_total', help: 'h' }),
      { code: 'ERR_POSTMETER_CONFLICT' },
      'in one thread',
    )
  },
)
