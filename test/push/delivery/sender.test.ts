/** What comes of one push: each way in which a receiver can answer, or not answer. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { MAX_ANSWER } from '../../../src/push/delivery/exchange.js'
import { until } from '../../support/until.js'
import { bodyOf, never, nobody, post, rawReceiver, receiver, senderTo } from './receiver.js'

t.setTimeout(60_000)

const TAKEN = 'HTTP/1.1 204 No Content\r\n\r\n'

/** Answers each request as `answer` does, after its body came. */
function afterBody(answer: (response: ServerResponse, body: string, request: IncomingMessage) => void) {
  return async (request: IncomingMessage, response: ServerResponse) =>
    answer(response, await bodyOf(request), request)
}

t.test('a push is delivered, with the program’s headers, over one connection', async t => {
  const got: object[] = []
  const ports = new Set<number>()
  const url = await receiver(
    t,
    afterBody((response, body, { method, url, headers, socket }) => {
      ports.add(socket.remotePort!)
      got.push({
        method,
        url,
        body,
        type: headers['content-type'],
        tenant: headers['x-tenant'],
        agent: headers['user-agent'],
      })
      response.writeHead(202, { 'x-took': '1' }).end('thanks')
    }),
  )
  const options = { headers: { 'X-Tenant': 'a', 'User-Agent': 'mine' } }
  const { sender, events } = senderTo(t, `${url}/base/?db=x`, options)
  const headers = { 'Content-Type': 'text/plain', 'user-agent': 'postmeter' }
  for (const path of ['/metrics/job/a%2Fb', undefined]) {
    const outcome = await sender.send(post(Buffer.from('body'), { headers, ...(path && { path }) }), never)
    t.match(outcome, { kind: 'delivered', status: 202, headers: { 'x-took': '1' }, sent: 4, cut: false })
    if (outcome.kind === 'delivered') {
      t.equal(Buffer.from(outcome.body).toString(), 'thanks')
      t.ok(outcome.seconds > 0)
    }
  }
  const same = { method: 'POST', body: 'body', type: 'text/plain', tenant: 'a', agent: 'mine' }
  t.same(got, [
    { ...same, url: '/base/metrics/job/a%2Fb?db=x' },
    { ...same, url: '/base/?db=x' },
  ])
  t.equal(ports.size, 1, 'the connection was kept')
  t.same(events, [])
})

t.test('a body can be missing, empty, or come in parts', async t => {
  const got: object[] = []
  const url = await receiver(
    t,
    afterBody((response, body, { method, headers }) => {
      got.push([method, body, headers['content-length'], headers['transfer-encoding']])
      response.end()
    }),
  )
  const { sender } = senderTo(t, url)
  const parts = {
    async *[Symbol.asyncIterator]() {
      for (const part of ['one ', '', 'two']) yield Buffer.from(part)
    },
  }
  const sent: unknown[] = []
  for (const request of [
    post(undefined, { method: 'DELETE' }),
    post(new Uint8Array()),
    post(parts),
    post(parts, { method: 'PUT' }),
  ]) {
    const outcome = await sender.send(request, never)
    sent.push(outcome.kind === 'delivered' && outcome.sent)
  }
  t.same(got, [
    ['DELETE', '', undefined, undefined],
    ['POST', '', '0', undefined],
    ['POST', 'one two', undefined, 'chunked'],
    ['PUT', 'one two', undefined, 'chunked'],
  ])
  t.same(sent, [0, 0, 7, 7])
})

t.test('bytes in shared memory are sent as they lie there', async t => {
  const url = await receiver(
    t,
    afterBody((response, body) => response.end(body)),
  )
  const { sender } = senderTo(t, url)
  const bytes = new Uint8Array(new SharedArrayBuffer(100), 20, 5)
  bytes.set(Buffer.from('hello'))
  const parts = {
    async *[Symbol.asyncIterator]() {
      yield bytes
      // The memory of a part is free once the next one is asked for.
      bytes.set(Buffer.from('world'))
      yield bytes
    },
  }
  const echoed = async (body: Parameters<typeof post>[0]) => {
    const outcome = await sender.send(post(body), never)
    return outcome.kind === 'delivered' && Buffer.from(outcome.body).toString()
  }
  t.equal(await echoed(parts), 'helloworld')
  t.equal(await echoed(bytes), 'world')
})

t.test('what can be iterated once is sent once; what fails on the way is refused', async t => {
  const url = await receiver(
    t,
    afterBody(response => response.writeHead(503).end()),
  )
  const { sender } = senderTo(t, url)
  const once = (async function* () {
    yield Buffer.from('x')
  })()
  t.match(await sender.send(post(once), never), { kind: 'later', status: 503 })
  t.match(await sender.send(post(once), never), {
    kind: 'refused',
    reason: 'body',
    why: /can be read only once/,
  })
  const failing = (async function* () {
    yield Buffer.from('x')
    throw new Error('the registry was closed')
  })()
  t.match(await sender.send(post(failing), never), {
    kind: 'refused',
    reason: 'body',
    status: undefined,
    why: `${url}/: the body could not be made: the registry was closed`,
  })
})

t.test('statuses: each is delivered, refused, or to be sent again later', async t => {
  const url = await receiver(
    t,
    afterBody((response, _body, { url }) =>
      response.writeHead(Number(url!.slice(1)), { 'retry-after': '7' }).end(),
    ),
  )
  const { sender } = senderTo(t, url, { protocol: 'otlp' })
  for (const [status, outcome] of Object.entries({
    200: { kind: 'delivered' },
    204: { kind: 'delivered' },
    400: { kind: 'refused', reason: 'status-400', why: `${url}/400: answered 400` },
    500: { kind: 'refused', reason: 'status-500' },
    429: { kind: 'later', reason: 'status-429', after: 7000 },
    503: { kind: 'later', reason: 'status-503', after: 7000 },
  })) {
    const { why, ...rest } = outcome as { why?: string }
    const got = await sender.send(post(undefined, { path: `/${status}` }), never)
    t.match(got, { status: Number(status), ...rest })
    if (why !== undefined) t.equal((got as { why: string }).why, `${url}/: answered ${status}`)
  }
})

t.test('a page of HTML is no answer of a receiver, whatever its status', async t => {
  const url = await receiver(
    t,
    afterBody(response =>
      response.setHeader('content-type', 'Text/HTML; charset=utf-8').end('<h1>Log in</h1>'),
    ),
  )
  const { sender } = senderTo(t, url)
  t.match(await sender.send(post(), never), {
    kind: 'refused',
    status: 200,
    reason: 'answer',
    why: `${url}/: answered 200, and sent a page of HTML: it is no receiver`,
  })
})

t.test('the caller can judge an answer', async t => {
  const url = await receiver(
    t,
    afterBody(response => response.end('rejected 3')),
  )
  const { sender } = senderTo(t, url)
  const accepts = ({ body }: { body: Uint8Array }) => `it ${Buffer.from(body)}`
  t.match(await sender.send(post(undefined, { accepts }), never), {
    kind: 'refused',
    reason: 'answer',
    why: `${url}/: answered 200, and it rejected 3`,
    answer: { status: 200 },
  })
  const broken = () => {
    throw new Error('cannot decode')
  }
  t.match(await sender.send(post(undefined, { accepts: broken }), never), {
    kind: 'refused',
    reason: 'request',
    why: /cannot decode$/,
  })
  t.match(await sender.send(post(undefined, { accepts: () => undefined }), never), { kind: 'delivered' })
})

t.test('what a receiver says of a failure is in the message', async t => {
  const url = await receiver(
    t,
    afterBody((response, _body, { url }) => {
      response.writeHead(400, { 'content-type': url === '/proto' ? 'application/x-protobuf' : 'text/plain' })
      response.end('\nout of order "sample"\nat line 3')
    }),
  )
  const { sender } = senderTo(t, url)
  const why = async (request: object) =>
    ((await sender.send(post(undefined, request), never)) as { why: string }).why
  t.equal(await why({}), `${url}/: answered 400: "out of order \\"sample\\""`)
  t.equal(await why({ path: '/proto' }), `${url}/: answered 400`)
  t.equal(await why({ explain: () => 'decoded' }), `${url}/: answered 400: "decoded"`)
})

t.test('a receiver that answers with what it was sent cannot have secrets logged', async t => {
  const secrets = ['hunter2', 'header "secret"', 'query secret']
  const url = await receiver(
    t,
    afterBody((response, _body, { headers, url }) => {
      response.writeHead(400, { 'content-type': 'text/plain' })
      response.end(`bad request: ${url} ${JSON.stringify(headers)}`)
    }),
  )
  for (const [query, options] of [
    ['', { auth: { kind: 'bearer', token: secrets[0] } }],
    ['', { auth: { kind: 'basic', username: 'me', password: secrets[0] } }],
    ['', { headers: { 'x-key': secrets[1] } }],
    [`?key=${encodeURIComponent(secrets[2]!)}`, {}],
  ] as const) {
    const { sender } = senderTo(t, url + query, options)
    const { why } = (await sender.send(post(undefined), never)) as { why: string }
    t.equal(why, `${url}/: answered 400`)
  }
})

t.test('of a long answer 64 KiB are kept, and the connection is not read on', async t => {
  let closed: Promise<unknown> | undefined
  const url = await receiver(
    t,
    afterBody(response => {
      closed = once(response, 'close')
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) {}
      }
      response.on('drain', more)
      more()
    }),
  )
  const { sender } = senderTo(t, url)
  const outcome = await sender.send(post(), never)
  t.match(outcome, { kind: 'delivered', cut: true })
  t.equal(outcome.kind === 'delivered' && outcome.body.length, MAX_ANSWER)
  await closed
})

t.test('nobody listens', async t => {
  const { sender } = senderTo(t, await nobody())
  const outcome = await sender.send(post(), never)
  t.match(outcome, {
    kind: 'later',
    status: undefined,
    reason: 'ECONNREFUSED',
    why: /^http:\/\/127.0.0.1:\d+\/: .*ECONNREFUSED/,
  })
  const byName = senderTo(t, (await nobody()).replace('127.0.0.1', 'localhost')).sender
  t.match(await byName.send(post(), never), {
    reason: 'ECONNREFUSED',
    why: /connect ECONNREFUSED 127\.0\.0\.1:\d+/,
  })
  const nowhere = senderTo(t, 'http://no-such-host.invalid/').sender
  t.match(await nowhere.send(post(), never), { kind: 'later', reason: /^(ENOTFOUND|EAI_AGAIN)$/ })
})

t.test('a receiver that never answers, or stalls amid its answer', async t => {
  const answers: Record<string, string> = {
    never: '',
    'in its head': 'HTTP/1.1 200 OK\r\nX-A',
    'in its body': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab',
  }
  for (const [when, answer] of Object.entries(answers)) {
    const url = await rawReceiver(t, socket => socket.on('data', () => socket.write(answer)))
    const { sender } = senderTo(t, url, { timeout: 200 })
    const status = when === 'in its body' ? 200 : undefined
    t.match(
      await sender.send(post(), never),
      { kind: 'later', reason: 'timeout', status, why: /no whole answer within 200 ms/ },
      when,
    )
  }
  const refusing = await rawReceiver(t, socket =>
    socket.on('data', () => socket.write('HTTP/1.1 400 Bad\r\nContent-Length: 5\r\n\r\nab')),
  )
  const { sender } = senderTo(t, refusing, { timeout: 200 })
  t.match(
    await sender.send(post(), never),
    { kind: 'refused', status: 400 },
    'its status is enough to be refused',
  )
})

t.test('a receiver that closes the connection amid its answer, or without one', async t => {
  for (const [answer, status] of [
    ['', undefined],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 200],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 200],
  ] as const) {
    const url = await rawReceiver(t, socket => socket.on('data', () => socket.end(answer)))
    const { sender } = senderTo(t, url)
    t.match(await sender.send(post(), never), { kind: 'later', reason: 'ECONNRESET', status })
  }
})

t.test('what is no HTTP, and answers that are too large or that switch protocols', async t => {
  for (const [answer, expected] of [
    ['220 mail.example ESMTP\r\n', { kind: 'later', reason: /^HPE_/ }],
    [
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      { kind: 'later', reason: 'HPE_HEADER_OVERFLOW' },
    ],
    ['HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n', { kind: 'later' }],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No\r\n\r\n', { kind: 'delivered' }],
    ['HTTP/1.0 200 OK\r\n\r\nto the end', { kind: 'delivered', cut: false }],
  ] as const) {
    const url = await rawReceiver(t, socket => socket.on('data', () => socket.end(answer)))
    const { sender } = senderTo(t, url)
    t.match(await sender.send(post(), never), expected, answer.slice(0, 40))
  }
})

t.test(
  'a kept connection that the receiver closes as it is used again: the push goes over a fresh one',
  async t => {
    const sockets: Socket[] = []
    const url = await rawReceiver(t, socket => {
      const number = sockets.push(socket)
      let requests = 0
      // As if its idle timeout ended just then: the first connection takes one request, and no second one.
      socket.on('data', () => {
        if (number === 1 && ++requests > 1) socket.resetAndDestroy()
        else socket.write(TAKEN)
      })
    })
    const { sender } = senderTo(t, url)
    t.match(await sender.send(post(), never), { kind: 'delivered' })
    t.match(await sender.send(post(), never), { kind: 'delivered' })
    t.equal(sockets.length, 2)
    t.match(await sender.send(post(), never), { kind: 'delivered' })
    t.equal(sockets.length, 2, 'which is kept')
  },
)

t.test('nor is another kept connection tried, as that is likely closed, too', async t => {
  const sockets: Socket[] = []
  const url = await rawReceiver(t, socket => {
    const number = sockets.push(socket)
    let requests = 0
    socket.on('data', () => {
      requests++
      if (number > 2) socket.write(TAKEN)
      else if (requests > 1) socket.resetAndDestroy()
      // The first two come side by side: each has a connection of its own.
      else if (number === 2) for (const each of sockets) each.write(TAKEN)
    })
  })
  const { sender } = senderTo(t, url)
  const both = await Promise.all([sender.send(post(), never), sender.send(post(), never)])
  t.match(both, [{ kind: 'delivered' }, { kind: 'delivered' }])
  t.match(await sender.send(post(), never), { kind: 'delivered' })
  t.equal(sockets.length, 3)
})

t.test('a proxy that says 408 as it closes a kept connection has not seen the push', async t => {
  let connections = 0
  const url = await rawReceiver(t, socket => {
    const fresh = ++connections > 1
    let requests = 0
    socket.on('data', () => {
      if (fresh || ++requests === 1) socket.write(TAKEN)
      else socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    })
  })
  const { sender } = senderTo(t, url, { protocol: 'remote-write' })
  t.match(await sender.send(post(), never), { kind: 'delivered' })
  t.match(await sender.send(post(), never), { kind: 'delivered' })
  t.equal(connections, 2)
})

t.test('a fresh connection that is reset is not tried again at once', async t => {
  let connections = 0
  const url = await rawReceiver(t, socket => {
    connections++
    socket.on('data', () => socket.resetAndDestroy())
  })
  const { sender } = senderTo(t, url)
  t.match(await sender.send(post(), never), { kind: 'later', reason: 'ECONNRESET' })
  t.equal(connections, 1)
})

t.test('a receiver that answers before it has the body, and closes', async t => {
  const answer = 'HTTP/1.1 413 Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nat most 1 MB'
  const url = await rawReceiver(t, socket => socket.once('data', () => socket.pause().end(answer)))
  const { sender } = senderTo(t, url)
  const large = Buffer.alloc(32 * 2 ** 20)
  t.match(await sender.send(post(large), never), { kind: 'refused', status: 413, why: /at most 1 MB/ })
  let left = 0
  const endless = {
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) yield large.subarray(0, 65_536)
      } finally {
        left++
      }
    },
  }
  t.match(await sender.send(post(endless), never), { kind: 'refused', status: 413 })
  await until('the parts were told that no more are needed', () => left === 1)
})

t.test('once a receiver has refused a body, no more of it is made', async t => {
  let finish = () => {}
  const url = await rawReceiver(t, socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nab')
      finish = () => socket.write('cd')
    })
  })
  const { sender } = senderTo(t, url)
  let left = false
  const endless = (async function* () {
    try {
      for (;;) yield Buffer.alloc(10)
    } finally {
      left = true
    }
  })()
  const sending = sender.send(post(endless), never)
  await until('no more parts are wanted', () => left)
  finish()
  t.match(await sending, { kind: 'refused', status: 413, answer: { body: Buffer.from('abcd') } })
})

t.test('answers are looked for between any two parts', async t => {
  const url = await receiver(
    t,
    afterBody(response => response.end()),
  )
  const { sender } = senderTo(t, url)
  let turns = 0
  let counting: NodeJS.Immediate
  const count = () => {
    turns++
    counting = setImmediate(count)
  }
  count()
  const at: number[] = []
  const parts = (async function* () {
    for (let part = 0; part < 20; part++) {
      at.push(turns)
      yield Buffer.alloc(10)
    }
  })()
  t.match(await sender.send(post(parts), never), { kind: 'delivered' })
  clearImmediate(counting!)
  t.equal(new Set(at).size, 20, 'the event loop has had a turn')
})

t.test('a success that is answered before the body was sent, on a connection that then breaks', async t => {
  for (const close of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const url = await rawReceiver(t, socket => {
      socket.once('data', () => {
        socket.pause().write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', () => close(socket))
      })
    })
    const { sender } = senderTo(t, url, { timeout: 1000 })
    t.match(await sender.send(post(Buffer.alloc(32 * 2 ** 20)), never), { kind: 'later', status: 200 })
  }
})

t.test('or while the rest of the body is still being made', async t => {
  const url = await rawReceiver(t, socket => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
  })
  const { sender } = senderTo(t, url)
  let parts = 0
  const next = () => {
    if (parts++ === 0) return Promise.resolve({ done: false, value: Buffer.from('a') })
    return new Promise<never>(() => {})
  }
  const body = { [Symbol.asyncIterator]: () => ({ next }) }
  t.match(await sender.send(post(body), never), { kind: 'later', reason: 'ECONNRESET', status: 200 })
})

t.test('a success that is answered before the body was sent counts once it was', async t => {
  let got = ''
  const url = await receiver(t, async (request, response) => {
    response.end('ok')
    got = await bodyOf(request)
  })
  const { sender } = senderTo(t, url)
  const large = Buffer.alloc(8 * 2 ** 20, 'x')
  t.match(await sender.send(post(large), never), { kind: 'delivered', sent: large.length })
  await until('all has come', () => got.length === large.length)
})

t.test('a push that is given up ends at once, as all do when the Sender is closed', async t => {
  const asked: (() => void)[] = []
  const url = await receiver(t, () => asked.shift()!())
  const { sender, events } = senderTo(t, url)
  const giving = new AbortController()
  const arrival = () => new Promise<void>(resolve => asked.push(resolve))
  for (const giveUp of [() => giving.abort(), () => sender.close()]) {
    const arrived = arrival()
    const sending = sender.send(post(), giving.signal.aborted ? never : giving.signal)
    await arrived
    giveUp()
    t.match(await sending, { kind: 'later', reason: 'aborted', why: `${url}/: the push was given up` })
  }
  t.match(await sender.send(post(), never), { kind: 'later', reason: 'aborted' }, 'and later ones')
  t.match(await senderTo(t, url).sender.send(post(), AbortSignal.abort()), {
    kind: 'later',
    reason: 'aborted',
  })
  t.same(events, [], 'that is no trouble')
})

t.test('parts that never come do not hold up the end', async t => {
  const url = await receiver(t, () => {})
  const { sender } = senderTo(t, url, { timeout: 200 })
  const hanging = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  t.match(await sender.send(post(hanging), never), { kind: 'later', reason: 'timeout' })
})

t.test('a request that Node cannot send is refused, and nothing is thrown', async t => {
  const { sender } = senderTo(t, 'http://127.0.0.1:1/')
  t.match(await sender.send(post(undefined, { headers: { 'x-a': 'hunter2\r\nx-b: c' } }), never), {
    kind: 'refused',
    reason: 'request',
    why: /^(?!.*hunter2).*Invalid character in header content/s,
  })
  t.match(await sender.send(post(undefined, { method: 'NO SUCH' }), never), {
    kind: 'refused',
    reason: 'request',
  })
})

t.test('IPv6', { skip: !hasIPv6() && 'this machine has no IPv6' }, async t => {
  let host: string | undefined
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    host = request.headers.host
    response.end()
  }
  const url = await receiver(t, answer, '::1')
  t.match(await senderTo(t, url).sender.send(post(), never), { kind: 'delivered' })
  t.equal(host, new URL(url).host)
})

function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some(addresses =>
    addresses?.some(({ address }) => address === '::1'),
  )
}

t.test('a proxy that the environment names is not used', async t => {
  const asked: string[] = []
  const proxy = await receiver(t, (request, response) => {
    asked.push(request.url!)
    response.end()
  })
  for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) {
    const before = process.env[name]
    process.env[name] = proxy
    t.teardown(() => {
      if (before === undefined) delete process.env[name]
      else process.env[name] = before
    })
  }
  const url = await receiver(t, (_request, response) => void response.end())
  t.match(await senderTo(t, url).sender.send(post(), never), { kind: 'delivered' })
  t.same(asked, [])
})
