import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { choose } from '../../src/front/transports/choose.js'
import { get, Raw, until } from './raw.js'

// Many programs are started, one after the other.
t.setTimeout(180_000)

const program = fileURLToPath(new URL('../fixtures/front-program.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
  /** From the last thing said to it to its end, in ms. */
  readonly took: number
}

class Program {
  readonly child: ChildProcess
  readonly lines: string[] = []
  #stderr = ''

  constructor(how: string, transport: string, more: { env?: Record<string, string>; flags?: string[] } = {}) {
    this.child = spawn(process.execPath, [...(more.flags ?? []), program], {
      env: { ...process.env, HOW: how, TRANSPORT: transport, ...more.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    createInterface({ input: this.child.stdout! }).on('line', line => this.lines.push(line))
    this.child.stderr!.on('data', data => {
      this.#stderr += data
    })
    this.child.stdin!.on('error', () => {})
  }

  async port(transport: string): Promise<number> {
    await until(`it listens: ${this.#stderr}`, () => this.lines.some(line => /^\w+ \d+$/.test(line)))
    const [name, port] = this.lines.find(line => /^(uws|http) \d+$/.test(line))!.split(' ')
    if (name !== transport) throw new Error(`it uses ${name}, not ${transport}`)
    return Number(port)
  }

  async ended(begin: () => void = () => {}): Promise<Ended> {
    const start = performance.now()
    const exit = this.child.exitCode === null ? once(this.child, 'close') : undefined
    begin()
    const [code, signal] = ((await exit) ?? [this.child.exitCode, null]) as [
      number | null,
      NodeJS.Signals | null,
    ]
    return {
      code,
      signal,
      stderr: this.#stderr,
      took: performance.now() - start,
    }
  }
}

/** Opens a download and stops reading in the middle of it. */
async function stall(port: number): Promise<Raw> {
  const raw = await Raw.open(port)
  raw.send(get('/metrics'))
  await until('the download began', () => raw.buffered > 1 << 20)
  raw.socket.pause()
  return raw
}

const choice = choose()
const transports: [string, string | false][] = [
  ['http', false],
  ['uws', choice.transport === 'uws' ? false : `uWebSockets.js cannot run here: ${choice.why}`],
]

for (const [transport, skip] of transports) {
  t.test(`ways to end with transport ${transport}, a stalled download open`, { skip }, async t => {
    const rows: [how: string, code: number, stderr?: RegExp][] = [
      ['exit', 7],
      ['exit-zero', 0],
      ['exit-code', 5],
      ['throw', 1, /thrown on purpose/],
      ['reject', 1, /rejected on purpose/],
      ['close', 0],
      ['close-twice', 0],
      ['registry-close', 0],
      ['close-then-exit', 6],
      ['throwing-exit-listener', 3, /thrown while exiting/],
      ['no-exit-listeners', 8],
      ['exit-in-worker', 4],
    ]
    for (const [how, code, stderr] of rows) {
      const running = new Program(how, transport)
      const raw = await stall(await running.port(transport))
      const idle = await Raw.open(raw.socket.remotePort!)
      const ended = await running.ended(() => running.child.stdin!.write('go\n'))
      t.same([ended.code, ended.signal], [code, null], `${how}: exit code; ${ended.stderr}`)
      t.ok(ended.took < 4000, `${how}: in ${ended.took.toFixed()} ms`)
      if (stderr === undefined) t.equal(ended.stderr, '', `${how}: nothing on stderr`)
      else t.match(ended.stderr, stderr, how)
      raw.close()
      idle.close()
    }

    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const bare = new Program('signal', transport)
      const raw = await stall(await bare.port(transport))
      const ended = await bare.ended(() => bare.child.kill(signal))
      t.same([ended.code, ended.signal], [null, signal], `${signal} without a handler`)
      raw.close()

      const handled = new Program('handled', transport)
      const second = await stall(await handled.port(transport))
      const exited = await handled.ended(() => handled.child.kill(signal))
      t.same(
        [exited.code, exited.signal],
        [signal === 'SIGTERM' ? 21 : 22, null],
        `${signal} with one that exits`,
      )
      t.equal(exited.stderr, '')
      second.close()

      const closes = new Program('handled-close', transport)
      const third = await stall(await closes.port(transport))
      const closed = await closes.ended(() => closes.child.kill(signal))
      t.same([closed.code, closed.signal], [0, null], `${signal} with one that closes the front`)
      t.equal(closed.stderr, '')
      third.close()
    }
  })

  t.test(`an exit while the front is being started, transport ${transport}`, { skip }, async t => {
    const at = await new Program('exit-starting', transport).ended()
    t.same([at.code, at.signal, at.stderr], [9, null, ''])
    for (const after of [5, 20, 30, 40, 50, 60, 80, 100]) {
      const ended = await new Program('exit-starting-later', transport, {
        env: { AFTER: String(after) },
      }).ended()
      t.same([ended.code, ended.signal, ended.stderr], [9, null, ''], `after ${after} ms`)
    }
  })

  t.test(`ref: false, transport ${transport}`, { skip }, async t => {
    for (const how of ['unref', 'unref-busy']) {
      const running = new Program(how, transport)
      const ended = await running.ended()
      t.same([ended.code, ended.signal, ended.stderr], [0, null, ''], how)
      t.match(running.lines, [new RegExp(`^${transport} \\d+$`)])
    }
  })

  t.test(`an uncaught error in the front, transport ${transport}`, { skip }, async t => {
    const running = new Program('exit', transport)
    const port = await running.port(transport)
    const events = () => running.lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line))
    for (let round = 1; round <= 3; round++) {
      const stalled = await stall(port)
      const raw = await Raw.open(port)
      raw.send(get('/metrics?prefix=crash'))
      await until(
        'restarted',
        () => events().filter(({ code }) => code === 'front-restarted').length === round,
      )
      const next = await Raw.open(port)
      t.equal((await next.send(get('/nowhere')).answer()).status, 404, 'it serves again on the same port')
      for (const each of [stalled, raw, next]) each.close()
    }
    t.match(events()[0], {
      level: 'error',
      code: 'front-failed',
      message: /crashed as planned/,
    })
    t.match(events()[1], { level: 'warn', code: 'front-restarted' })
    const ended = await running.ended(() => running.child.stdin!.write('go\n'))
    t.same([ended.code, ended.signal, ended.stderr], [7, null, ''], 'and the program ends as ever')
  })

  t.test(
    `flags and preloads of the program do not reach the front, transport ${transport}`,
    { skip },
    async t => {
      const preload = `data:text/javascript,import{threadId}from'node:worker_threads';console.log('preload:'+threadId)`
      const running = new Program('exit', transport, {
        flags: ['--import', preload, '--no-warnings'],
        env: {
          NODE_OPTIONS: `--import=${preload} --max-http-header-size=8192`,
          UWS_USE_FALLBACK: '1',
        },
      })
      const port = await running.port(transport)
      const raw = await Raw.open(port)
      t.equal((await raw.send(get('/nowhere')).answer()).status, 404)
      const ended = await running.ended(() => running.child.stdin!.write('go\n'))
      t.equal(ended.code, 7, ended.stderr)
      t.same(new Set(running.lines.filter(line => line.startsWith('preload'))), new Set(['preload:0']))
    },
  )
}
