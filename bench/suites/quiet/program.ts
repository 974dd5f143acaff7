import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { answerQuestions } from '../../harness/child.js'
import { newHistogram } from '../../harness/statistics.js'
import { openLibrary, RECORDED } from './library.js'
import { Pace, type Production } from './producer.js'

/** How a stretch of the program's life went. */
export interface Stretch {
  /** How late the main thread came to what was due each millisecond, in µs: encoded as hdr-histogram-js does. */
  readonly lateness: string
  /** Calls a second of all producers. */
  readonly produced: number
}

// Run as `program.js LIBRARY SERIES PRODUCERS`; works from `start` to `stop`.
const [name, series, producers] = process.argv.slice(2) as [string, string, string]
const library = openLibrary(name, true)
const url = await library.serve(Number(series))
const ticks = new Float64Array(new SharedArrayBuffer(8 * Number(producers)))
const workers: Worker[] = []
for (let place = 0; place < Number(producers); place++) {
  const workerData: Production = { library: name, ticks, place }
  const worker = new Worker(new URL('./producer.js', import.meta.url), { workerData })
  await once(worker, 'message')
  workers.push(worker)
}
const lateness = newHistogram()
const pace = new Pace(late => {
  library.record()
  lateness.recordValue(Math.max(1, Math.round(late * 1000)))
})
let began = 0

answerQuestions<'start' | 'stop'>(url, question => {
  const on = question === 'start'
  const done = ticks.reduce((sum, count) => sum + count)
  const took = performance.now() - began
  for (const worker of workers) worker.postMessage(on)
  if (!on) {
    pace.stop()
    const stretch: Stretch = {
      lateness: encodeIntoCompressedBase64(lateness),
      produced: (done / took) * 1000 * RECORDED,
    }
    return stretch
  }
  ticks.fill(0)
  lateness.reset()
  began = performance.now()
  pace.start()
  return true
})
