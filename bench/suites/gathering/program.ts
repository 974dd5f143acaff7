import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { answerQuestions } from '../../harness/child.js'
import { type LibraryName, load } from '../scenario/library.js'
import type { Shape } from '../scenario/shape.js'
import type { GatheringData } from './worker.js'

// Run as `program.js LIBRARY SHAPE`.
const [, , name, json] = process.argv as [string, string, LibraryName, string]
const shape: Shape = JSON.parse(json)
const endpoint = await (await load(name)).open(shape)
for (let thread = 0; thread < shape.threads; thread++) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { name, shape } satisfies GatheringData,
  })
  worker.on('error', error => {
    throw error
  })
  endpoint.watch?.(worker)
  for (let message: unknown; message !== 'ready'; ) [message] = await once(worker, 'message')
}
answerQuestions(await endpoint.listen(), () => true)
