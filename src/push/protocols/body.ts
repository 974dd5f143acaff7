/** What a push sends in one round: bodies, one after the other. */
import type { GoneRun } from '../../exposition/pushed-series.js'
import type { BUSY } from '../../exposition/span-walk.js'
import type { Answer, PushRequest } from '../delivery/outcome.js'

export interface Body {
  readonly request: PushRequest
  /** Of a body of series that are gone: which. */
  readonly runs?: readonly GoneRun[]
  /** What the receiver says of samples that it has not taken, though it took the body. */
  rejected?(answer: Answer): Rejected | undefined
}

export interface Rejected {
  /** 0 if it took all, and warns. */
  readonly count: number
  readonly why: string
}

export interface Bodies {
  /** undefined after the last one; BUSY if all slots are in use. @throws Error if encoding failed. */
  next(): Body | undefined | typeof BUSY
}

/** How one protocol has it. */
export interface Protocol {
  /** How many bodies may be on their way at once. */
  readonly parallel: number
  /** All series as they are; `time` is that of their samples, ms since the epoch. */
  current(time: number): Bodies
  /** Series that were told of and are not exposed any more; undefined where the protocol tells of that by itself. */
  gone(time: number): Bodies | undefined
  /** That all series are gone, at a clean end. */
  withdraw(time: number): Bodies
}

/** One body. */
export function single(body: Body): Bodies {
  let left: Body | undefined = body
  return {
    next() {
      const body = left
      left = undefined
      return body
    },
  }
}
