import type { Worker } from 'node:worker_threads'
import { startOwnThread } from '../../memory/own-thread.js'
import type { FrontData } from './protocol.js'

/** Starts the thread of a front. Throws if its file is gone, or the system starts no further thread. */
export function startThread(data: FrontData): Worker {
  return startOwnThread({
    call: 'serve',
    what: "the front's thread",
    code: 'ERR_POSTMETER_FRONT',
    name: 'postmeter-front',
    file: new URL('./worker.js', import.meta.url),
    data,
  })
}
