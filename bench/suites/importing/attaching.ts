import cluster from 'node:cluster'
import { createRequire } from 'node:module'
import { answerQuestions } from '../../harness/child.js'
import { type Member, membership, startMember } from '../../harness/member.js'

/** What one process waits, in ms: each on top of what stands before it. */
export interface Attached {
  readonly import: number
  /** koffi, without which there is nothing that attaches. */
  readonly native: number
  readonly attach: number
}

// The program makes the registry; the processes that it starts, of this same file, attach to it.
if (cluster.isPrimary) {
  // By name, as a program does: this package finds itself as it is published.
  const { createRegistry } = await import('postmeter' as string)
  let why: string | undefined
  try {
    createRegistry({ shared: true })
  } catch (error) {
    why = (error as Error).message
  }
  answerQuestions<unknown>(why ?? 'ready', async () => {
    const process: Member = startMember('processes', new URL(import.meta.url), {})
    const said = await process.heard()
    await process.kill()
    return JSON.parse(said)
  })
} else {
  const { tell, listen } = membership<object>()
  listen(() => {})
  const began = performance.now()
  const { getRegistry } = await import('postmeter' as string)
  const imported = performance.now()
  createRequire(import.meta.url)('koffi').load(null)
  const loaded = performance.now()
  getRegistry()
  const attached = performance.now()
  const said: Attached = {
    import: imported - began,
    native: loaded - imported,
    attach: attached - loaded,
  }
  await tell(JSON.stringify(said))
}
