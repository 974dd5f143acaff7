import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { answerQuestions } from '../../harness/child.js'
import { EXPOSED, libraries } from './contenders.js'

/** What the program says of itself. */
export interface Handling {
  readonly url: string
}

// Run as `program.js LIBRARY`: a program with a handler of its own, as users of prom-client write it.
const api = libraries[process.argv[2]!]!
const register = new api.Registry()
EXPOSED.counters!(api, register)
const server = createServer(async (_, response) => {
  response.setHeader('Content-Type', register.contentType)
  response.end(await register.metrics())
})
// The figure that it answers with: ms that its event loop was busy so far.
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  answerQuestions({ url: `http://127.0.0.1:${port}/metrics` } satisfies Handling, () => ({
    busy: performance.eventLoopUtilization().active,
  }))
})
