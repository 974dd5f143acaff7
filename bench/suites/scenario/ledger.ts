/**
 * What one producer has recorded, in common memory that no library knows of and that outlives the producer.
 * A recording is announced before the library is called and entered after it: when a producer is killed between the two,
 * one recording may or may not have been made, and this records which.
 */
import { queuesOf, SERVICES, type Shape } from './shape.js'

export interface Ledger {
  /** By id: recordings that the library has taken. */
  readonly queues: Float64Array
  /** By id: 1 from the moment that the queue is taken out. */
  readonly removed: Uint8Array
  /** By id: 1 from the moment that the queue is there. */
  readonly present: Uint8Array
  readonly services: Float64Array
  readonly observed: Float64Array
  readonly state: Float64Array
}

/** Indices in `state`. */
export const S_MESSAGES = 0
/** 0, or 1 + KIND * 2^32 + id of what is being done. */
export const S_IN_FLIGHT = 1
export const S_BLOCKED_MS = 2
export const S_HUNG = 3
const STATE_LENGTH = 4

export const QUEUE = 0
export const SERVICE = 1
export const OBSERVED = 2
/** A queue is being put in, or taken out. */
export const ARRIVAL = 3
export const REMOVAL = 4
const KIND = 2 ** 32

/** Not 0 when all have to stop; the ledgers follow. */
export const stopIn = (buffer: SharedArrayBuffer) => new Int32Array(buffer, 0, 1)
const LEDGERS_AT = 64

const floatsOf = (shape: Shape) => queuesOf(shape) + 2 * SERVICES.length + STATE_LENGTH
/** Of one ledger; whole cache lines, as each is written by a producer of its own. */
const ledgerBytes = (shape: Shape) => Math.ceil((8 * floatsOf(shape) + 2 * queuesOf(shape)) / 64) * 64

export const booksBytes = (shape: Shape) => LEDGERS_AT + shape.threads * ledgerBytes(shape)

export function ledgerIn(buffer: SharedArrayBuffer, shape: Shape, thread: number): Ledger {
  const queues = queuesOf(shape)
  let at = LEDGERS_AT + thread * ledgerBytes(shape)
  const next = (bytes: number) => {
    at += bytes
    return at - bytes
  }
  const floats = (length: number) => new Float64Array(buffer, next(length * 8), length)
  const bytes = (length: number) => new Uint8Array(buffer, next(length), length)
  return {
    queues: floats(queues),
    services: floats(SERVICES.length),
    observed: floats(SERVICES.length),
    state: floats(STATE_LENGTH),
    removed: bytes(queues),
    present: bytes(queues),
  }
}

export const inFlight = (kind: number, id: number) => 1 + kind * KIND + id

/** 1 where the ledger ends in the middle of doing this. */
export function perhaps(ledger: Ledger, kind: number, id: number): number {
  return ledger.state[S_IN_FLIGHT] === inFlight(kind, id) ? 1 : 0
}

/** The same figures in memory that can be sent to another process. */
export function copied(ledger: Ledger): Ledger {
  const { queues, removed, present, services, observed, state } = ledger
  return {
    queues: queues.slice(),
    removed: removed.slice(),
    present: present.slice(),
    services: services.slice(),
    observed: observed.slice(),
    state: state.slice(),
  }
}
