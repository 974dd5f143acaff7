import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { answerQuestions } from '../../harness/child.js'
import type { ImportedName } from './worker.js'

/** What Workers of one kind took, each: in ms, and MiB. */
export interface Imported {
  readonly import: number[]
  readonly processor: number[]
  readonly resident: number
}

export interface Asked {
  readonly workers: number
}

// Run as `program.js LIBRARY`.
const name = process.argv[2] as ImportedName
if (name === 'postmeter') {
  const { createRegistry } = await import(name as string)
  createRegistry()
}

answerQuestions<Asked>('ready', async ({ workers }) => {
  const result: Imported & { resident: number } = { import: [], processor: [], resident: 0 }
  const alive: Worker[] = []
  // The first one pays for what the process loads once.
  await start()
  const before = process.memoryUsage.rss()
  for (let n = 0; n < workers; n++) {
    const cpu = process.cpuUsage()
    const took = await start()
    const { user, system } = process.cpuUsage(cpu)
    result.import.push(took)
    result.processor.push((user + system) / 1000)
  }
  result.resident = (process.memoryUsage.rss() - before) / workers / 2 ** 20
  for (const worker of alive) await worker.terminate()
  return result

  async function start(): Promise<number> {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: name })
    alive.push(worker)
    const [took] = await once(worker, 'message')
    return took
  }
})
