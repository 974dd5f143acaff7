/** Limits of connections through uWebSockets.js, in releases that report them and in those that do not. */
import fc from 'fast-check'
import t from 'tap'
import { choose } from '../../src/front/transports/choose.js'
import { listenUws, loadUws } from '../../src/front/transports/transport-uws.js'
import type { UwsApp, UwsResponse } from '../../src/front/transports/uws.js'
import { UwsConnections } from '../../src/front/transports/uws-connections.js'
import { handlerFor, type More } from '../fixtures/front-request-handler.js'
import { SEED } from '../support/arbitrary.js'
import { get, Raw, until } from './raw.js'

t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(120_000)

const TRUSTED = [10, 0, 0, 1]
const STRANGER = [192, 0, 2, 1]

/** An app that reports connections, as uWebSockets.js does: the end first, and then the abort if one is set. */
function setUp(more: More = {}) {
  const { handler, events } = handlerFor({ small: 'b' }, { trust: ['10.0.0.0/8'], ...more })
  const connections = new UwsConnections(handler)
  let report: ((response: UwsResponse, change: number) => void) | undefined
  const app = {
    filter(handler: typeof report) {
      report = handler
      return app
    },
  } as unknown as UwsApp
  connections.watch(app)
  const open = (peer: number[]) => {
    let aborted: (() => void) | undefined
    const connection = {
      ended: false,
      /** A request replaces what is called when the connection ends. */
      ask() {
        aborted = undefined
        return connections.asked(peer)
      },
      end() {
        connection.ended = true
        report!({} as UwsResponse, -1)
        aborted?.()
      },
    }
    const response = {
      getRemoteAddress: () => Uint8Array.from(peer).buffer,
      close: () => connection.end(),
      onAborted: (handler: () => void) => {
        aborted = handler
      },
    }
    report!(response as unknown as UwsResponse, 1)
    return connection
  }
  return { handler, events, connections, open }
}

t.test('connections of who may not read', async t => {
  const { handler, events, open } = setUp({ maxConnections: 8 })
  const idle = [open(STRANGER), open([192, 0, 2, 2])]
  t.ok(open([192, 0, 2, 3]).ended, 'a third is one too many')
  t.match(events, [{ code: 'denied-connections', message: /peers that may not read/ }])
  t.notOk(open(TRUSTED).ended, 'another peer is let in')
  t.equal(handler.connections.open, 3)
  idle[0]!.end()
  const next = open(STRANGER)
  t.notOk(next.ended, 'one has left')
  const leave = next.ask()!
  t.ok(open(STRANGER).ended, 'what is answered counts')
  leave()
  next.end()
  t.notOk(open(STRANGER).ended)
  for (const one of idle.slice(1)) one.end()
  t.equal(handler.connections.open, 2)
})

t.test('connections in all, also of those that stay open behind an answer', async t => {
  const { handler, connections, open } = setUp({ maxConnections: 8 })
  const all = Array.from({ length: 8 }, (_, n) => open([10, 0, 0, n]))
  for (const one of all) one.ask()!()
  t.equal(handler.connections.open, 8)
  t.ok(open(TRUSTED).ended)
  t.equal(all[0]!.ask(), undefined, 'asked on again, it is not counted here')
  t.equal(connections.reported, true)
  t.type(
    handler.connections.enter(TRUSTED, true, true),
    'function',
    'but for its address, though all are taken',
  )
  all[0]!.end()
  t.notOk(open(TRUSTED).ended)
})

t.test('connections from one address', async t => {
  const { handler, open } = setUp({ maxConnectionsPerAddress: 2 })
  const two = [open(TRUSTED), open(TRUSTED)]
  t.ok(open(TRUSTED).ended)
  t.notOk(open([10, 0, 0, 2]).ended)
  const leave = two[0]!.ask()!
  t.ok(open(TRUSTED).ended, 'while it is answered')
  two[1]!.end()
  leave()
  leave()
  two[0]!.end()
  t.equal(handler.connections.open, 1, 'each has left once')
  t.notOk(open(TRUSTED).ended)
  t.notOk(open(TRUSTED).ended)
  t.ok(open(TRUSTED).ended)
})

t.test('connections of one address end and are asked on in any order', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(9)), { maxLength: 100 }), async steps => {
      const { handler, open } = setUp({ maxConnections: 1000, maxConnectionsPerAddress: 1000 })
      const all: { connection: ReturnType<typeof open>; leave: (() => void) | undefined }[] = []
      for (const [what, which] of steps) {
        const one = all[which % Math.max(1, all.length)]
        if (what === 0 || one === undefined) all.push({ connection: open(TRUSTED), leave: undefined })
        else if (what === 1) {
          // A further request comes when the answer to the last one is over.
          one.leave?.()
          one.leave = one.connection.ask()
        } else if (what === 2) one.leave?.()
        else {
          one.connection.end()
          one.leave?.()
          all.splice(all.indexOf(one), 1)
        }
        if (handler.connections.open !== all.length) return false
      }
      for (const { connection, leave } of all) {
        connection.end()
        leave?.()
      }
      handler.connections.total = undefined
      return handler.connections.open === 0
    }),
    { seed: SEED },
  )
  t.pass()
})

t.test('a release that reports none', async t => {
  const { handler } = handlerFor({ small: 'b' })
  const connections = new UwsConnections(handler)
  connections.watch({} as UwsApp)
  t.equal(connections.reported, false)
  t.equal(connections.asked(TRUSTED), undefined)
  t.equal(handler.connections.open, 0)
})

const choice = choose()
t.test(
  'idle connections of who may not read, through uWebSockets.js',
  { skip: choice.transport === 'uws' ? false : `uWebSockets.js cannot run here: ${choice.why}` },
  async t => {
    if (choice.transport !== 'uws') return
    const uws = loadUws(choice)
    const reports = uws.App().filter !== undefined
    const { transport: settings, handler } = handlerFor(
      { small: 'b' },
      { maxConnections: 8, trust: ['127.0.0.2'] },
    )
    const transport = await listenUws(settings, uws)
    t.teardown(() => transport.close(0))
    const { port } = transport.address
    const open = async (from: string) => {
      const raw = await Raw.open(port, '127.0.0.1', from)
      const one = { raw, ended: false }
      raw.socket.once('close', () => {
        one.ended = true
      })
      return one
    }
    const strangers = await Promise.all(Array.from({ length: 6 }, () => open('127.0.0.1')))
    const ended = () => strangers.filter(one => one.ended).length
    if (reports) await until('four of them are ended', () => ended() === 4)
    t.equal(handler.connections.open, reports ? 2 : 0)
    const trusted = await open('127.0.0.2')
    t.equal((await trusted.raw.send(get('/metrics')).answer()).status, 200, 'another peer is served')
    t.equal(ended(), reports ? 4 : 0)
    if (reports) {
      t.equal(handler.connections.open, 3, 'which stays connected, and counts')
      const others = await Promise.all(Array.from({ length: 6 }, () => open('127.0.0.2')))
      await until('one is one too many', () => others.some(one => one.ended))
      t.equal(handler.connections.open, 8)
      t.equal((await trusted.raw.send(get('/metrics')).answer()).status, 200, 'it is served again')
      for (const { raw } of others) raw.close()
    }
    const asking = strangers.find(one => !one.ended)!
    t.equal((await asking.raw.send(get('/metrics')).answer()).status, 403)
    await until('a refusal ends it', () => asking.ended)
    for (const { raw } of [...strangers, trusted]) raw.close()
    await until('every connection is counted out', () => handler.connections.open === 0)
  },
)

t.test(
  'connections that are reset while what they asked waits in this thread, through uWebSockets.js',
  { skip: choice.transport === 'uws' ? false : `uWebSockets.js cannot run here: ${choice.why}` },
  async t => {
    if (choice.transport !== 'uws') return
    const { transport: settings, handler, scraper, events } = handlerFor({ small: 'b' })
    const transport = await listenUws(settings, loadUws(choice))
    t.teardown(() => transport.close(0))
    const { port } = transport.address
    const raws = await Promise.all(Array.from({ length: 4 }, () => Raw.open(port)))
    const [first, ...others] = raws
    const small = scraper.small.bind(scraper)
    scraper.small = options => {
      // All were read in one turn: the others come after this one.
      for (const { socket } of others) socket.resetAndDestroy()
      return small(options)
    }
    for (const raw of raws) raw.send(get('/metrics'))
    t.equal((await first!.answer()).status, 200)
    t.equal(scraper.ledger.asked.length, 1)
    first!.close()
    const { total } = handler.connections
    await until('every connection has ended', () => total === undefined || total() === 0)
    handler.connections.total = undefined
    t.equal(handler.connections.open, 0, 'none counts for its address')
    t.same(events, [], 'nobody was refused')
  },
)
