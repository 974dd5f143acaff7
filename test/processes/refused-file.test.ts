/** Files that are not made, or not used: an error that names the file and says why. */
import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { createRegistry, type FileOptions } from '../../src/index.js'
import * as L from '../../src/memory/layout.js'
import { checkKind } from '../../src/processes/registry-file.js'
import { sharedFolder } from '../support/folder.js'
import { Process } from '../support/process.js'
import { fresh } from '../support/registry.js'

const NEEDS_ROOT = { skip: process.getuid?.() !== 0 && 'needs root' }

const run = promisify(execFile)
const INDEX = JSON.stringify(new URL('../../src/index.js', import.meta.url).href)

let made = 0
const make =
  (file: string | FileOptions, more = {}) =>
  () =>
    createRegistry({ name: `refused ${++made}`, memory: '8MiB', file, ...more })

/** What a program says of the error of createRegistry({ file }), started by a command. */
async function said(command: readonly string[], file: string | FileOptions, more = {}): Promise<string> {
  const options = JSON.stringify({ name: 'of a program', memory: '8MiB', file, ...more })
  const program = `import { createRegistry } from ${INDEX}
    try { createRegistry(${options}); console.log('it worked') }
    catch (error) { console.log(error.code + ': ' + error.message) }`
  const [first, ...rest] = [...command, process.execPath, '--input-type=module', '-e', program]
  const { stdout } = await run(first!, rest)
  return stdout.trim()
}

t.test('options that are none', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const code = 'ERR_POSTMETER_OPTION'
  t.throws(make(path, { shared: true }), {
    code,
    message: /option "shared": true goes without option "file"/,
  })
  t.throws(make(3 as never), { code, message: /option "file": 3 / })
  t.throws(make(''), { code, message: /option "file.path": "" is not a path/ })
  t.throws(make({ path, made: true } as never), { code, message: /"made"/ })
  t.throws(make({ path, mode: 0o440 }), { code, message: /option "file.mode": 288 / })
  t.throws(make({ path, mode: 0o1600 }), { code, message: /option "file.mode"/ })
  t.throws(make({ path, group: 'nobody knows it' }), {
    code,
    message: /option "file.group": "nobody knows it" /,
  })
  t.throws(make({ path, keep: 'yes' as never }), { code, message: /option "file.keep": "yes" / })
})

t.test('what is at the path is something else', async t => {
  const folder = sharedFolder(t)
  const refused = (name: string, why: RegExp, file: Partial<FileOptions> = {}) =>
    t.throws(make({ path: `${folder}/${name}`, ...file }), { code: 'ERR_POSTMETER_FILE', message: why }, name)
  mkdirSync(`${folder}/directory`)
  refused('directory', /directory: it is a directory/)
  refused('not there/metrics', /not there\/metrics: its directory does not exist/)
  writeFileSync(`${folder}/text`, 'a text\n'.repeat(1_000), { mode: 0o600 })
  refused('text', /text: it is not the file of a registry/)
  refused('text/metrics', /what should be its directory is none/)
  writeFileSync(`${folder}/empty`, '', { mode: 0o600 })
  refused('empty', /empty: it is not the file of a registry/)
  t.equal(readFileSync(`${folder}/text`, 'utf8').length, 7_000, 'and is left as it is')
  symlinkSync(`${folder}/text`, `${folder}/link`)
  refused('link', /link: it is a symbolic link/)
  linkSync(`${folder}/text`, `${folder}/another name`)
  refused('another name', /it has 2 names \(hard links\)/)
  await run('mkfifo', [`${folder}/pipe`])
  refused('pipe', /pipe: it is no regular file/)
})

t.test('others can write to it, or it belongs to one', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const { registry } = fresh(t, { file: path, memory: '8MiB' })
  registry.counter({ name: 'c_total', help: 'h' }).inc()
  chmodSync(path, 0o660)
  t.throws(make(path), {
    code: 'ERR_POSTMETER_FILE',
    message: /others can write to it: its mode is 0o660, not 0o600/,
  })
  chmodSync(path, 0o602)
  t.throws(make({ path, mode: 0o660 }), { message: /others can write to it: its mode is 0o602/ })
  const other = new Process(t)
  await other.call('create', { name: 'b', memory: '8MiB', file: { path, anyOwner: true } })
  chmodSync(path, 0o600)
  const file = { path, mode: 0o600, group: undefined, keep: true, onDisk: false, anyOwner: false }
  const theirs = { mode: 0o100600, nlink: 1, uid: process.geteuid!() + 1, isFile: () => true }
  t.throws(() => checkKind(file, theirs), {
    code: 'ERR_POSTMETER_FILE',
    message: /it belongs to another user, of id/,
  })
  t.doesNotThrow(() => checkKind({ ...file, anyOwner: true }, theirs))
})

t.test('mode and group are those of the options, whatever the umask', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const umask = process.umask(0o077)
  try {
    fresh(t, { memory: '8MiB', file: { path, mode: 0o640, group: process.getegid!() } })
  } finally {
    process.umask(umask)
  }
  t.equal(statSync(path).mode & 0o777, 0o640)
  t.equal(statSync(path).gid, process.getegid!())
})

const TMPFS = 0x0102_1994
const IN_MEMORY = { skip: statfsSync('.').type === TMPFS && 'the tests are in memory, and know of no disk' }

t.test('a disk, unless it is asked for', IN_MEMORY, async t => {
  const onDisk = `${t.testdir()}/metrics`
  t.throws(make(onDisk), {
    code: 'ERR_POSTMETER_FILE',
    message: /metrics: it is on a disk .* `onDisk: true`/,
  })
  const { registry } = fresh(t, { memory: '8MiB', file: { path: onDisk, onDisk: true } })
  registry.counter({ name: 'c_total', help: 'h' }).inc()
  t.equal(registry.value('c_total'), 1)
})

t.test('a file that was damaged', async t => {
  const folder = sharedFolder(t)
  const whole = `${folder}/whole`
  const maker = new Process(t)
  await maker.call('create', { name: 'a', memory: '8MiB', file: whole })
  await maker.call('inc', 'c_total', 'a')
  await maker.kill()
  const bytes = readFileSync(whole)
  const refused = (name: string, why: RegExp, change: (bytes: Buffer) => Buffer) => {
    const path = `${folder}/${name}`
    writeFileSync(path, change(Buffer.from(bytes)), { mode: 0o600 })
    t.throws(make(path), { code: 'ERR_POSTMETER_FILE', message: why }, name)
  }
  const at = (field: number) => field * 4 - L.HEADER_AT
  const with32 = (field: number, value: number) => (copy: Buffer) => {
    copy.writeInt32LE(value, at(field))
    return copy
  }
  refused('magic', /it is not the file of a registry/, with32(L.H_MAGIC, 1))
  refused('cut', /it is of \d+ bytes, not \d+: it was cut off/, copy => copy.subarray(0, copy.length - 4_096))
  refused('longer', /it is of \d+ bytes, not \d+/, copy => Buffer.concat([copy, Buffer.alloc(4_096)]))
  refused('short', /it is not the file of a registry/, copy => copy.subarray(0, 100))
  for (const [name, field] of Object.entries({
    ...{ pages: L.H_PAGES, shards: L.H_SHARD_COUNT, limit: L.H_LIMIT, hash: L.H_HASH, mask: L.H_HASH_MASK },
    ...{
      slots: L.H_SLOTS,
      text: L.H_SLOT_TEXT,
      words: L.H_SLOT_WORDS,
      table: L.H_ATTACHMENTS,
      bump: L.H_BUMP,
    },
  })) {
    for (const value of [0, -1, 1, 2 ** 30, 2 ** 31 - 1])
      refused(`${name} ${value}`, /damaged|cut off/, with32(field, value))
  }
})

t.test('a file of another layout is made anew, and says so; who lives in the old one goes on', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const old = new Process(t)
  await old.call('create', { name: 'a', memory: '8MiB', file: path })
  await old.call('inc', 'c_total', 'a')
  await old.call('poke', L.H_VERSION, L.LAYOUT_VERSION + 1)
  const young = new Process(t)
  await young.call('create', { name: 'a', memory: '8MiB', file: path })
  await young.call('inc', 'c_total', 'a')
  t.equal(await young.call('value', 'c_total', 'a'), 1)
  t.match(await young.call('events'), [
    { code: 'file-replaced', message: /with layout \d+, and this one has layout/ },
  ])
  await old.call('inc', 'c_total', 'a')
  t.equal(await old.call('value', 'c_total', 'a'), 2)
  await old.call('event', 'file-lost')
})

t.test('a Worker, and a limit of file sizes', async t => {
  const path = `${sharedFolder(t)}/metrics`
  const limited = ['bash', '-c', 'ulimit -f 1000; exec "$0" "$@"']
  t.match(
    await said(limited, path),
    /^ERR_POSTMETER_FILE: .*metrics: the system refuses a file of \d+ bytes \(ulimit -f\)/,
  )
  t.throws(() => statSync(path), { code: 'ENOENT' }, 'and nothing is left of it')
})

t.test('a process that has no right to it', NEEDS_ROOT, async t => {
  const folder = sharedFolder(t)
  chmodSync(folder, 0o755)
  const { registry } = fresh(t, { memory: '8MiB', file: `${folder}/metrics` })
  t.ok(registry)
  const child = new Process(t)
  await child.call('dropPrivileges', 65_534)
  await t.rejects(
    child.call('create', { name: 'b', memory: '8MiB', file: `${folder}/metrics` }),
    /ERR_POSTMETER_FILE: .*this user may not read and write it/,
  )
  await t.rejects(
    child.call('create', { name: 'b', memory: '8MiB', file: `${folder}/other` }),
    /ERR_POSTMETER_FILE: .*this user may not make files in its directory/,
  )
  chownSync(`${folder}/metrics`, 65_534, 65_534)
  t.throws(make(`${folder}/metrics`), { message: /it belongs to another user, of id 65534/ })
})

t.test('a service that drops its privileges once it has attached goes on', NEEDS_ROOT, async t => {
  const path = `${sharedFolder(t)}/metrics`
  const { registry } = fresh(t, { memory: '8MiB', file: path })
  const child = new Process(t)
  await child.call('create', { name: 'a', memory: '8MiB', file: path })
  await child.call('dropPrivileges', 65_534)
  await child.call('inc', 'c_total', 'a', 3)
  await child.call('worker', 'c_total', 'a', 4)
  registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] }).inc({ x: 'a' })
  t.equal(registry.value('c_total', { x: 'a' }), 8)
  await child.kill()
  t.match(await registry.metrics(), /c_total\{x="a"\} 8/)
})

t.test('a file system that is full is a memory that is full', NEEDS_ROOT, async t => {
  const script = `mount -t tmpfs -o size=6m tmpfs "$1" && shift && exec "$@"`
  const folder = t.testdir()
  const program = `
    import { createRegistry } from ${INDEX}
    const registry = createRegistry({ memory: '64MiB', file: ${JSON.stringify(`${folder}/metrics`)}, log: () => {} })
    const counter = registry.counter({ name: 'c_total', help: 'h', labelNames: ['x'] })
    for (let n = 0; n < 100_000; n++) counter.inc({ x: 'some label of some length ' + n })
    const text = await registry.metrics({ selfMetrics: true })
    const sum = text.match(/^c_total\\{.*/gm).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    const dropped = /reason="memory"\\} (\\d+)/.exec(text)[1]
    console.log(sum > 100, Number(dropped) > 100, sum + Number(dropped) === 100_000)`
  const args = [
    '-m',
    'bash',
    '-c',
    script,
    'bash',
    folder,
    process.execPath,
    '--input-type=module',
    '-e',
    program,
  ]
  t.equal((await run('unshare', args)).stdout.trim(), 'true true true')
  const tiny = script.replace('6m', '512k')
  const refusing = `
    import { createRegistry } from ${INDEX}
    try { createRegistry({ memory: '64MiB', file: ${JSON.stringify(`${folder}/metrics`)} }) } catch (error) { console.log(error.code, error.message) }`
  const small = [
    '-m',
    'bash',
    '-c',
    tiny,
    'bash',
    folder,
    process.execPath,
    '--input-type=module',
    '-e',
    refusing,
  ]
  t.match(
    (await run('unshare', small)).stdout,
    /^ERR_POSTMETER_FILE .*metrics: there is no memory left for its tables/,
  )
})
