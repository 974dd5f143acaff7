import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerQuestions } from '../../harness/child.js'

/** What came in since the last question. */
export interface Taken {
  readonly requests: number
  readonly bytes: number
}

let requests = 0
let bytes = 0
/** A receiver that takes all that comes, and answers at once. */
const server = createServer((request, response) => {
  request.on('data', part => {
    bytes += part.length
  })
  request.on('end', () => {
    requests++
    response.writeHead(request.headers['x-prometheus-remote-write-version'] === undefined ? 200 : 204, {
      'x-prometheus-remote-write-samples-written': '1',
    })
    response.end()
  })
})
server.keepAliveTimeout = 600_000
server.listen(0, '127.0.0.1', () => {
  answerQuestions<'taken'>((server.address() as AddressInfo).port, () => {
    const taken: Taken = { requests, bytes }
    requests = 0
    bytes = 0
    return taken
  })
})
