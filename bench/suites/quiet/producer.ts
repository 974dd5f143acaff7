import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openLibrary } from './library.js'

export interface Production {
  readonly library: string
  /** Ticks done, one place a producer. */
  readonly ticks: Float64Array
  readonly place: number
}

/**
 * Calls `tick` once for each millisecond since it was started, with how late it was: those that a stall held up are
 * counted too, each with its own lateness, so that a stall weighs as much as it lasted.
 */
export class Pace {
  readonly #tick: (late: number) => void
  #timer: NodeJS.Timeout | undefined

  constructor(tick: (late: number) => void) {
    this.#tick = tick
  }

  start(): void {
    let due = performance.now() + 1
    this.#timer = setInterval(() => {
      for (const now = performance.now(); due <= now; due++) this.#tick(now - due)
    }, 1)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

if (!isMainThread && parentPort) {
  const { library, ticks, place } = workerData as Production
  const { record } = openLibrary(library, false)
  const pace = new Pace(() => {
    record()
    ticks[place]! += 1
  })
  parentPort.on('message', (on: boolean) => (on ? pace.start() : pace.stop()))
  parentPort.postMessage('ready')
}
