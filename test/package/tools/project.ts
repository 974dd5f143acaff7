/**
 * Somebody's program in a folder of its own, with the packed package and its dependencies installed as npm does it: with
 * two Workers, a front, and an exposition large enough for the pool. What it serves is checked over HTTP.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { pack } from '../../../scripts/npm.js'
import { getBody } from '../../support/get-body.js'
import { repository } from '../consumer.js'

const run = promisify(execFile)

export interface Project {
  readonly folder: string
  /** The package, packed. */
  readonly tarball: string
  readonly type: 'module' | 'commonjs'
  write(files: Readonly<Record<string, string>>): Promise<void>
  /** Rejects, with what it wrote, if it does not end well. */
  run(
    command: string,
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): Promise<{ stdout: string; stderr: string }>
  /** Makes packages of a tool the project's, too. */
  link(modules: string, ...names: string[]): Promise<void>
}

/** An empty project. Its files are ES modules if `type` says so. */
export async function makeProject(t: Test, type: 'module' | 'commonjs' = 'commonjs'): Promise<Project> {
  // Tools compare paths, and some take a folder by its real one.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'postmeter-tool-')))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const { filename } = await pack(repository, folder)
  const project: Project = {
    folder,
    tarball: join(folder, filename),
    type,
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true })
        await writeFile(join(folder, name), text)
      }
    },
    run: (command, args, env = {}) =>
      run(command, args, {
        cwd: folder,
        env: { ...environment(), ...env },
        maxBuffer: 1 << 26,
        timeout: 120_000,
        killSignal: 'SIGKILL',
      }),
    async link(modules, ...names) {
      for (const name of names) {
        const to = join(folder, 'node_modules', name)
        await mkdir(dirname(to), { recursive: true })
        await symlink(join(modules, name), to)
      }
    },
  }
  await project.write({ 'package.json': JSON.stringify({ name: 'project', private: true, type }) })
  return project
}

/** A project in which npm has installed the package. */
export async function installed(t: Test, type: 'module' | 'commonjs' = 'commonjs'): Promise<Project> {
  const project = await makeProject(t, type)
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--omit=optional']
  await project.run('npm', ['install', ...flags, project.tarball])
  return project
}

/** As this process has it, without what the tests' own runner sets. */
function environment(): NodeJS.ProcessEnv {
  const { TAP: _tap, TAP_TIMEOUT: _timeout, NODE_OPTIONS: _options, ...rest } = process.env
  return rest
}

const SERIES = 8_000

/** The program's main thread, without its imports. It ends in order when its input ends. */
export const MAIN = `
  const registry = createRegistry({ name: 'program', memory: '32MiB' })
  const sent = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] })
  for (let n = 0; n < ${SERIES}; n++) sent.inc({ to: 'a' + n }, n)
  const start = worker => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  async function main(workers) {
    await Promise.all(workers.map(start))
    const events = []
    const front = await serve(registry, { listen: '127.0.0.1:0', log: event => event.level === 'info' || events.push(event) })
    let threads = 0
    process.on('worker', () => threads++)
    const own = await registry.metrics()
    console.log(JSON.stringify({ url: front.url, own: own.length, threads }))
    process.stdin.resume()
    await new Promise(resolve => process.stdin.once('end', resolve))
    await front.close()
    await registry.close()
    await Promise.all(workers.map(worker => worker.terminate()))
    console.log(JSON.stringify({ events }))
  }
`

/** A Worker of it, without its imports. */
export const WORKER = `
  getRegistry('program').counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] }).inc({ to: 'a0' }, 5)
  parentPort.postMessage('recorded')
  setInterval(() => {}, 1_000)
`

/** The program as ES modules, or TypeScript. */
export const MODULES = (worker: string) => ({
  main: `
    import { Worker } from 'node:worker_threads'
    import { createRegistry, serve } from 'postmeter'
    ${MAIN}
    const file = new URL('./${worker}', import.meta.url)
    await main([new Worker(file), new Worker(file)])`,
  worker: `
    import { parentPort } from 'node:worker_threads'
    import { getRegistry } from 'postmeter'
    ${WORKER}`,
})

export const COMMON = (worker: string) => ({
  main: `
    const { join } = require('node:path')
    const { Worker } = require('node:worker_threads')
    const { createRegistry, serve } = require('postmeter')
    ${MAIN}
    const file = join(__dirname, '${worker}')
    main([new Worker(file), new Worker(file)]).catch(error => { console.error(error); process.exit(1) })`,
  worker: `
    const { parentPort } = require('node:worker_threads')
    const { getRegistry } = require('postmeter')
    ${WORKER}`,
})

/** Both programs, in a folder of the project; those of CommonJS end with `extension`. */
export async function writePrograms(
  project: Project,
  folder: string,
  extension: 'js' | 'cjs',
): Promise<void> {
  const common = COMMON(`worker.${extension}`)
  const modules = MODULES('worker.mjs')
  await project.write({
    [join(folder, `main.${extension}`)]: common.main,
    [join(folder, `worker.${extension}`)]: common.worker,
    [join(folder, 'main.mjs')]: modules.main,
    [join(folder, 'worker.mjs')]: modules.worker,
  })
}

/**
 * Tests of a program that uses the package, for runners with `test`, `expect`, `beforeAll` and `afterAll`: without
 * imports; `worker` is WORKER's path.
 */
export const TESTS = `
  let registry
  beforeAll(() => { registry = createRegistry({ name: 'program', memory: '32MiB' }) })
  afterAll(() => registry.close())
  test('records, and begins with nothing', async () => {
    expect(getRegistry('program')).toBe(registry)
    expect(registry.value('sent_total')).toBe(undefined)
    const sent = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] })
    for (let n = 0; n < ${SERIES}; n++) sent.inc({ to: 'a' + n }, n)
    expect(registry.value('sent_total', { to: 'a7' })).toBe(7)
    expect(() => sent.inc({ too: 'a' })).toThrow(TypeError)
    const text = await registry.metrics()
    expect(text.match(/^sent_total/gm).length).toBe(${SERIES})
  })
  test('meets its Workers', async () => {
    const thread = new Worker(worker)
    const message = await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject))
    expect(message).toBe('recorded')
    await thread.terminate()
    expect(registry.value('sent_total', { to: 'a0' })).toBe(5)
  })
  test('serves', async () => {
    const events = []
    const front = await serve(registry, { listen: '127.0.0.1:0', log: event => event.level === 'info' || events.push(event) })
    const { get } = process.getBuiltinModule('node:http')
    const body = await new Promise((resolve, reject) => {
      get(front.url, response => {
        let text = ''
        response.setEncoding('utf8').on('data', part => { text += part }).on('end', () => resolve(text))
      }).on('error', reject)
    })
    expect(body).toContain('sent_total{to="a0"} 5\\n')
    expect(body.match(/^sent_total/gm).length).toBe(${SERIES})
    await front.close()
    expect(events).toEqual([])
  })
`

/**
 * Files of the application's own beside its bundle, with names that the package's sources have. They say that they ran,
 * and must not.
 */
const OWN_FILES: Readonly<Record<string, string>> = Object.fromEntries(
  ['task.js', 'front.js', 'kernel.wasm', 'deflate.wasm', 'scraper-module.js', 'transport-http.js'].map(
    name => [
      name,
      `process._rawDebug('THE APPLICATION RAN ${name}'); throw new Error('THE APPLICATION RAN ${name}')`,
    ],
  ),
)

/** Puts the application's own files beside its bundle. */
export async function writeOwnFiles(project: Project, out: string): Promise<void> {
  for (const [name, text] of Object.entries(OWN_FILES)) await project.write({ [join(out, name)]: text })
}

/** Starts the program, and checks what it serves and how it ends. */
export async function check(
  t: Test,
  project: Project,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const child = spawn(command, args, { cwd: project.folder, env: { ...environment(), ...env } })
  t.teardown(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const closed = once(child, 'close')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the program ended: ${stderr}`)
      if (value.startsWith('{')) return JSON.parse(value)
    }
  }
  const { url, own, threads } = await answer()
  t.ok(threads > 0, 'a pool encoded what the program exposed itself')
  for (const encoding of ['identity', 'gzip']) {
    const body = await getBody(url, encoding)
    const values = [...body.matchAll(/^sent_total\{to="a(\d+)"\} (\d+)$/gm)]
    t.equal(values.length, SERIES, `all series, ${encoding}`)
    const wrong = values.filter(([, n, value]) => Number(value) !== (n === '0' ? 10 : Number(n)))
    t.same(wrong, [], `with what main and both Workers counted, ${encoding}`)
    t.ok(body.length > own, 'and more, of the library itself')
  }
  child.stdin.end()
  const { events } = await answer()
  t.same(events, [], 'the front had nothing to complain of')
  t.equal((await closed)[0], 0, 'it ends in order')
  t.equal(stderr, '', 'without a warning')
}

/** What a program that cannot work says: its error output. */
export async function refuses(project: Project, command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await project.run(command, args)
    return `it ran: ${stdout}`
  } catch (error) {
    return (error as { stderr: string }).stderr
  }
}

/** What a bundle says that can find no file of the package's. */
export const KEEP = /keep postmeter out of the bundle .*esbuild: --external:postmeter/

/** Copies the package's files beside a bundle that it is in. */
export async function copyFiles({ folder }: Project, out: string): Promise<void> {
  const lib = join(folder, 'node_modules/postmeter/dist/lib')
  for (const name of await readdir(lib))
    if (name.startsWith('postmeter-')) await cp(join(lib, name), join(folder, out, name))
}
