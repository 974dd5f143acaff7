import { createServer } from 'node:http'
import { answerQuestions } from '../../harness/child.js'
import { type FileInUse, fileInUse } from './file.js'

/** A server of node:http and nothing else, or a registry with a front of that transport; or one that processes share. */
export type IdleName = 'node:http' | 'postmeter, http' | 'postmeter, uws' | 'postmeter shared, http'

/** What the program says of itself. */
export interface Idle {
  /** Whether it is what its name says; it may not be to be had here. */
  readonly served: boolean
  /** Of one that is shared. */
  readonly file?: FileInUse
}

// Run as `program.js NAME`.
answerQuestions(await start(process.argv[2] as IdleName), () => true)

async function start(name: IdleName): Promise<Idle> {
  if (name === 'node:http') {
    const server = createServer((_, response) => response.end())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return { served: true }
  }
  // By name, as a program does: this package finds itself as it is published.
  const { createRegistry, serve } = await import('postmeter' as string)
  const listen = '127.0.0.1:0'
  if (name === 'postmeter shared, http') {
    let registry: object
    try {
      registry = createRegistry({ shared: true })
    } catch {
      return { served: false }
    }
    await serve(registry, { listen, transport: 'http' })
    return { served: true, file: fileInUse(registry) }
  }
  const wanted = name.slice('postmeter, '.length)
  const front = await serve(createRegistry(), { listen })
  if (wanted === front.transport) return { served: true }
  await front.close()
  if (wanted !== 'http') return { served: false }
  await serve(createRegistry(), { listen, transport: 'http' })
  return { served: true }
}
