/**
 * The clients of one server, in a process that outlives it: `node client.js DATA`, DATA as the generator has it. The one
 * that forked it hears 'ready', says 'tell' or 'quiet', and hears what the clients know.
 */
import type { GeneratorData, GeneratorTally } from '../mta/generator.js'
import { Thread } from '../mta/thread.js'

/** Milliseconds between two looks at what was accepted. */
const LOOK_MS = 50

/** What the clients know. */
export interface Told extends GeneratorTally {
  /** What was accepted by then: ms since the epoch, and messages. Each time the number had changed. */
  readonly history: readonly (readonly [number, number])[]
}

const data: GeneratorData = JSON.parse(process.argv[2]!)
const generator = await Thread.start(new URL('../mta/generator.js', import.meta.url), data, error => {
  throw error
})

const history: [number, number][] = []
async function look(question: 'tally' | 'quiet'): Promise<Told> {
  const tally = await generator.ask<GeneratorTally>(question)
  if (tally.sent !== (history.at(-1)?.[1] ?? 0)) history.push([Date.now(), tally.sent])
  return { ...tally, history }
}

// What a look finds was accepted before its time is taken: the time is none too early.
const looking = setInterval(() => void look('tally'), LOOK_MS)

process.on('message', async word => {
  if (word === 'quiet') {
    clearInterval(looking)
    process.send!({ type: 'told', told: await look('quiet') })
  }
})

async function end(): Promise<void> {
  clearInterval(looking)
  await generator.stop()
  process.exit()
}
process.once('SIGTERM', end).once('SIGINT', end).once('disconnect', end)
process.send!({ type: 'ready' })
