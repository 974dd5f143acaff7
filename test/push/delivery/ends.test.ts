/** A thread that pushes can end. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { rawReceiver } from './receiver.js'

t.setTimeout(60_000)

/** Pushes once and says what came of it; it has nothing else to do. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads')
  ;(async () => {
    const { Sender } = await import(workerData.sender)
    const { realTools } = await import(workerData.tools)
    const sender = new Sender(workerData.settings, realTools(() => {}))
    const request = { method: 'POST', headers: {}, body: Buffer.from('body') }
    const outcome = await sender.send(request, new AbortController().signal)
    parentPort.postMessage(outcome.kind)
    if (workerData.close) sender.close()
  })()
`

for (const close of [false, true]) {
  t.test(`a thread ends with a kept connection${close ? ' that is closed' : ' that is idle'}`, async t => {
    // It never closes a connection that is idle.
    const url = await rawReceiver(t, socket => {
      socket.on('data', () => socket.write('HTTP/1.1 204 No Content\r\n\r\n'))
    })
    const path = (name: string) => new URL(`../../../src/push/delivery/${name}.js`, import.meta.url).href
    const settings = {
      ...{ url, protocol: 'otlp', headers: {}, auth: undefined, tls: undefined, redirects: false },
      timeout: 600_000,
    }
    const workerData = { sender: path('sender'), tools: path('tools'), settings, close }
    const worker = new Worker(PROGRAM, { eval: true, workerData })
    const exit = once(worker, 'exit')
    t.same(await once(worker, 'message'), ['delivered'])
    t.same(await exit, [0])
  })
}
