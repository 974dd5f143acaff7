/** What becomes of connections where file descriptors run short, through uWebSockets.js. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { softLimit } from '../../src/common/system.js'
import { choose } from '../../src/front/transports/choose.js'
import {
  type DescriptorState,
  descriptorState,
  lowestFree,
} from '../../src/front/transports/file-descriptors.js'
import type { Uws, UwsApp, UwsRequest, UwsResponse } from '../../src/front/transports/uws.js'
import { type UwsListener, UwsListeners } from '../../src/front/transports/uws-listeners.js'
import { get, Raw, until } from './raw.js'

t.setTimeout(120_000)

t.test('how near the limit is', async t => {
  t.equal(descriptorState(400, 349), 'enough')
  t.equal(descriptorState(400, 350), 'short')
  t.equal(descriptorState(400, 'none'), 'out')
  t.equal(descriptorState(undefined, 1_000_000), 'enough', 'where the system reports no limit')
  t.equal(descriptorState(undefined, 'none'), 'out')
  const limit = softLimit('open files')
  if (process.platform === 'linux') t.ok(limit! > 0)
  else t.equal(limit, undefined)
  if (process.platform === 'win32') return
  const free = Number(lowestFree())
  const taken = openSync(devNull, 'r')
  t.ok(free <= taken, `${free} was free`)
  closeSync(taken)
})

interface Fake extends UwsApp {
  closed: number
  listening: boolean
  handler: ((response: UwsResponse, request: UwsRequest) => void) | undefined
}

/**
 * Listeners over apps that only note what is done to them. `check` gets the states that it finds, one for each look at
 * the system.
 */
function listenersFor() {
  const apps: Fake[] = []
  const listeners: UwsListener[] = []
  const calls = { shed: 0, shut: 0, listens: [] as boolean[] }
  const given = { now: 0, refuse: false, states: ['enough'] as DescriptorState[] }
  const uws: Uws = {
    App() {
      const app: Fake = {
        closed: 0,
        listening: false,
        handler: undefined,
        any(_pattern, handler) {
          app.handler = handler
          return app
        },
        listen(_host, _port, _options, listening) {
          app.listening = !given.refuse
          listening(app.listening && app)
          return app
        },
        close() {
          app.closed++
          app.listening = false
          return app
        },
      }
      apps.push(app)
      return app
    },
    us_listen_socket_close(socket) {
      ;(socket as Fake).listening = false
    },
    us_socket_local_port: () => 1,
    LIBUS_LISTEN_EXCLUSIVE_PORT: 1,
    release: '20.30.0',
  }
  const all = new UwsListeners({
    uws,
    address: { address: '127.0.0.1', port: 1, family: 'IPv4' },
    onRequest: (_response, _request, listener) => {
      listener.begin()
      listeners.push(listener)
    },
    shed: () => calls.shed++,
    shut: () => calls.shut++,
    listens: listening => calls.listens.push(listening),
    state: () => (given.states.length > 1 ? given.states.shift()! : given.states[0]!),
    now: () => given.now,
  })
  t.equal(all.listen(), true)
  return {
    listeners: all,
    apps,
    calls,
    given,
    check(...states: DescriptorState[]) {
      given.states = states
      all.check()
    },
    /** A request begins to be answered there; returns how it ends. */
    ask(app: number) {
      apps[app]!.handler!({} as UwsResponse, {} as UwsRequest)
      const listener = listeners.at(-1)!
      return () => listener.end()
    },
  }
}

t.test('while there are enough, nothing is ended', async t => {
  const { apps, calls, check } = listenersFor()
  check('enough')
  t.match(apps, [{ closed: 0, listening: true }])
  t.equal(calls.shed, 0)
})

t.test('where they run short, all connections are ended, and it listens again', async t => {
  const { apps, calls, check } = listenersFor()
  check('short', 'enough')
  t.match(apps, [{ closed: 1, listening: true }])
  check('out', 'enough')
  t.match(apps, [{ closed: 2, listening: true }])
  t.equal(calls.shed, 2)
  t.same(calls.listens, [], 'nobody else could have listened meanwhile')
})

t.test('where others have them, it is left alone for a while', async t => {
  const { apps, given, check } = listenersFor()
  check('short')
  given.now += 9_000
  check('short')
  t.match(apps, [{ closed: 1, listening: true }])
  check('out', 'short')
  t.match(apps, [{ closed: 2, listening: true }], 'but not where there is none left')
  given.now += 10_000
  check('short')
  t.match(apps, [{ closed: 3, listening: true }])
})

t.test('while there is none, it does not listen', async t => {
  const { listeners, apps, calls, check } = listenersFor()
  check('out')
  t.match(apps, [{ closed: 1, listening: false }])
  check('out')
  t.match(apps, [{ listening: false }])
  t.same(calls.listens, [false], 'which is said once')
  check('short')
  t.match(apps, [{ closed: 1, listening: true }])
  check('enough')
  t.same(calls.listens, [false, true])
  listeners.destroy()
  t.match(apps, [{ closed: 2, listening: false }])
})

t.test('an address that cannot be listened on again is reported, and tried again', async t => {
  const { apps, calls, given, check } = listenersFor()
  given.refuse = true
  check('short', 'enough')
  check('enough')
  t.equal(calls.shut, 2)
  t.same(calls.listens, [false])
  given.refuse = false
  check('enough')
  t.match(apps, [{ listening: true }])
  t.same(calls.listens, [false, true])
})

t.test('what is being answered goes on, while another listener listens', async t => {
  const { listeners, apps, given, check, ask } = listenersFor()
  const first = ask(0)
  const second = ask(0)
  check('short')
  t.match(apps, [
    { closed: 0, listening: false },
    { closed: 0, listening: true },
  ])
  first()
  await new Promise(setImmediate)
  t.equal(apps[0]!.closed, 0, 'one more answer is under way')
  second()
  t.equal(apps[0]!.closed, 0, 'not from within the handler of a request')
  await new Promise(setImmediate)
  t.equal(apps[0]!.closed, 1)

  ask(1)
  given.now += 1000
  check('short')
  t.equal(apps.length, 2, 'the first takes its turn again')
  t.match(apps, [{ listening: true }, { closed: 0, listening: false }])
  const { closed } = apps[0]!
  check('short')
  t.equal(apps[0]!.closed, closed, 'what it holds makes nobody else be ended all the time')
  given.now += 999
  check('out')
  t.equal(apps[1]!.closed, 0)
  given.now += 1
  check('out')
  t.equal(apps[1]!.closed, 1, 'where there is none, it is cut off after a second')
  listeners.destroy()
})

class Program {
  readonly child: ChildProcess
  readonly codes: string[] = []
  port = 0

  constructor(limit: number) {
    const program = fileURLToPath(new URL('../fixtures/front-few-descriptors.js', import.meta.url))
    this.child = spawn('/bin/sh', ['-c', `ulimit -n ${limit} && exec "$0" "$1"`, process.execPath, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.child.on('message', (message: { port?: number; code?: string }) => {
      if (message.port !== undefined) this.port = message.port
      if (message.code !== undefined) this.codes.push(message.code)
    })
  }
}

const choice = choose()
const skip =
  choice.transport !== 'uws' || process.platform !== 'linux' ? 'uWebSockets.js on Linux only' : false
t.test('idle connections of others keep nobody out', { skip }, async t => {
  const program = new Program(320)
  t.teardown(() => program.child.kill('SIGKILL'))
  await until('it listens', () => program.port > 0)
  const { port } = program
  const idle: Raw[] = []
  const ended = () => idle.filter(({ socket }) => socket.destroyed || socket.readableEnded).length
  t.teardown(() => {
    for (const raw of idle) raw.close()
  })
  const trusted = () => Raw.open(port, '127.0.0.1', '127.0.0.2')
  const crowd = async (size: number) => {
    for (let n = 0; n < size; n++) {
      const raw = await Raw.open(port).catch(() => undefined)
      if (raw !== undefined) idle.push(raw)
    }
  }
  // Who comes while all are ended is ended, too, and comes again.
  const served = async () => {
    for (let tries = 0; tries < 1000; tries++) {
      const raw = await trusted().catch(() => undefined)
      const answer = await raw
        ?.send(get('/metrics'))
        .answer()
        .catch(() => undefined)
      raw?.close()
      if (answer?.status === 200) return true
    }
    return false
  }

  const slow = await trusted()
  slow.send(get('/metrics'))
  await until('it is sent something', () => slow.buffered > 0)
  slow.socket.pause()
  await crowd(270)
  await until('descriptors run short', () => program.codes.includes('front-descriptors'))
  t.equal(await served(), true, 'another reader is served')
  slow.socket.resume()
  const { body } = await slow.answer()
  t.equal(body.toString('latin1').split('\nwaiting{').length - 1, 200_000, 'and one that was slow gets all')
  slow.close()
  await until('all that asked for nothing are ended', () => ended() === idle.length)

  await crowd(600)
  t.equal(await served(), true, 'also where all are taken')
  t.same(program.codes, ['front-transport', 'front-descriptors'], 'it is said once')
  const gone = once(program.child, 'exit')
  program.child.disconnect()
  await gone
})
