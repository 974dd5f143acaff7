import { createServer } from 'node:http'
import { answerQuestions } from '../../harness/child.js'

/** A server of node:http and nothing else, or a registry with a front of that transport. */
export type IdleName = 'node:http' | 'postmeter, http' | 'postmeter, uws'

// Run as `program.js NAME`.
const name = process.argv[2] as IdleName
let served = true
if (name === 'node:http') {
  const server = createServer((_, response) => response.end())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
} else {
  // By name, as a program does: this package finds itself as it is published.
  const { createRegistry, serve } = await import('postmeter' as string)
  const wanted = name.slice('postmeter, '.length)
  const front = await serve(createRegistry(), { listen: '127.0.0.1:0' })
  served = wanted === front.transport
  if (!served) {
    await front.close()
    if (wanted === 'http') {
      await serve(createRegistry(), { listen: '127.0.0.1:0', transport: 'http' })
      served = true
    }
  }
}
answerQuestions(served, () => true)
