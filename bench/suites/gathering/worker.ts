import { parentPort, workerData } from 'node:worker_threads'
import { type LibraryName, load } from '../scenario/library.js'
import { queueName, type Shape } from '../scenario/shape.js'

export interface GatheringData {
  readonly name: LibraryName
  readonly shape: Shape
}

if (parentPort !== null) {
  const { name, shape } = workerData as GatheringData
  // As the first thread's: all record into the same series, which are to be added up.
  const recorder = await (await load(name)).recorder(0, shape)
  for (let id = 0; id < shape.series; id++) recorder.queue(id, queueName(0, id)).inc()
  recorder.flush?.()
  // It answers from here on: some libraries ask each thread at each scrape.
  parentPort.on('message', () => {})
  parentPort.postMessage('ready')
}
