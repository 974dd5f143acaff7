/** Where a registry cannot be shared, or not be found: an error that says why, or drops that are counted. */
import { execFile, execFileSync } from 'node:child_process'
import { truncateSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { createRegistry } from '../../src/index.js'
import * as L from '../../src/memory/layout.js'
import { VARIABLE } from '../../src/processes/inheritance.js'
import { Process } from '../support/process.js'
import { fresh } from '../support/registry.js'

const run = promisify(execFile)
const INDEX = JSON.stringify(new URL('../../src/index.js', import.meta.url).href)
const SHARED = { shared: true } as const

/** What a program says of the error of a call. */
const saying = (call: string) =>
  `import { createRegistry, getRegistry } from ${INDEX}
   try { ${call}; console.log('it worked') } catch (error) { console.log(error.code + ': ' + error.message) }`

async function said(program: string, prefix: readonly string[] = [], env = process.env): Promise<string> {
  const [command, ...args] = [...prefix, process.execPath, '--input-type=module', '-e', program]
  const { stdout } = await run(command!, args, { env })
  return stdout.trim()
}

t.test('an option that is no boolean', async t => {
  t.throws(() => createRegistry({ name: 'odd', shared: 'yes' as never }), {
    code: 'ERR_POSTMETER_OPTION',
    message: /option "shared": "yes" is neither true nor false/,
  })
})

t.test('a Worker can neither make one nor attach its process', async t => {
  const { registry } = fresh(t, SHARED)
  const make = `createRegistry({ name: 'in a Worker', shared: true })`
  const worker = (call: string) => `
    import { Worker } from 'node:worker_threads'
    new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(saying(call))})))`
  t.match(await said(worker(make)), /^ERR_POSTMETER_SHARED: .*createRegistry is called in a Worker/)
  const name = JSON.stringify(registry.name)
  t.match(
    await said(worker(`getRegistry(${name})`)),
    /^ERR_POSTMETER_SHARED: .*the main thread must call getRegistry\(.*\) first/,
  )
})

t.test('an environment that names what is not there', async t => {
  const { registry } = fresh(t, SHARED)
  const call = saying(`getRegistry(${JSON.stringify(registry.name)})`)
  t.equal(await said(call), 'it worked')
  const named = JSON.parse(process.env[VARIABLE]!) as Record<string, [number, string, string]>
  const [descriptor, file, id] = named[registry.name]!
  const as = (value: unknown) => ({
    ...process.env,
    [VARIABLE]: typeof value === 'string' ? value : JSON.stringify({ [registry.name]: value }),
  })
  const wrong: Record<string, [NodeJS.ProcessEnv, RegExp]> = {
    'another descriptor': [as([descriptor + 1, file, id]), /names descriptor \d+ .*, and it is not there/],
    'a descriptor of another kind': [as([1, file, id]), /names descriptor 1 .*, and it is not there/],
    'another file': [as([descriptor, '1:2', id]), /it is not there/],
    'another registry': [as([descriptor, file, `${id.slice(0, -2)}00`]), /is that of another registry/],
    'no JSON': [as('{'), /POSTMETER_SHARED in the environment is "\{", which no postmeter has written/],
    'other JSON': [as('{"a":5}'), /which no postmeter has written/],
  }
  for (const [what, [env, message]] of Object.entries(wrong)) {
    const answer = await said(call, [], env)
    t.match(answer, /^ERR_POSTMETER_SHARED: /, what)
    t.match(answer, message, what)
  }
})

t.test('another release, and what is no registry', async t => {
  const { registry, arena } = fresh(t, SHARED)
  const call = saying(`getRegistry(${JSON.stringify(registry.name)})`)
  for (const [field, message] of [
    [L.H_VERSION, /a release of postmeter with another layout made the registry/],
    [L.H_MAGIC, /the memory is not that of a registry/],
  ] as const) {
    const right = arena.i32[field]!
    arena.i32[field] = right + 1
    t.match(await said(call), message)
    arena.i32[field] = right
  }
  t.equal(await said(call), 'it worked')
})

t.test('nobody can cut the memory off', async t => {
  const { arena } = fresh(t, SHARED)
  t.throws(() => truncateSync(`/proc/self/fd/${arena.i32[L.P_DESCRIPTOR]}`, 0), { code: 'EPERM' })
})

t.test('a limit of file sizes', async t => {
  const call = saying(`createRegistry({ shared: true })`)
  t.match(
    await said(call, ['sh', '-c', 'ulimit -f 1000; exec "$0" "$@"']),
    /^ERR_POSTMETER_SHARED: .*the system refuses a file of \d+ bytes/,
  )
})

t.test('what could not be made keeps nothing open', async t => {
  // None from 200 on is left for children to inherit.
  const program = `
    import { readdirSync } from 'node:fs'
    import { createRegistry } from ${INDEX}
    const make = () => { try { createRegistry({ shared: true }) } catch (error) { return error.code } }
    const held = () => readdirSync('/proc/self/fd').length
    make()
    const before = held()
    const codes = Array.from({ length: 5 }, make)
    // Node may have closed one of its own meanwhile.
    console.log([...codes, Math.max(0, held() - before)].join())`
  t.equal(
    await said(program, ['sh', '-c', 'ulimit -n 150; exec "$0" "$@"']),
    [...Array(5).fill('ERR_POSTMETER_SHARED'), 0].join(),
  )
})

t.test('a process that may not open files to write finds the dead', async t => {
  const child = `
    import { getRegistry } from ${INDEX}
    getRegistry('a').gauge({ name: 'live', help: 'h', aggregate: 'livesum' }).set(1)
    process.kill(process.pid, 'SIGKILL')`
  const program = `
    import { spawnSync } from 'node:child_process'
    import { createRegistry } from ${INDEX}
    const registry = createRegistry({ name: 'a', shared: true })
    const env = { ...process.env, NODE_OPTIONS: '' }
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(child)}], { env })
    await registry.metrics()
    console.log(signal, registry.value('live'))`
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const allowed = ['--allow-fs-read=*', '--allow-addons', '--allow-child-process', '--allow-worker']
  const args = [permission, ...allowed, '--input-type=module', '-e', program]
  const { stdout } = await run(process.execPath, args)
  t.equal(stdout.trim(), 'SIGKILL 0')
})

t.test('memory that the system has no room for is dropped and counted, and comes back', async t => {
  const { registry } = fresh(t, SHARED)
  const child = new Process(t)
  await child.call('get', registry.name)
  await child.call('inc', 'c_total', 'before')
  // What lies behind the limit cannot be written to the file, as if a memory's control group were full.
  const limit = (bytes: string) => execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`])
  limit('1')
  await child.call('inc', 'c_total', 'x'.repeat(3_000), 5)
  t.equal(await child.call('value', 'c_total', 'x'.repeat(3_000)), undefined)
  t.match(
    await registry.metrics({ selfMetrics: true }),
    /^postmeter_dropped_updates_total\{family="c_total",reason="memory"\} 5$/m,
  )
  await child.call('inc', 'c_total', 'before')
  t.equal(registry.value('c_total', { x: 'before' }), 2, 'what is there goes on')
  limit('unlimited')
  await child.call('inc', 'c_total', 'after', 3)
  t.equal(registry.value('c_total', { x: 'after' }), 3)
})

t.test('a registry of one process has no file, and no attachment', async t => {
  const [shared, alone] = [fresh(t, SHARED).arena, fresh(t).arena]
  t.ok(shared.i32[L.P_DESCRIPTOR]! > 0 && shared.attachment > 0)
  t.strictSame([alone.i32[L.P_DESCRIPTOR], alone.attachment], [0, 0])
})
