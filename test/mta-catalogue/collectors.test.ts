/** What is read off the system: disks, thread pools, memory, processors. */
import { once } from 'node:events'
import { statfsSync } from 'node:fs'
import { mkdir, rmdir } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { LogEvent } from '../../src/index.js'
import { percentOf } from '../../src/mta/cpu.js'
import { memoryNow } from '../../src/mta/memory.js'
import { mtaMetrics } from '../../src/mta.js'
import { until } from '../support/until.js'
import { freshRegistry } from './support.js'

const quiet = { memory: false, cpu: false } as const
const MIB = 2 ** 20

t.test('disks: what the file system has free, by the name that it was given', async t => {
  const registry = freshRegistry(t)
  const path = os.tmpdir()
  mtaMetrics(registry).collect({ ...quiet, disks: { 'data spool': path } })
  await registry.metrics()
  const { blocks, bsize, files } = statfsSync(path)
  const free = (what: string) => registry.value(`disk_free_${what}`, { name: 'data spool' }) as number
  t.ok(free('bytes') > 0 && free('bytes') <= blocks * bsize, `${free('bytes')} of ${blocks * bsize} bytes`)
  t.equal(free('bytes') % bsize, 0)
  const percent = Math.floor((100 * free('bytes')) / (blocks * bsize))
  t.ok(Math.abs(free('percent') - percent) <= 1, `${free('percent')} %`)
  if (files === 0) t.equal(free('inodes'), undefined, 'this file system has no fixed number of inodes')
  else {
    t.ok(free('inodes') > 0 && free('inodes') <= files)
    t.ok(free('inodes_percent') >= 0 && free('inodes_percent') <= 100)
  }
})

t.test(
  'a disk that is not there is said once, is not exposed, and keeps no other from being read',
  async t => {
    const said: LogEvent[] = []
    const registry = freshRegistry(t, { log: event => said.push(event) })
    const later = join(t.testdir(), 'later')
    mtaMetrics(registry).collect({ ...quiet, disks: { later, here: os.tmpdir() } })
    const free = async (name: string) => {
      await registry.metrics()
      return registry.value('disk_free_bytes', { name })
    }
    t.equal(await free('later'), undefined)
    t.ok(((await free('here')) as number) > 0)
    t.strictSame(
      said.map(({ code }) => code),
      ['collect-failed'],
    )
    t.match(said[0]!.message, /disk_free_bytes.*ENOENT.*later/)
    await mkdir(later)
    t.ok(((await free('later')) as number) > 0, 'it came')
    await rmdir(later)
    t.equal(await free('later'), undefined, 'it went, and what it had free is not told any more')
  },
)

t.test('thread pools: Workers that live, and those of them that mostly wait', async t => {
  const registry = freshRegistry(t)
  const file = new URL('../fixtures/mta-catalogue-worker.js', import.meta.url)
  const workers = [0, 1].map(() => new Worker(file, { workerData: {} }))
  t.teardown(() => Promise.all(workers.map(worker => worker.terminate())))
  await Promise.all(workers.map(worker => once(worker, 'message')))
  mtaMetrics(registry).collect({
    ...quiet,
    threadPools: { smtpsrv: () => workers, spool: () => ({ size: 4, parked: 3 }) },
  })
  const pool = async (name: string) => {
    await registry.metrics()
    return ['size', 'parked'].map(what => registry.value(`thread_pool_${what}`, { pool: name }))
  }
  const is = (size: number, parked: number) => async () => {
    const found = await pool('smtpsrv')
    return found[0] === size && found[1] === parked
  }
  await until('both wait', is(2, 2))
  t.strictSame(await pool('spool'), [4, 3])
  workers[0]!.postMessage('spin')
  await once(workers[0]!, 'message')
  await until('one works', is(2, 1))
  await workers[0]!.terminate()
  await until('one lives', is(1, 1))
  t.pass('all of it was seen')
})

t.test('a pool that gives nonsense is said, and others are read', async t => {
  const said: LogEvent[] = []
  const registry = freshRegistry(t, { log: event => said.push(event) })
  mtaMetrics(registry).collect({
    ...quiet,
    threadPools: { bad: () => ({ size: 1.5, parked: 0 }), good: () => ({ size: 1, parked: 0 }) },
  })
  await registry.metrics()
  t.equal(registry.value('thread_pool_size', { pool: 'good' }), 1)
  t.equal(registry.value('thread_pool_size', { pool: 'bad' }), undefined)
  t.match(said, [{ code: 'collect-failed', message: /pool "bad" gave .*neither a list of Workers nor/ }])
})

t.test('memory: what this process has', async t => {
  const registry = freshRegistry(t)
  mtaMetrics(registry).collect({ cpu: false })
  await registry.metrics()
  const { limit, low } = memoryNow({ limit: undefined, low: undefined })
  t.equal(registry.value('memory_limit'), limit)
  t.equal(registry.value('memory_low_thresh'), low)
  const found = registry.value('memory_usage') as number
  t.ok(found > 10 * MIB && found < os.totalmem(), `${found} bytes`)
  t.ok(limit > 0 && limit <= os.totalmem() && low < limit)
})

t.test('memory: the limit of the control group, and what the group uses of it', async t => {
  const files: Record<string, string> = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': '30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    '/sys/fs/cgroup/memory.max': `${1000 * MIB}\n`,
    '/sys/fs/cgroup/memory.current': `${400 * MIB}\n`,
    '/sys/fs/cgroup/memory.stat': `inactive_file ${30 * MIB}\nactive_file ${20 * MIB}\n`,
  }
  const none = { limit: undefined, low: undefined }
  const sources = { read: (path: string) => files[path], total: () => 4000 * MIB, resident: () => 100 * MIB }
  t.strictSame(memoryNow(none, sources), { usage: 350 * MIB, limit: 750 * MIB, low: 600 * MIB })
  t.strictSame(
    memoryNow(none, { ...sources, total: () => 400 * MIB }),
    { usage: 350 * MIB, limit: 300 * MIB, low: 240 * MIB },
    'the machine has less than the group may',
  )
  t.strictSame(
    memoryNow(none, { ...sources, read: () => undefined }),
    { usage: 100 * MIB, limit: 3000 * MIB, low: 2400 * MIB },
    'no group: the machine, and the process',
  )
  t.strictSame(memoryNow({ limit: 10, low: undefined }, sources).low, 8)
})

t.test('memory that is low, or over its limit, counts once until it is not', async t => {
  const registry = freshRegistry(t)
  mtaMetrics(registry).collect({ cpu: false, memory: { limit: '1KiB', low: 512 } })
  for (let n = 0; n < 3; n++) await registry.metrics()
  t.strictSame(
    ['memory_limit', 'memory_low_thresh', 'memory_low_count', 'memory_over_limit_count'].map(name =>
      registry.value(name),
    ),
    [1024, 512, 1, 1],
  )
})

t.test('processors: busy time in percent of the time that went by', async t => {
  let now = 0
  let busy = 0
  const percent = percentOf(
    () => now,
    () => busy,
  )
  now = 1000
  busy = 250
  t.equal(percent(), 25)
  t.equal(percent(), 25, 'asked again at the same moment: as before')
  now = 1500
  busy = 1250
  t.equal(percent(), 200, 'two cores')
})

t.test('processors: this process is seen to work', async t => {
  const registry = freshRegistry(t)
  mtaMetrics(registry).collect({ memory: false })
  const value = (name: string) => registry.value(`${name}_cpu_usage_sum`) as number
  await until('it works', async () => {
    await registry.metrics()
    return value('process') > 0 && value('system') > 0
  })
  const share = (registry.value('process_cpu_usage_normalized') as number) * os.availableParallelism()
  t.ok(Math.abs(share - value('process')) < 1e-6)
})

t.test('mistakes in the options name the option and the value, and nothing is registered', async t => {
  const registry = freshRegistry(t)
  const mta = mtaMetrics(registry)
  const collect = (options: unknown) => () => mta.collect(options as object)
  const code = 'ERR_POSTMETER_OPTION'
  t.throws(collect({ disk: {} }), { code, message: /collect: option "disk" is not known; there are disks/ })
  t.throws(collect({ disks: ['/'] }), { code, message: 'option "disks": ["/"] is no object of names' })
  t.throws(collect({ disks: { a: 5 } }), { code, message: 'option "disks.a": 5 is not a path' })
  t.throws(collect({ disks: { '': '/' } }), { code, message: 'option "disks": "" is no name' })
  t.throws(collect({ threadPools: { p: [] } }), {
    code,
    message: 'option "threadPools.p": [] is not a function',
  })
  t.throws(collect({ memory: true }), {
    code,
    message: 'option "memory": true is neither false nor an object',
  })
  t.throws(collect({ memory: { max: 1 } }), {
    code,
    message: /option "max" is not known; there are limit, low/,
  })
  t.throws(collect({ memory: { limit: 'much' } }), {
    code,
    message: /option "memory.limit": "much" is not a size/,
  })
  t.throws(collect({ memory: { low: 0 } }), { code, message: 'option "memory.low": 0 is less than a byte' })
  t.throws(collect({ memory: { limit: 1, low: 2 } }), {
    code,
    message: /"memory.low": 2 is more than memory.limit/,
  })
  t.throws(collect({ cpu: 1 }), { code, message: 'option "cpu": 1 is not true or false' })
  t.throws(collect(7), { code })
  t.equal(await registry.metrics(), '')
})
