/** Fronts outside of the service, and dumps: the command `postmeter`, started as users start it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import * as L from '../../src/memory/layout.js'
import { sharedFolder } from '../support/folder.js'
import { Process } from '../support/process.js'
import { until } from '../support/until.js'

const NEEDS_ROOT = { skip: process.getuid?.() !== 0 && 'needs root' }

const CLI = fileURLToPath(new URL('../../lib/cli.js', import.meta.url))
const NAME = 'of a service'

interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command to its end. */
function postmeter(...args: readonly string[]): Promise<Said> {
  return new Promise(resolve => {
    execFile(process.execPath, [CLI, ...args], { maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}

/** A front outside, killed when the test ends. */
async function front(t: Pick<Test, 'teardown'>, ...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [CLI, 'serve', '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines: string[] = []
  const reader = createInterface(child.stderr!)
  reader.on('line', line => lines.push(line))
  for (;;) {
    const url = lines.map(line => /serves on (http\S+)/.exec(line)?.[1]).find(found => found !== undefined)
    if (url !== undefined) return { child, url, lines, scrape: (path = '') => get(url + path) }
    await once(reader, 'line')
  }
}

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => {
        text += part
      })
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))))
    })
      .on('error', reject)
      .end()
  })
}

async function service(t: Pick<Test, 'teardown'>, file: string, more = {}) {
  const started = new Process(t)
  await started.call('create', { name: NAME, memory: '8MiB', file, ...more })
  return started
}

t.test('it serves what processes record, while they run, are stopped and are dead', async t => {
  const file = `${sharedFolder(t)}/metrics`
  const one = await service(t, file)
  const two = await service(t, file)
  await one.call('inc', 'c_total', 'a', 3)
  await two.call('inc', 'c_total', 'a', 4)
  await one.call('set', 'live', 'livesum', 5)
  await two.call('set', 'live', 'livesum', 6)
  await one.call('observe', 'h', 'a', 1.5)
  const outside = await front(t, '--file', file)
  const running = await outside.scrape()
  t.match(running, /^c_total\{x="a"\} 7$/m)
  t.match(running, /^live 11$/m)
  t.match(running, /^postmeter_processes 2$/m)
  t.match(running, /^postmeter_service_found 1$/m)
  t.match(running, /^postmeter_memory_reserved_bytes 8388608$/m, "of the service's memory")
  one.child.kill('SIGSTOP')
  two.child.kill('SIGSTOP')
  t.match(await outside.scrape(), /^live 11$/m, 'who is stopped is not dead')
  await one.kill()
  const after = await outside.scrape()
  t.match(after, /^c_total\{x="a"\} 7$/m)
  t.match(after, /^live 6$/m, 'the part of a dead one goes, though nobody has buried it')
  t.match(after, /^postmeter_processes 1$/m)
  await two.kill()
  const dead = await outside.scrape()
  t.match(dead, /^c_total\{x="a"\} 7$/m)
  t.match(dead, /^live 0$/m)
  t.match(dead, /^postmeter_processes 0$/m)
  const json = JSON.parse(await outside.scrape('.json?prefix=p_'))
  t.equal(json.p_live.value, 0)
  t.match(json, { p_c_total: { type: 'counter' }, p_postmeter_processes: { value: 0 } })
})

t.test('nothing of the memory is written', async t => {
  const file = `${sharedFolder(t)}/metrics`
  const one = await service(t, file, { sweepEvery: 50, expireAfter: 100 })
  await one.call('inc', 'c_total', 'a', 3)
  await one.call('observe', 'h', 'a', 1)
  await one.call('set', 'g', 'min', 1)
  one.child.kill('SIGSTOP')
  const before = readFileSync(file)
  const outside = await front(t, '--file', file)
  for (const path of ['', '.json', '?prefix=x_', '']) await outside.scrape(path)
  await postmeter('dump', '--file', file)
  t.ok(readFileSync(file).equals(before))
})

t.test('the right to read is all that it needs', NEEDS_ROOT, async t => {
  const folder = sharedFolder(t)
  chmodSync(folder, 0o755)
  const file = `${folder}/metrics`
  const one = await service(t, { path: file, mode: 0o640, group: 65_534 } as never)
  await one.call('inc', 'c_total', 'a', 3)
  const as = (...args: string[]) =>
    new Promise<Said>(resolve => {
      execFile(process.execPath, [CLI, ...args], { uid: 65_534, gid: 65_534 }, (error, out, err) =>
        resolve({ code: Number(error?.code ?? 0), out, err }),
      )
    })
  t.match((await as('dump', '--file', file)).out, /^c_total\{x="a"\} 3$/m)
  chmodSync(file, 0o600)
  t.match(await as('dump', '--file', file), { code: 1, err: /metrics: this user may not read it/ })
})

t.test('it waits for the service, and goes on over its restarts', async t => {
  const file = `${sharedFolder(t)}/metrics`
  const outside = await front(t, '--file', file)
  t.match(await outside.scrape(), /^postmeter_service_found 0$/m)
  t.ok(outside.lines.some(line => line.includes('it waits for the service')))
  const first = await service(t, file)
  await first.call('inc', 'c_total', 'a')
  const shows = (what: string, pattern: RegExp) =>
    until(what, async () => pattern.test(await outside.scrape()))
  await shows('the service', /^c_total\{x="a"\} 1$/m)
  await first.kill()
  const second = await service(t, file)
  await second.call('inc', 'c_total', 'a')
  t.match(await outside.scrape(), /^c_total\{x="a"\} 2$/m, 'the same file')
  await second.kill()
  const third = await service(t, file, { memory: '16MiB' })
  await third.call('inc', 'c_total', 'a', 9)
  await shows('another file', /^c_total\{x="a"\} 9$/m)
  await third.kill()
  rmSync(file)
  t.match(
    await outside.scrape(),
    /^c_total\{x="a"\} 9$/m,
    'a file that is gone is served until there is another',
  )
  writeFileSync(file, 'no registry', { mode: 0o600 })
  await until('it is said', () =>
    outside.lines.some(line => line.includes('it is not the memory of a registry')),
  )
  t.match(await outside.scrape(), /^c_total\{x="a"\} 9$/m)
})

t.test('a directory that cannot be looked into any more', async t => {
  const folder = sharedFolder(t)
  mkdirSync(`${folder}/of it`)
  const one = await service(t, `${folder}/of it/metrics`)
  await one.call('inc', 'c_total', 'a')
  const outside = await front(t, '--file', `${folder}/of it/metrics`)
  renameSync(`${folder}/of it`, `${folder}/elsewhere`)
  symlinkSync('of it', `${folder}/of it`)
  await until('it is said', () => outside.lines.some(line => line.includes('it serves what it knows')))
  t.match(await outside.scrape(), /^c_total\{x="a"\} 1$/m)
})

t.test('options that the service is writing are not read', async t => {
  const file = `${sharedFolder(t)}/metrics`
  const one = await service(t, file)
  await one.call('inc', 'c_total', 'a')
  await one.call('poke', L.H_OPTIONS_BYTES, 3)
  t.match(await postmeter('dump', '--file', file), { code: 0, out: /^c_total\{x="a"\} 1$/m })
})

t.test('of a process that shares without a file', async t => {
  const one = new Process(t)
  await one.call('create', { name: NAME, memory: '8MiB', shared: true })
  await one.call('inc', 'c_total', 'a', 2)
  const outside = await front(t, '--pid', String(one.pid), '--name', NAME)
  t.match(await outside.scrape(), /^c_total\{x="a"\} 2$/m)
  t.match(
    (await postmeter('dump', '--pid', String(one.pid))).out,
    /^c_total\{x="a"\} 2$/m,
    'it has one alone',
  )
  await one.kill()
  t.match(await outside.scrape(), /^c_total\{x="a"\} 2$/m, 'after its end, too')
})

t.test('a dump, in each format', async t => {
  const file = `${sharedFolder(t)}/metrics`
  const one = await service(t, file)
  await one.call('inc', 'c_total', 'a', 2)
  await one.kill()
  const dump = async (...args: string[]) =>
    (await postmeter('dump', '--file', file, '--no-self-metrics', ...args)).out
  t.equal(await dump(), '# HELP c_total h\n# TYPE c_total counter\nc_total{x="a"} 2\n')
  t.match(
    await dump('--format', 'openmetrics', '--prefix', 'p_'),
    /^p_c_total\{x="a"\} 2\n.*_created.*\n# EOF\n$/m,
  )
  t.match(JSON.parse(await dump('--format', 'json')), { c_total: { type: 'counter' } })
  t.ok((await dump('--format', 'protobuf')).length > 10)
  t.match((await postmeter('dump', '--file', file)).out, /^postmeter_series 1$/m)
})

t.test('command lines that are wrong, and sources that are none', async t => {
  const folder = sharedFolder(t)
  const file = `${folder}/metrics`
  const usage: [string[], RegExp][] = [
    [[], /a command is missing/],
    [['top up'], /there is no command top up/],
    [['serve'], /it needs one of --file and --pid/],
    [['serve', '--file', 'a', '--pid', '1'], /it needs one of --file and --pid/],
    [['serve', '--file', 'a', '--name', 'b'], /--name goes with --pid/],
    [['serve', '--pid', 'a'], /--pid a is no number of a process/],
    [['serve', '--file', file, '--listen', 'nowhere'], /option "listen": "nowhere"/],
    [['serve', '--file', file, '--trusted-hosts', '10/8'], /option "trustedHosts"/],
    [['serve', '--file', file, '--transport', 'smoke'], /option "transport": "smoke"/],
    [['serve', '--file', file, '--socket-mode', '99'], /--socket-mode 99/],
    [['serve', '--file', file, '--tls-cert', 'a'], /--tls-cert and --tls-key go together/],
    [['serve', '--file', file, '--odd'], /--odd/],
    [['dump', '--file', file, '--format', 'xml'], /option "format": "xml"/],
    [['dump', '--file', file, '--prefix', '1'], /option "prefix": "1"/],
  ]
  for (const [args, why] of usage) t.match(await postmeter(...args), { code: 2, err: why }, args.join(' '))
  writeFileSync(`${folder}/text`, 'text '.repeat(1_000))
  const none: [string[], RegExp][] = [
    [['dump', '--file', file], /metrics: it is not there/],
    [['dump', '--file', folder], /it is no regular file/],
    [['dump', '--file', `${folder}/text`], /text: it is not the memory of a registry/],
    [['dump', '--pid', '4194304'], /process 4194304: there is none/],
    [['dump', '--pid', String(process.pid)], /shares no registry/],
  ]
  for (const [args, why] of none) t.match(await postmeter(...args), { code: 1, err: why }, args.join(' '))
  const one = await service(t, file)
  await one.call('poke', L.H_VERSION, L.LAYOUT_VERSION + 1)
  t.match(await postmeter('dump', '--file', file), {
    code: 1,
    err: /of a release with layout \d+, and this one reads/,
  })
  t.match(await postmeter('--version'), { code: 0, out: /^\d+\.\d+\.\d+\n$/ })
  t.match(await postmeter('--help'), { code: 0, out: /postmeter serve --file PATH/ })
})

t.test('it ends when it is told to', async t => {
  const outside = await front(t, '--file', `${sharedFolder(t)}/metrics`)
  const exit = once(outside.child, 'exit')
  outside.child.kill('SIGTERM')
  t.strictSame(await exit, [0, null])
})
