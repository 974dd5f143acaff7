/** A program whose node_modules is removed, or holds another release, while it runs: it goes on until it is restarted. */
import { type ChildProcess, fork } from 'node:child_process'
import { on, once } from 'node:events'
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { getBody } from '../support/get-body.js'
import { makeConsumer, repository } from './consumer.js'

/** One span for the pool, which then has begun one of its two threads; or six, for which it would begin the other. */
const SERIES = { few: 3_000, large: 60_000 }

const program = `
  import { Worker } from 'node:worker_threads'
  import { createRegistry, serve } from 'postmeter'
  const registry = createRegistry({ name: 'replaced', memory: '32MiB' })
  const series = registry.counter({ name: 'series_total', help: 'h', labelNames: ['n'] })
  let made = 0
  const fill = count => { for (; made < count; made++) series.inc({ n: made }) }
  fill(Number(process.argv[2]))
  const recorder = new Worker(new URL('./recorder.mjs', import.meta.url))
  await new Promise(resolve => recorder.once('message', resolve))
  const idler = new Worker(new URL('./idler.mjs', import.meta.url))
  await new Promise(resolve => idler.once('message', resolve))
  const fronts = []
  process.on('worker', worker => fronts.push(worker))
  const log = event => process.send({ event })
  // Not uWebSockets.js: it aborts a process one of whose threads is terminated while its app is open.
  const front = await serve(registry, { listen: '127.0.0.1:0', transport: 'http', log })
  const calls = {
    fill,
    record: () => new Promise(resolve => { recorder.once('message', resolve); recorder.postMessage(1) }),
    expose: () => new Promise(resolve => { idler.once('message', resolve); idler.postMessage(1) }),
    endFront: () => fronts.at(-1).terminate(),
    close: async () => {
      await front.close()
      await registry.close()
      await Promise.all([recorder.terminate(), idler.terminate()])
      process.removeAllListeners('message')
    },
  }
  process.on('message', async ({ call, argument }) => {
    process.send({ answer: await calls[call](argument) ?? null })
  })
  // What is loaded soon after the start is there by now.
  setTimeout(() => process.send({ url: front.url }), 1_500)
`
const recorder = `
  import { parentPort } from 'node:worker_threads'
  import { getRegistry } from 'postmeter'
  const recorded = getRegistry('replaced').counter({ name: 'recorded_total', help: 'h', labelNames: ['n'] })
  parentPort.on('message', n => { recorded.inc({ n }); parentPort.postMessage('recorded') })
  recorded.inc({ n: 0 })
  parentPort.postMessage('begun')
`
/** Has loaded nothing that makes expositions. */
const idler = `
  import { parentPort } from 'node:worker_threads'
  import { getRegistry } from 'postmeter'
  const registry = getRegistry('replaced')
  parentPort.on('message', () =>
    registry.metrics().then(() => 'exposed', ({ code, message }) => ({ code, message })).then(said => parentPort.postMessage(said)))
  parentPort.postMessage('begun')
`
const OTHER = 'ANOTHER RELEASE RAN'

/** What npm does when another release is installed, or the package removed. */
type Replace = (modules: string) => Promise<void>

const remove: Replace = modules => rename(modules, `${modules}.gone`)

/** Each file of the package says that it ran, under the names that another build gives; its dependencies are the same. */
const another: Replace = async modules => {
  await rename(modules, `${modules}.gone`)
  await cp(`${modules}.gone`, modules, { recursive: true })
  const lib = join(modules, 'postmeter', 'dist', 'lib')
  const loud = `process._rawDebug(${JSON.stringify(OTHER)}); throw new Error(${JSON.stringify(OTHER)})\n`
  for (const file of await readdir(lib)) {
    await rm(join(lib, file))
    if (/\.(m?js|wasm)$/.test(file))
      await writeFile(join(lib, file.replace(/-[0-9a-f]{8}\./, '-00000000.')), loud)
  }
  await writeFile(join(lib, 'package.json'), '{ "type": "commonjs" }')
}

const restore: Replace = async modules => {
  await rm(modules, { recursive: true, force: true })
  await rename(`${modules}.gone`, modules)
}

const CASES = [
  { name: 'removed', replace: remove, scraped: true },
  { name: 'another release', replace: another, scraped: false },
  { name: 'another release', replace: another, scraped: true },
]

for (const { name, replace, scraped } of CASES) {
  t.test(`${name}, ${scraped ? 'after' : 'before'} the first scrape that the pool encodes`, async t => {
    const consumer = await makeConsumer(t)
    const modules = join(consumer.folder, 'node_modules')
    await ownDependencies(modules)
    for (const [file, text] of Object.entries({ program, recorder, idler }))
      await writeFile(join(consumer.folder, `${file}.mjs`), text)
    const child = fork(join(consumer.folder, 'program.mjs'), [String(scraped ? SERIES.few : 1)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    const running = new Program(child)
    t.teardown(() => child.kill('SIGKILL'))
    const url = await running.url()
    await whole(t, url, scraped ? SERIES.few : 1)

    await replace(modules)
    await running.call('record')
    await whole(t, url, scraped ? SERIES.few : 1)
    await running.call('fill', SERIES.large)
    for (let n = 0; n < 2; n++) await whole(t, url, SERIES.large)
    await running.call('record')
    t.match(await getBody(url), /^recorded_total\{n="1"\} 2$/m, 'recording goes on')
    t.match(
      await running.call('expose'),
      { code: 'ERR_POSTMETER_FILES', message: /start the program anew/ },
      'a thread that exposes for the first time says why it cannot',
    )

    await running.call('endFront')
    const failed = await running.said('front-failed', /is not there/)
    t.match(failed, /postmeter-worker-[0-9a-f]{8}\.js is not there: .*start the program anew/)
    await restore(modules)
    await running.said('front-restarted')
    await whole(t, url, SERIES.large)
    t.notMatch(running.stderr, OTHER)
    const exit = once(child, 'exit')
    await running.call('close')
    t.equal((await exit)[0], 0)
  })
}

interface Event {
  readonly code: string
  readonly message: string
}

class Program {
  readonly #child: ChildProcess
  readonly #messages: AsyncIterator<[Record<string, unknown>]>
  readonly #events: Event[] = []
  stderr = ''

  constructor(child: ChildProcess) {
    this.#child = child
    this.#messages = on(child, 'message', { close: ['exit'] }) as never
    child.stderr!.setEncoding('utf8').on('data', text => {
      this.stderr += text
    })
  }

  async url(): Promise<string> {
    return (await this.#next('url')) as string
  }

  async call(call: string, argument?: unknown): Promise<unknown> {
    this.#child.send({ call, argument })
    return this.#next('answer')
  }

  /** The first event of that code, now or later, and of those whose message matches. */
  async said(code: string, message = /./): Promise<string> {
    for (;;) {
      const found = this.#events.find(event => event.code === code && message.test(event.message))
      if (found !== undefined) return found.message
      await this.#next('event')
    }
  }

  async #next(key: string): Promise<unknown> {
    for (;;) {
      const { value, done } = await this.#messages.next()
      if (done) throw new Error(`the program ended: ${this.stderr}`)
      const [message] = value as [Record<string, unknown>]
      if ('event' in message) this.#events.push(message.event as Event)
      if (key in message) return message[key]
    }
  }
}

/** Both ways, as a reader with gzip and one without get it. */
async function whole(t: Test, url: string, series: number): Promise<void> {
  for (const encoding of ['identity', 'gzip']) {
    const body = await getBody(url, encoding)
    t.equal(body.match(/^series_total\{/gm)?.length, series, `${series} series, ${encoding}`)
  }
}

/** Copies in the place of links: only what is in the folder itself can be replaced. */
async function ownDependencies(modules: string): Promise<void> {
  const names = new Set(await readdir(modules))
  names.delete('postmeter')
  for (const name of names) {
    const manifest = join(repository, 'node_modules', name, 'package.json')
    const { dependencies = {} } = JSON.parse(await readFile(manifest, 'utf8'))
    for (const more of Object.keys(dependencies)) names.add(more)
  }
  for (const name of names) {
    await rm(join(modules, name), { recursive: true, force: true })
    await cp(join(repository, 'node_modules', name), join(modules, name), {
      recursive: true,
      dereference: true,
    })
  }
}
