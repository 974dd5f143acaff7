import fc from 'fast-check'
import t from 'tap'
import { parseListen } from '../../src/front/transports/listen.js'
import { listenUws } from '../../src/front/transports/transport-uws.js'
import { handlerFor, type More } from '../fixtures/front-request-handler.js'
import { type FakePlan, letter } from '../fixtures/front-scraper.js'
import {
  MODELS,
  type ModelRelease,
  ModelResponse,
  ModelSocket,
  modelUws,
} from '../fixtures/front-uws-model.js'
import { SEED } from '../support/arbitrary.js'
import { until } from './raw.js'

t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(120_000)

async function setUp(plan: FakePlan, more: More = {}, release?: ModelRelease) {
  const { scraper, transport } = handlerFor(plan, {
    listen: parseListen('127.0.0.1:1'),
    stallTimeout: 0,
    log: event => t.comment(event.message),
    ...more,
  })
  const { uws, ask } = modelUws(release)
  await listenUws(transport, uws)
  return { scraper, ask, handler: transport.handler }
}

/** Takes the chunked coding off; undefined where it is broken. */
function decode(answer: Buffer): Buffer | undefined {
  let at = answer.indexOf('\r\n\r\n') + 4
  const parts: Buffer[] = []
  for (;;) {
    const end = answer.indexOf('\r\n', at)
    const digits = answer.toString('latin1', at, end)
    if (end < 0 || !/^[0-9a-f]+$/.test(digits)) return undefined
    const size = Number.parseInt(digits, 16)
    parts.push(answer.subarray(end + 2, end + 2 + size))
    at = end + 2 + size
    if (answer.toString('latin1', at, at + 2) !== '\r\n') return undefined
    at += 2
    if (size === 0) return at === answer.length ? Buffer.concat(parts) : undefined
  }
}

const turn = () => new Promise(setImmediate)

// A system says that there is room when a part of its buffer is free, not for a byte. What is left of a room after
// a write is of any size, and that is where things go wrong: at a frame, a cork buffer, a chunk.
const room = fc.oneof(
  fc.constantFrom(200, 256, 15 * 1024 + 6, 15 * 1024 + 7, 15 * 1024 + 8, 16 * 1024),
  fc.integer({ min: 200, max: 2000 }),
  fc.integer({ min: 200, max: 200_000 }),
)

t.test('however the socket takes it, a stream arrives whole, and little is kept for it', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 63, 64, 65, 1000, 15_360, 15_361, 40_000, 100_000),
      fc.nat({ max: 100_000 }),
      fc.array(room, { minLength: 1, maxLength: 200 }),
      fc.constantFrom(...MODELS),
      async (chunks, chunkBytes, first, rooms, release) => {
        const { scraper, ask } = await setUp({ chunks, chunkBytes }, {}, release)
        const socket = new ModelSocket(first, release)
        const response = new ModelResponse(socket)
        ask('/metrics', response)
        const limit = (chunks * (chunkBytes + 100)) / Math.min(...rooms) + 1000
        for (let step = 0; !response.over || socket.kept.length > 0; step++) {
          if (step > limit * 40)
            throw new Error(`it stands still after ${Buffer.concat(socket.taken).length} bytes`)
          await turn()
          socket.room += rooms[step % rooms.length]!
          response.poll()
        }
        const body = decode(Buffer.concat(socket.taken))
        const { given, released, releasedTwice, mostOut } = scraper.ledger
        return (
          socket.lost === 0 &&
          body?.length === chunks * chunkBytes &&
          body.every((byte, at) => byte === letter(Math.floor(at / chunkBytes))) &&
          given === chunks &&
          released === chunks &&
          releasedTwice === 0 &&
          mostOut <= 2 &&
          socket.mostKept <= chunkBytes + 17 * 1024
        )
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
  t.pass()
})

t.test(
  'however the socket takes it, an answer in one piece arrives whole, of the scrape it was for',
  async t => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 60_000 }),
        fc.nat({ max: 70_000 }),
        fc.array(room, { minLength: 1, maxLength: 50 }),
        fc.constantFrom(...MODELS),
        async (length, first, rooms, release) => {
          const { scraper, ask } = await setUp({ small: 'x'.repeat(length) }, {}, release)
          const socket = new ModelSocket(first, release)
          const response = new ModelResponse(socket)
          ask('/metrics', response)
          // Another reader's answer takes the place of the first one's bytes.
          scraper.small({ format: 'json', prefix: 'other', selfMetrics: true })
          for (let step = 0; !response.over || socket.kept.length > 0; step++) {
            if (step > 100_000) throw new Error('it stands still')
            socket.room += rooms[step % rooms.length]!
            response.poll()
          }
          const answer = Buffer.concat(socket.taken).toString('latin1')
          const body = `text  ${'x'.repeat(length)}`
          return answer.includes(`Content-Length: ${body.length}\r\n`) && answer.endsWith(`\r\n\r\n${body}`)
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
    t.pass()
  },
)

t.test('a reader that goes away at any moment is not written to any more, and all is released', async t => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 60 }), fc.array(room, { minLength: 1 }), async (when, rooms) => {
      const { scraper, ask } = await setUp({
        chunks: 20,
        chunkBytes: 50_000,
      })
      const response = new ModelResponse(new ModelSocket(0))
      ask('/metrics', response)
      for (let step = 0; step < when && !response.over; step++) {
        await turn()
        response.socket.room += rooms[step % rooms.length]!
        response.poll()
      }
      if (!response.over) response.abort()
      for (let rest = 0; rest < 5; rest++) await turn()
      const { opened, aborted, given, released, releasedTwice } = scraper.ledger
      return opened === 1 && aborted === 1 && given === released && releasedTwice === 0
    }),
    { seed: SEED, numRuns: 200 },
  )
  t.pass()
})

t.test('a reader that takes nothing is kept one answer at most, however it asks', async t => {
  for (const [what, length] of [
    ['small', 500],
    ['nearly a cork buffer', 15_000],
    ['large', 60_000],
  ] as const) {
    const { ask } = await setUp({ small: 'x'.repeat(length) })
    const socket = new ModelSocket(100_000)
    let asked = 0
    for (let response: ModelResponse | undefined; response === undefined || response.over; asked++) {
      if (asked > 1000) throw new Error(`${what}: answered for ever`)
      response = new ModelResponse(socket)
      ask('/metrics', response)
    }
    // It is not over: a further request ends the connection.
    t.ok(asked <= 100_000 / length + 3, `${what}: ${asked} were answered`)
    t.ok(socket.mostKept <= 17 * 1024, `${what}: ${socket.mostKept} bytes are kept`)
  }
})

t.test('larger pieces are written where none of them can be lost', async t => {
  for (const release of MODELS) {
    const { ask } = await setUp({ chunks: 2, chunkBytes: 100_000 }, {}, release)
    const response = new ModelResponse(new ModelSocket(1_000_000, release))
    ask('/metrics', response)
    await until('it is over', () => response.over)
    const { mostWritten } = response
    t.equal(mostWritten > 16 * 1024, !release.loses, `${release.version}: ${mostWritten} bytes in one write`)
  }
})

t.test('a refusal that ends the connection ends it also where the socket is full', async t => {
  for (const release of MODELS) {
    const { ask } = await setUp({ small: 'b' }, { trust: [] }, release)
    const refused = async (room: number, method: string) => {
      const socket = new ModelSocket(room, release)
      const response = new ModelResponse(socket)
      ask('/metrics', response, method)
      t.notOk(response.closed, 'not before it is known what else was read')
      await turn()
      return { response, answer: Buffer.concat(socket.taken).toString('latin1') }
    }
    // Of a release whose number does not say how it answers HEAD, the first answer does.
    if (release.version === '20.52.0') t.notOk((await refused(100_000, 'HEAD')).response.closed)
    for (const room of [0, 100, 100_000]) {
      for (const method of ['GET', 'HEAD']) {
        const { response, answer } = await refused(room, method)
        t.ok(response.closed, `${release.version}, ${method}, room for ${room} bytes`)
        if (room < 1000) continue
        t.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/)
        t.equal(answer.split('\r\nConnection: close\r\n').length, 2)
        const [, length] = /Content-Length: (\d+)\r\n\r\n/.exec(answer)!
        const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
        t.equal(body.length, method === 'HEAD' ? 0 : Number(length))
      }
    }
  }
})

t.test('readers of whole answers that take nothing count as connections', async t => {
  const { ask, handler } = await setUp({ small: 'x'.repeat(60_000) }, { maxConnectionsPerAddress: 2 })
  const responses = [1, 2, 3].map(() => new ModelResponse(new ModelSocket(0)))
  for (const response of responses) ask('/metrics', response)
  t.same(
    responses.map(({ closed }) => closed),
    [false, false, true],
  )
  t.equal(handler.connections.open, 2)
  responses[0]!.abort()
  t.equal(handler.connections.open, 1)
  const response = new ModelResponse(new ModelSocket(0))
  ask('/metrics', response)
  t.notOk(response.closed, 'one has left')
})
