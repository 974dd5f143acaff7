import type { TemplatedApp } from 'uWebSockets.js'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerQuestions } from '../harness/child.js'
import type { Serving } from './scrape-server.js'

// Run as `encoded-server.js URL TRANSPORT`: takes the body from there once, and then serves it by the same transport.
const [url, transport] = process.argv.slice(2)
const body = Buffer.from(await (await fetch(url!)).arrayBuffer())
const port = transport === 'uws' ? await listenUws() : await listenHttp()
answerQuestions(
  {
    url: `http://127.0.0.1:${port}/metrics`,
    transport: transport!,
  } satisfies Serving,
  () => true,
)

async function listenUws(): Promise<number> {
  const { default: uws } = await import('uWebSockets.js')
  const app: TemplatedApp = uws.App()
  app.get('/metrics', response => {
    let gone = false
    response.onAborted(() => {
      gone = true
    })
    if (response.tryEnd(body, body.length)[0]) return
    response.onWritable(offset => gone || response.tryEnd(body.subarray(offset), body.length)[0])
  })
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, socket => {
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
