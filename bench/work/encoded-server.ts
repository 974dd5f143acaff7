import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { choose, type TransportName } from '../../src/front/transports/choose.js'
import { loadUws } from '../../src/front/transports/transport-uws.js'
import { answerQuestions } from '../harness/child.js'
import type { Serving } from './scrape-server.js'
import { servedBy } from './served.js'

// Run as `encoded-server.js URL TRANSPORT`: takes the body from there once, and then serves it by the same transport.
const [url, transport] = process.argv.slice(2) as [string, TransportName]
const body = Buffer.from(await (await fetch(url)).arrayBuffer())
const port = transport === 'uws' ? await listenUws() : await listenHttp()
answerQuestions(
  {
    url: `http://127.0.0.1:${port}/metrics`,
    transport,
    served: servedBy(transport),
  } satisfies Serving,
  () => true,
)

async function listenUws(): Promise<number> {
  const choice = choose()
  if (choice.transport !== 'uws') throw new Error(choice.why)
  const uws = loadUws(choice)
  const app = uws.App()
  app.any('/metrics', response => {
    let gone = false
    response.onAborted(() => {
      gone = true
    })
    if (response.tryEnd(body, body.length)[0]) return
    response.onWritable(offset => gone || response.tryEnd(body.subarray(offset), body.length)[0])
  })
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, socket => {
      if (!socket) reject(new Error('cannot listen on 127.0.0.1'))
      else resolve(uws.us_socket_local_port(socket))
    })
  })
}

async function listenHttp(): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': body.length })
    response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
