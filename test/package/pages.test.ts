/** Programs of the pages in docs/, as a reader copies them: each runs, and prints or does what its page says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { uncompress } from 'snappyjs'
import t, { type Test } from 'tap'
import { readFirst, STALE } from '../push/readers/remote-write.js'
import { sharedFolder } from '../support/folder.js'
import { freePort } from '../support/free-port.js'
import { getBody } from '../support/get-body.js'
import { type Consumer, link, makeConsumer, repository } from './consumer.js'

const docs = join(repository, 'docs')
const pages: Record<string, string> = {}
for (const name of await readdir(docs))
  if (name.endsWith('.md')) pages[name] = await readFile(join(docs, name), 'utf8')

/** Pages whose programs have tests of their own, or that are written by a script. */
const ELSEWHERE = new Set(['API.md', 'DEPLOYING.md', 'HARAKA.md', 'MONITORING.md', 'MTA.md'])

interface Program {
  readonly page: string
  /** Of a whole program, its file's name; undefined for lines that stand in a program of the reader's. */
  readonly file: string | undefined
  readonly text: string
  ran: boolean
}

const programs: Program[] = Object.entries(pages)
  .filter(([page]) => !ELSEWHERE.has(page))
  .flatMap(([page, text]) =>
    [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, program]) => ({
      ...{ page, text: program!, ran: false },
      file: /^\/\/ ([\w.-]+\.js)/.exec(program!)?.[1],
    })),
  )

const consumer = await installed()

/** A reader's folder, with what the programs import. */
async function installed(): Promise<Consumer> {
  const made = await makeConsumer(t as unknown as Test)
  for (const name of ['koffi', 'snappyjs', 'express', 'fastify', 'prom-client']) await link(name, made.folder)
  await writeFile(join(made.folder, 'package.json'), '{ "type": "module" }')
  const bin = join(made.folder, 'node_modules/.bin')
  await mkdir(bin)
  await symlink('../postmeter/dist/lib/cli.js', join(bin, 'postmeter'))
  return made
}

/** Writes a page's programs to the reader's folder. */
async function write(page: string, ...files: string[]): Promise<void> {
  for (const file of files) {
    const program = programs.find(one => one.page === page && one.file === file)
    if (program === undefined) throw new Error(`docs/${page} has no program "// ${file}"`)
    program.ran = true
    await writeFile(join(consumer.folder, file), program.text)
  }
}

/** The lines of a page that have this text, between those of a program that a reader may have; what it prints. */
async function runLines(page: string, has: string, before: string, after: string): Promise<string> {
  const lines = programs.find(one => one.page === page && one.file === undefined && one.text.includes(has))
  if (lines === undefined) throw new Error(`docs/${page} has no lines with ${has}`)
  lines.ran = true
  await writeFile(join(consumer.folder, 'lines.js'), `${before}\n${lines.text}\n${after}`)
  const { stdout, stderr } = await consumer.node('lines.js')
  if (stderr !== '') throw new Error(stderr)
  return stdout
}

/** The block that follows a line of a page. */
function blockBehind(page: string, line: string, language = ''): string {
  const text = pages[page]!
  const at = text.indexOf(`\n${line}\n`)
  if (at < 0) throw new Error(`docs/${page} has no line "${line}"`)
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(text.slice(at))![1]!
}

t.test('LABELS', async t => {
  await t.test('strangers have one series', async t => {
    await write('LABELS.md', 'classes.js')
    const { stdout } = await consumer.node('classes.js')
    t.same(stdout.match(/^mail_deferred_total.*/gm), [
      'mail_deferred_total{provider="big"} 2',
      'mail_deferred_total{provider="small"} 0',
      'mail_deferred_total{provider="other"} 2',
    ])
  })

  await t.test('what a series costs is what the table says', async t => {
    await write('LABELS.md', 'sizes.js')
    const { stdout } = await consumer.node('sizes.js')
    const rows = (text: string) =>
      [...text.matchAll(/^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map(([, what, ...figures]) => ({
        what,
        figures: figures.map(Number),
      }))
    const [printed, written] = [rows(stdout), rows(pages['LABELS.md']!)]
    t.same(
      written.map(({ what }) => what),
      printed.map(({ what }) => what),
    )
    for (const [n, { what, figures }] of printed.entries()) {
      const off = figures.map((figure, m) => Math.abs(figure - written[n]!.figures[m]!) / figure)
      t.ok(Math.max(...off) < 0.05, `${what}: ${figures.join(', ')}`)
    }
  })

  await t.test('a series is dropped at the limit, expires, and comes back', async t => {
    await write('LABELS.md', 'queues.js')
    const { stdout } = await consumer.node('queues.js')
    t.same(stdout.match(/dropped-\w+|\w\.example"} \d/g), [
      ...['dropped-series', 'a.example"} 1', 'b.example"} 1'],
      'a.example"} 1',
      ...['a.example"} 1', 'b.example"} 1'],
    ])
  })
})

t.test('THREADS: what Workers counted stays when they end', async t => {
  await write('THREADS.md', 'threads.js', 'thread.js')
  const { stdout } = await consumer.node('threads.js')
  t.equal(stdout, blockBehind('THREADS.md', 'prints'))
})

t.test('PUSH: what was counted since the last push is told at the end, and that it has ended', async t => {
  await write('PUSH.md', 'push.js')
  const bodies: Buffer[] = []
  const receiver = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    bodies.push(Buffer.from(uncompress(Buffer.concat(parts))))
    response.writeHead(204).end()
  })
  await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
  t.teardown(() => receiver.close())
  const { port } = receiver.address() as AddressInfo
  await consumer.node(
    '--import',
    `data:text/javascript,process.env.PUSH_URL="http://127.0.0.1:${port}/api/v1/write"`,
    'push.js',
  )
  const samples = bodies.flatMap(body =>
    readFirst(body)
      .series.filter(({ labels }) => labels.some(([, value]) => value === 'mail_delivered_total'))
      .map(({ labels, bits, value }) => ({ labels: Object.fromEntries(labels), end: bits === STALE, value })),
  )
  const labels = { __name__: 'mail_delivered_total', job: 'mta', instance: 'mx1' }
  t.match(samples.at(-2), { labels, end: false, value: 3 })
  t.match(samples.at(-1), { labels, end: true })
})

t.test('FORMATS: the expositions are those of the page', async t => {
  await write('FORMATS.md', 'formats.js')
  const { stdout } = await consumer.node('formats.js')
  const [, text] = /three expositions[^\n]* Text:\n\n```\n(.*?)^```/ms.exec(pages['FORMATS.md']!)!
  const openMetrics = blockBehind('FORMATS.md', 'OpenMetrics:')
  const json = blockBehind('FORMATS.md', 'JSON:', 'json')
  t.equal(stdout, `${text}\n${openMetrics}\n${json}`)
})

t.test('METRICS', async t => {
  const before = `
    import { createRegistry } from 'postmeter'
    const registry = createRegistry({ memory: '16MiB' })
    const pools = [{ name: 'a', open: 3 }]`
  const after = 'console.log(await registry.metrics())\nawait registry.close()'
  t.match(await runLines('METRICS.md', 'collect:', before, after), /^pool_open\{pool="a"\} 3$/m)
  t.match(await runLines('METRICS.md', 'collectDefaults', before, after), /^process_resident_memory_bytes /m)
})

t.test('ENDPOINT: the handler answers in node:http, Express and Fastify', async t => {
  const before = `
    import { createServer } from 'node:http'
    import { once } from 'node:events'
    import express from 'express'
    import Fastify from 'fastify'
    import { createRegistry } from 'postmeter'
    const registry = createRegistry({ memory: '16MiB' })
    registry.counter({ name: 'seen_total', help: '' }).inc()
    const servers = []
    const http = { createServer: handler => servers.push(createServer(handler)) }
    const [app, fastify] = [express(), Fastify()]`
  const after = `
    servers.push(createServer(app))
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    for (const server of [...servers, fastify.server]) {
      const response = await fetch('http://127.0.0.1:' + server.address().port + '/metrics')
      console.log((await response.text()).match(/^seen_total.*/m)[0])
    }
    process.exit()`
  t.equal(await runLines('ENDPOINT.md', 'metricsHandler', before, after), 'seen_total 1\n'.repeat(3))
})

t.test("ENDPOINT: another library's text stands behind one's own", async t => {
  const before = `
    import promClient from 'prom-client'
    import { createRegistry, serve as listen } from 'postmeter'
    const serve = (registry, options) => listen(registry, { ...options, listen: '127.0.0.1:0' })
    const registry = createRegistry({ memory: '16MiB' })
    registry.counter({ name: 'seen_total', help: '' }).inc()
    new promClient.Counter({ name: 'old_total', help: 'Old' }).inc(2)`
  const after = `
    console.log((await (await fetch(front.url)).text()).match(/^(seen|old)_total.*/gm).join(' '))
    process.exit()`
  t.equal(await runLines('ENDPOINT.md', 'alongside:', before, after), 'seen_total 1 old_total 2\n')
})

t.test('PROCESSES', async t => {
  const folder = sharedFolder(t)
  const file = `${folder}/metrics`
  const port = await freePort()
  const imports = `import { createRegistry as create, getRegistry, serve as listen } from 'postmeter'
    import { fork } from 'node:child_process'
    import { once } from 'node:events'
    const small = { memory: '8MiB' }
    const counted = registry => registry.counter({ name: 'seen_total', help: '' })
    const createRegistry = options => create({ ...small, ...options, ...(options.file && { file: '${file}' }) })
    const serve = (registry, options) => listen(registry, { ...options, listen: '127.0.0.1:${port}' })`

  // What the second lines make of a registry is for the child of a process that has the first.
  const child = 'counted(registry).inc()\nprocess.exit()'
  await runLines('PROCESSES.md', 'registry = getRegistry()', imports, child)
  await rename(join(consumer.folder, 'lines.js'), join(consumer.folder, 'child.js'))
  const starts = `counted(registry)
    await once(fork('./child.js'), 'exit')
    console.log(registry.value('seen_total'))
    await registry.close()`
  t.equal(await runLines('PROCESSES.md', 'shared: true', imports, starts), '1\n', 'a child records')

  const counts = "counted(registry).inc()\nconsole.log(registry.value('seen_total'))\nawait registry.close()"
  t.equal(await runLines('PROCESSES.md', 'file:', imports, counts), '1\n')
  t.equal(
    await runLines('PROCESSES.md', 'file:', imports, counts),
    '2\n',
    'a service that starts again goes on',
  )

  const serves = 'console.log(front.listening, front.url)\nawait front.close()\nawait registry.close()'
  const made = `${imports}\nconst registry = create({ memory: '8MiB' })`
  const said = await runLines('PROCESSES.md', 'standby: true', made, serves)
  t.equal(said, `true http://127.0.0.1:${port}/metrics\n`)

  await t.test('commands', async t => {
    const commands = [...pages['PROCESSES.md']!.matchAll(/^```sh\nnpx (.*)\n```/gm)].map(
      ([, command]) => command!,
    )
    t.equal(commands.length, 2)
    for (const command of commands) {
      const changes = { '/run/mta/metrics': file, '127.0.0.1:8000': `127.0.0.1:${port}` }
      let changed = command
      for (const [from, to] of Object.entries(changes)) changed = changed.replace(from, to)
      const [name, ...args] = changed.split(' ')
      const started = spawn(process.execPath, [join('node_modules/.bin', name!), ...args], {
        cwd: consumer.folder,
      })
      t.teardown(() => started.kill('SIGKILL'))
      if (command.includes(' serve ')) {
        await line(started, 'stderr', /serves on/)
        t.match(await getBody(`http://127.0.0.1:${port}/metrics`), /^seen_total 2$/m)
        started.kill('SIGTERM')
      } else await line(started, 'stdout', /^seen_total 2$/m)
      t.same(await once(started, 'exit'), [0, null])
    }
  })
})

t.test('PROM-CLIENT', async t => {
  const imports = programs.filter(({ page, text }) => page === 'PROM-CLIENT.md' && !text.includes('serve('))
  for (const one of imports) {
    const names = /\b(?:import|const) (.*?) (?:from|=)/.exec(one.text)![1]!
    const require =
      "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)"
    const has = one.text.trim()
    const shown = `console.log(typeof ${/\w+/.exec(names)![0]})\nprocess.exit()`
    t.match(await runLines('PROM-CLIENT.md', has, require, shown), /^(object|function)$/m, has)
  }
  const before = 'import { Counter } from "postmeter/prom-client"'
  const after = `
    new Counter({ name: 'seen_total', help: 'Seen' }).inc()
    console.log((await (await fetch(front.url)).text()).match(/^seen_total.*/m)[0])
    process.exit()`
  const port = `127.0.0.1:${await freePort()}`
  const lines = programs.find(({ page, text }) => page === 'PROM-CLIENT.md' && text.includes('serve('))!
  Object.assign(lines, { text: lines.text.replace('127.0.0.1:8000', port) })
  t.equal(await runLines('PROM-CLIENT.md', 'serve(', before, after), 'seen_total 1\n')
})

t.test('each program of these pages ran', async t => {
  t.same(
    programs.filter(({ ran }) => !ran).map(({ page, text }) => `${page}: ${text}`),
    [],
  )
  t.ok(programs.length > 10, `${programs.length} programs`)
})

/** Waits until a process has written what is wanted. */
async function line(child: ChildProcess, stream: 'stdout' | 'stderr', wanted: RegExp): Promise<void> {
  let said = ''
  for await (const part of child[stream]!) {
    said += part
    if (wanted.test(said)) return
  }
  throw new Error(`it ended without ${wanted}: ${said}`)
}
