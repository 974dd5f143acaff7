/** Clocks that move on only where something sleeps. */
import type { Tools } from '../../../src/push/delivery/tools.js'

export class Clock implements Pick<Tools, 'now' | 'date' | 'random' | 'sleep'> {
  at = 1000
  /** Ms since 1970, when `at` is 0. */
  epoch = Date.UTC(2030)
  readonly now = () => this.at
  readonly date = () => this.epoch + this.at
  readonly random = () => 0.5
  readonly sleep = async (ms: number, signal: AbortSignal) => {
    if (!signal.aborted) this.at += ms
  }
}
