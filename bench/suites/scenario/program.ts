import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { answerQuestions } from '../../harness/child.js'
import { copied, type Ledger, newLedger } from './ledger.js'
import { type LibraryName, load } from './library.js'
import type { FromProducer, ProducerData } from './producer.js'
import type { Shape } from './shape.js'
import { type Stalls, StallWatch } from './stalls.js'

/** `go` is answered when all producers have ended; `books` when nothing is to come any more. */
export type ProgramQuestion = 'go' | 'books'

export interface Books {
  readonly ledgers: readonly Ledger[]
  readonly stalls: Stalls
  /** Milliseconds from the call of terminate() to the end of the thread that hung; undefined if it still lives. */
  readonly killed: number | undefined
  /** Whether producers had to be stopped, since the time was over. */
  readonly late: boolean
}

/** How long producers may go on after the time, to make up for what held them up, seconds. */
const GRACE = 15

// Run as `program.js LIBRARY SHAPE`.
const [, , name, json] = process.argv as [string, string, LibraryName, string]
const shape: Shape = JSON.parse(json)
const endpoint = await (await load(name)).open(shape)
const stop = new Int32Array(new SharedArrayBuffer(4))
const ledgers = Array.from({ length: shape.threads }, () => newLedger(shape))
let killed: number | undefined
let late = false

const producers = ledgers.map((ledger, thread) => {
  const worker = new Worker(new URL('./producer.js', import.meta.url), {
    workerData: { name, thread, shape, ledger, stop } satisfies ProducerData,
  })
  worker.on('error', error => {
    throw error
  })
  endpoint.watch?.(worker)
  return worker
})
const until = (worker: Worker, what: FromProducer) =>
  new Promise<void>(resolve => {
    worker.on('message', (message: unknown) => {
      if (message === what) resolve()
    })
  })
await Promise.all(producers.map(worker => until(worker, 'ready')))
const ended = producers.map((worker, thread) =>
  thread === shape.kill.thread ? kill(worker) : until(worker, 'done'),
)
const url = await endpoint.listen()
const watch = new StallWatch()

answerQuestions<ProgramQuestion>(url, async question => {
  if (question === 'books')
    return { ledgers: ledgers.map(copied), stalls: watch.end(), killed, late } satisfies Books
  watch.begin()
  for (const worker of producers) worker.postMessage('go')
  const deadline = setTimeout(
    () => {
      late = true
      Atomics.store(stop, 0, 1)
    },
    (shape.seconds + GRACE) * 1000,
  )
  await Promise.all(ended)
  clearTimeout(deadline)
  return true
})

async function kill(worker: Worker): Promise<void> {
  await Promise.race([until(worker, 'hung'), until(worker, 'done')])
  const begin = performance.now()
  const exit = once(worker, 'exit')
  await worker.terminate()
  await exit
  killed = performance.now() - begin
}
