/** The view as a user has it: from the packed package, in a terminal. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { TERMINAL_KIT } from '../../scripts/build-terminal-kit.js'
import { needTmux } from '../../scripts/need-tmux.js'
import { createRegistry, serve } from '../../src/index.js'
import { makeConsumer, repository } from '../package/consumer.js'
import { neededOrSkip } from '../support/need.js'
import { Terminal, type TerminalOptions } from './tmux.js'

const found = await neededOrSkip(t as unknown as Test, 'tmux', needTmux)
if (!found) process.exit(0)
const consumer = await makeConsumer(t as unknown as Test)
const COMMAND = join(consumer.folder, 'node_modules/postmeter/dist/lib/cli.js')
/** Behind the view: what it ended with, and how the terminal is. */
const BEHIND = 'echo "ended with $?"; stty -a'

/** An endpoint whose text is the test's. */
class Endpoint {
  text = ''
  looks = 0
  readonly #looked = new EventEmitter()
  #server: Server | undefined
  #port = 0

  static async start(t: Test, text: string): Promise<Endpoint> {
    const endpoint = new Endpoint()
    endpoint.text = text
    t.teardown(() => endpoint.stop())
    await endpoint.listen()
    return endpoint
  }

  async listen(): Promise<void> {
    this.#server = createServer((_, response) => {
      this.looks++
      this.#looked.emit('look')
      const headers = { 'content-type': 'text/plain; version=0.0.4', connection: 'close' }
      response.writeHead(200, headers).end(this.text.replaceAll('LOOKS', String(this.looks)))
    }).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async looked(): Promise<void> {
    await once(this.#looked, 'look')
  }

  stop(): void {
    this.#server?.close()
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }
}

function top(t: Test, url: string, options: TerminalOptions = {}, args = '--every 0.2'): Promise<Terminal> {
  return Terminal.start(
    t,
    `echo before; '${process.execPath}' '${COMMAND}' top ${args} ${url}; ${BEHIND}`,
    options,
  )
}

const MAIL = `# HELP queued Messages that wait.
# TYPE queued gauge
queued{domain="a.example",pool="x"} 5
queued{domain="b.example",pool="x"} 70
queued{domain="b.example",pool="y"} 9
# TYPE sent_total counter
sent_total{domain="a.example"} LOOKS
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} LOOKS
took_seconds_bucket{le="+Inf"} LOOKS
took_seconds_sum 1
took_seconds_count LOOKS
`

t.test('families, their figures and spark lines; keys sort, filter and open', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const terminal = await top(t, endpoint.url)
  const screen = await terminal.until(/took_seconds +histogram +1 .*99 ms.*[▁-█]/)
  t.match(screen, `${endpoint.url}  just now · `)
  t.match(screen, /^name▲ +type +series +value +rate +p50 +p90 +p99/m)
  t.match(screen, /^queued +gauge +3 +84 +█+$/m)
  t.match(screen, /^sent_total +counter +1 +\d+ +[\d.]+\/s +.*[▁-█]+$/m)
  t.match(screen, /^took_seconds +histogram +1 +\d+ +[\d.]+\/s +50 ms +90 ms +99 ms .*[▁-█]+$/m)
  await terminal.keys('r')
  await terminal.until(/^name▼.*\ntook_seconds.*\nsent_total.*\nqueued/m)
  await terminal.keys('r', 's', 's', 's')
  await terminal.until(/value▼.*\nqueued/)
  await terminal.keys('<', '<', '<')
  await terminal.until(/name▲.*\nqueued/)

  await terminal.keys('/')
  await terminal.type('SENT')
  await terminal.until(
    screen => /^\/SENT/m.test(screen) && !/^queued/m.test(screen) && /^sent_total/m.test(screen),
  )
  await terminal.keys('Enter')
  await terminal.until(/1 family +filter: SENT/)
  await terminal.keys('Escape')
  await terminal.until(/3 families/)

  await terminal.keys('Home', 'Enter')
  await terminal.until(
    /^queued \(gauge\): 3 series +Messages that wait\.\n.*\ndomain="b\.example" pool="x" .* 70 .*\ndomain="b\.example" pool="y" .* 9 .*\ndomain="a/m,
  )
  await terminal.keys('l')
  await terminal.until(/2 values of domain.*\ndomain .*\nb\.example .* 2 .* 79 .*\na\.example .* 1 .* 5 /)
  await terminal.keys('Tab')
  await terminal.until(/2 values of pool/)
  await terminal.keys('l')
  await terminal.until(/3 series/)
  await terminal.keys('Escape')
  await terminal.until(/3 families/)

  await terminal.keys('?')
  await terminal.until(/PgUp, PgDn +a page up, down/)
  await terminal.keys('x')
  await terminal.until(/^queued/m)
})

t.test('paused, it does not look; going on, it does', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const terminal = await top(t, endpoint.url, {}, '--every 0.1')
  await terminal.until(/^queued/m)
  await terminal.keys('p')
  await terminal.until(/PAUSED$/m)
  const { looks } = endpoint
  await terminal.until(/[2-9] s ago/)
  t.ok(endpoint.looks <= looks + 1, 'but for one that was under way')
  await terminal.keys('p')
  await terminal.until(screen => endpoint.looks > looks + 3 && !screen.includes('PAUSED'))
})

t.test('q ends it, and the terminal is as it was', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  for (const key of ['q', 'C-c']) {
    const terminal = await top(t, endpoint.url)
    await terminal.until(/^queued/m)
    t.same(await terminal.state(), { alternate: true, cursor: false })
    await terminal.keys(key)
    await isRestored(t, terminal, 0)
  }
})

/** What was there before is there again, keys are echoed, a line at a time, and the cursor is shown. */
async function isRestored(t: Test, terminal: Terminal, code: number): Promise<void> {
  const screen = await terminal.until(/ended with \d+[\s\S]* echo /)
  t.match(screen, new RegExp(`^before\\s+ended with ${code}$`, 'm'))
  t.match(screen, /[ ;]icanon /)
  t.match(screen, /[ ;\n]echo /)
  t.match(screen, /[ ;\n]isig /)
  t.same(await terminal.state(), { alternate: false, cursor: true })
  await terminal.type('typed')
  await terminal.until(/typed/)
}

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const)
  t.test(`${signal} ends it, and the terminal is as it was`, async t => {
    const endpoint = await Endpoint.start(t, MAIL)
    const terminal = await top(t, endpoint.url)
    await terminal.until(/^queued/m)
    process.kill(await terminal.pid(), signal)
    await isRestored(t, terminal, 0)
  })

t.test('an error that nobody expected is shown on the screen that was there before', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const trap = join(consumer.folder, 'trap.cjs')
  await writeFile(trap, `process.on('SIGUSR2', () => { throw new Error('unexpected') })`)
  const terminal = await top(t, endpoint.url, { env: { NODE_OPTIONS: `--require=${trap}` } })
  await terminal.until(/^queued/m)
  process.kill(await terminal.pid(), 'SIGUSR2')
  t.match(await terminal.until(/ended with/), /^before[\s\S]*Error: unexpected[\s\S]*ended with 1$/m)
  t.same(await terminal.state(), { alternate: false, cursor: true })
})

t.test('a terminal that takes nothing holds up neither looks nor the end', async t => {
  const rows = Array.from({ length: 100 }, (_, n) => `family_${n} LOOKS${n}\n`).join('')
  const endpoint = await Endpoint.start(t, rows)
  // A terminal that reads the first screen, and then no more.
  const program = `
import os, pty, sys, fcntl, struct, termios
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 60, 200, 0, 0))
seen = b''
while b'family_50' not in seen: seen += os.read(fd, 65536)
print(pid, flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`
  const args = ['-c', program, process.execPath, COMMAND, 'top', '--every', '0.02', endpoint.url]
  const child = spawn('python3', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const pid = Number((await lines.next()).value)
  const { looks } = endpoint
  // A screen that changes is some KB: far more than a terminal holds.
  while (endpoint.looks < looks + 100) await endpoint.looked()
  process.kill(pid, 'SIGTERM')
  t.equal((await lines.next()).value, '0')
})

t.test('it ends when its terminal is gone', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^queued/m)
  const pid = await terminal.pid()
  await terminal.close()
  for (let isThere = true; isThere; ) {
    try {
      process.kill(pid, 0)
      await new Promise(resolve => setTimeout(resolve, 20))
    } catch {
      isThere = false
    }
  }
  t.pass('and leaves no process behind')
})

for (const [how, stop] of [
  ['Ctrl-Z', terminal => terminal.keys('C-z')],
  ['kill -TSTP', async terminal => process.kill(await terminal.pid(), 'SIGTSTP')],
] as const satisfies readonly [string, (terminal: Terminal) => Promise<unknown>][])
  t.test(`${how} stops it, and gives the terminal back until it goes on`, async t => {
    const endpoint = await Endpoint.start(t, MAIL)
    const line = `'${process.execPath}' '${COMMAND}' top --every 0.2 ${endpoint.url}`
    const terminal = await Terminal.start(t, 'PS1="> " exec bash --norc -i')
    await terminal.until(/^>/m)
    await terminal.type(line)
    await terminal.keys('Enter')
    await terminal.until(/^queued/m)
    // More than once: it has to listen again.
    for (let n = 1; n <= 2; n++) {
      await stop(terminal)
      await terminal.until(screen => screen.split('Stopped').length === n + 1)
      t.same(await terminal.state(), { alternate: false, cursor: true })
      await terminal.type('fg')
      await terminal.keys('Enter')
      await terminal.until(/^queued/m)
      t.same(await terminal.state(), { alternate: true, cursor: false })
    }
    await terminal.keys('q')
    await terminal.until(/^>\s*$/m)
    t.same(await terminal.state(), { alternate: false, cursor: true })
  })

t.test('where no shell could have it go on, it is not stopped, and goes on by itself', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^queued/m)
  for (const stop of [
    async () => process.kill(await terminal.pid(), 'SIGTSTP'),
    () => terminal.keys('C-z'),
  ]) {
    await stop()
    await terminal.keys('?')
    await terminal.until(/PgUp, PgDn/)
    await terminal.keys('x')
    await terminal.until(/^queued/m)
  }
  await terminal.keys('q')
  // What was typed meanwhile has been echoed.
  await terminal.until(/^before\s+\?*ended with 0$/m)
  t.same(await terminal.state(), { alternate: false, cursor: true })
})

t.test('going on behind kill -STOP, of which nobody is told, it draws all anew', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^queued/m)
  const pid = await terminal.pid()
  process.kill(pid, 'SIGSTOP')
  await terminal.keys('-R')
  await terminal.until(screen => !screen.includes('queued'))
  process.kill(pid, 'SIGCONT')
  await terminal.until(/^queued/m)
  t.same(await terminal.state(), { alternate: true, cursor: false })
  await terminal.keys('q')
  await terminal.until(/ended with 0/)
})

t.test('it ends although an answer is outstanding', async t => {
  let looks = 0
  const server = createServer((_, response) => {
    looks++
    if (looks === 1)
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' }).end('a 1\n')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const terminal = await top(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await terminal.until(screen => looks === 2 && /^a /m.test(screen))
  await terminal.keys('q')
  await isRestored(t, terminal, 0)
})

t.test('an endpoint that goes away is said, and so is that it is back', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^queued/m)
  endpoint.stop()
  const screen = await terminal.until(/refuses connections: nothing listens there/)
  t.match(screen, /^queued +gauge +3 +84/m, 'what was seen last is still there')
  await terminal.until(/[1-9] s ago/)
  await endpoint.listen()
  await terminal.until(screen => !screen.includes('refuses') && screen.includes('just now'))
})

t.test('a failure of the first look is said, and the terminal is not touched', async t => {
  const terminal = await top(t, 'unix:/no/such/socket')
  const screen = await terminal.until(/ended with/)
  t.match(screen, /before\npostmeter: unix:\/no\/such\/socket is no socket[\s\S]*ended with 3/)
})

t.test('it fits any screen, and a larger one later', async t => {
  const many = Array.from({ length: 200 }, (_, n) => `family_${String(n).padStart(3, '0')} ${n}\n`).join('')
  const endpoint = await Endpoint.start(t, many)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^family_025/m)
  await terminal.resize(20, 5)
  const small = await terminal.until(
    screen => screen.trimEnd().split('\n').length <= 5 && /^family_000/m.test(screen),
  )
  t.ok(
    small
      .trimEnd()
      .split('\n')
      .every(line => line.length <= 20),
    small,
  )
  await terminal.keys('End')
  await terminal.until(/^family_199/m)
  await terminal.resize(2, 1)
  await terminal.until(screen => screen.trimEnd().length <= 2)
  await terminal.resize(120, 40)
  await terminal.until(/^family_164 [\s\S]*^family_199 .*199/m)
  await terminal.keys('PageUp', 'Home')
  await terminal.until(/^family_000 [\s\S]*^family_035/m)
})

t.test('hostile names and labels do nothing to the terminal', async t => {
  const text =
    '# HELP evil \x1b]0;title\x07 \x1b[2J\n# TYPE evil gauge\n' +
    'evil{x="\x1b[2J\x1b[31m\x07\x9b1m"} 5\nevil{x="例え^[%s^Yテスト"} 4\nevil{x="\u202egnp.exe\u200b👍e\u0301"} 3\n'
  const endpoint = await Endpoint.start(t, text)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^evil /m)
  await terminal.keys('Enter')
  await terminal.until(/^evil \(gauge\): 3 series/m)
  await terminal.keys('l')
  const screen = await terminal.until(/^·\[2J·\[31m···?1m[\s\S]*^例え[\s\S]*^·gnp.*█/m)
  t.match(screen, /^例え\^\[%s\^Yテスト +1 +4 +█/m, 'wide ones take two cells')
  t.match(screen, /^·gnp\.exe··e· +1 +3 +█/m)
  const columns = screen
    .split('\n')
    .filter(line => / █+$/.test(line))
    .map(line => line.replace(/[例えテスト]/g, '$&_').indexOf('█'))
  t.equal(columns.length, 3, screen)
  t.equal(new Set(columns).size, 1, 'and columns stand below each other')
  await terminal.keys('q')
  await isRestored(t, terminal, 0)
})

t.test('NO_COLOR: styles, and no colours', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const coloured = await top(t, endpoint.url)
  await coloured.until(/^queued/m)
  const colour = /\x1b\[(?:[\d;]*;)?(?:3[0-7]|9[0-7]|38;|4[0-7])[\d;]*m/
  t.match(await coloured.screen({ styles: true }), colour)
  const plain = await top(t, endpoint.url, { env: { NO_COLOR: '1' } })
  await plain.until(/^queued/m)
  t.notMatch(await plain.screen({ styles: true }), colour)
})

t.test('without UTF-8 it draws in ASCII', async t => {
  const endpoint = await Endpoint.start(t, `${MAIL}# TYPE g gauge\ng{x="é"} 1\n`)
  const terminal = await top(t, endpoint.url, { env: { LC_ALL: 'C' } })
  const screen = await terminal.until(/^queued +gauge +3 +84 +#+$/m)
  t.notMatch(screen, /[^\x00-\x7e]/)
})

t.test('TERM=dumb: as without a terminal', async t => {
  const endpoint = await Endpoint.start(t, MAIL)
  const command = `TERM=dumb '${process.execPath}' '${COMMAND}' top --every 0.05 ${endpoint.url}`
  const terminal = await Terminal.start(t, `${command}; ${BEHIND}`)
  const screen = await terminal.until(/ended with/)
  t.match(screen, /^name +type +series[\s\S]*^queued +gauge +3 +84$[\s\S]*^ended with 0$/m)
})

t.test('the metrics of kumod: queues by domain, latencies in milliseconds', async t => {
  const buckets = ['0.005', '0.01', '0.025', '0.05', '+Inf']
  const text = `# HELP ready_count number of messages in the ready queue
# TYPE ready_count gauge
ready_count{service="smtp_client:mx.a.example"} 4
ready_count{service="smtp_client:mx.b.example"} 12
# HELP scheduled_count number of messages in the scheduled queue
# TYPE scheduled_count gauge
scheduled_count{queue="a.example"} 3
scheduled_count{queue="b.example"} 9
# HELP deliver_message_latency_rollup how long a deliver_message call takes for a given protocol
# TYPE deliver_message_latency_rollup histogram
${buckets.map((le, n) => `deliver_message_latency_rollup_bucket{service="smtp_client",le="${le}"} ${n === 0 ? '0' : 'LOOKS'}\n`).join('')}deliver_message_latency_rollup_sum{service="smtp_client"} 1
deliver_message_latency_rollup_count{service="smtp_client"} LOOKS
# HELP total_messages_delivered total number of messages ever delivered for a given service
# TYPE total_messages_delivered counter
total_messages_delivered{service="smtp_client"} LOOKS
`
  const endpoint = await Endpoint.start(t, text)
  const terminal = await top(t, endpoint.url)
  await terminal.until(/^deliver_message_latency_rollup +histogram .* 7\.5 ms +9\.5 ms +9\.95 ms/m)
  await terminal.keys('/')
  await terminal.type('b.example')
  await terminal.keys('Enter')
  const screen = await terminal.until(/2 families +filter: b\.example/)
  t.match(screen, /^ready_count +gauge +1 +12 .*\nscheduled_count +gauge +1 +9 /m)
})

t.test("postmeter's own endpoint, large: only what is shown is asked for", async t => {
  const registry = createRegistry({ name: 'top-view', memory: '64MiB' })
  t.teardown(() => registry.close())
  const large = registry.gauge({ name: 'z_large', help: 'L.', labelNames: ['n'] })
  for (let n = 0; n < 20_000; n++) large.set({ n }, 1)
  for (let n = 0; n < 60; n++) registry.gauge({ name: `a_${n}`, help: 'A.' }).set(n)
  const front = await serve(registry, { listen: '127.0.0.1:0' })
  t.teardown(() => front.close())
  const terminal = await top(t, front.url)
  const screen = await terminal.until(/ KiB in .* · \d\d lines$/m)
  t.match(screen, /^a_0 +gauge +1 +0 /m)
  await terminal.keys('End')
  t.match(
    await terminal.until(/ · 20(\.1)?k lines$/m),
    /^z_large +gauge +20000 +20k /m,
    'and what comes on the screen, then',
  )
  await terminal.keys('Home')
  await terminal.until(/ · \d\d lines$/m)
  await terminal.keys('s', 's', 's', 'Home')
  const sorted = (screen: string) => /value▼/.test(screen)
  await terminal.until(screen => sorted(screen) && /^z_large /m.test(screen))
  large.set({ n: 0 }, -30_000)
  await terminal.until(screen => sorted(screen) && !/^z_large /m.test(screen))
  large.set({ n: 0 }, 1000)
  await terminal.until(screen => sorted(screen) && /^z_large +gauge +20000 +21k /m.test(screen))
  t.pass('sorted by a figure, one that was not on the screen comes there with the next look')
})

t.test('the licences of what is joined in are in the package', async t => {
  const text = await readFile(
    join(consumer.folder, 'node_modules/postmeter/dist/lib/THIRD-PARTY.txt'),
    'utf8',
  )
  for (const name of TERMINAL_KIT) {
    const folder = join(repository, 'node_modules', name)
    const licence = (await readdir(folder)).find(file => file.startsWith('LICENSE'))!
    t.ok(
      text.includes(`${name} `) && text.includes((await readFile(join(folder, licence), 'utf8')).trim()),
      name,
    )
  }
})

t.test('what does not draw does not load what draws', async t => {
  const lib = join(consumer.folder, 'node_modules/postmeter/dist/lib')
  const cli = consumer.files.find(path => /postmeter-cli-\w+\.js$/.test(path))!
  const code = await readFile(join(lib, '..', '..', cli), 'utf8')
  t.match(code, /=> require\('\.\/postmeter-view-\w+\.js'\)|require\('\.\/postmeter-view-/)
  t.notMatch(code, /^const .* = require\('\.\/postmeter-(?:view|terminal)/m)
})
