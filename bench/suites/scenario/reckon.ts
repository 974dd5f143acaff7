import type { Exposed } from './exposed.js'
import {
  ARRIVAL,
  type Ledger,
  OBSERVED,
  perhaps,
  QUEUE,
  REMOVAL,
  S_BLOCKED_MS,
  S_HUNG,
  S_MESSAGES,
  SERVICE,
} from './ledger.js'
import type { Books } from './program.js'
import { messagesOf, queuesOf, SERVICES, type Shape, slotsOf } from './shape.js'

/** What became of all that was recorded. */
export interface Reckoning {
  readonly recorded: number
  /** Recorded, in series that nobody removed, and not exposed. */
  readonly lost: number
  /** Queues that are there at the end; those of them that are not exposed; those exposed although they were removed. */
  readonly expected: number
  readonly missing: number
  readonly left: number
  /** Of what the threads that lived were to record, the part that they did. */
  readonly pace: number
}

const sum = (values: Iterable<number>) => {
  let all = 0
  for (const value of values) all += value
  return all
}

/** Compares what was exposed with the ledgers. @throws where the ledgers contradict themselves, or more is exposed than they have. */
export function reckon(shape: Shape, books: Books, exposed: Exposed | undefined): Reckoning {
  check(shape, books)
  let lost = 0
  let expected = 0
  let missing = 0
  let left = 0
  const set = (done: number, open: number, value: number, what: string) => {
    if (value > done + open) throw new Error(`${what}: exposed ${value}, recorded ${done}`)
    lost += done - Math.min(done, Number.isNaN(value) ? 0 : value)
  }
  for (const [thread, ledger] of books.ledgers.entries()) {
    for (let id = 0; id < ledger.queues.length; id++) {
      const value = exposed?.queues[thread]?.[id] ?? Number.NaN
      if (ledger.present[id] === 0) {
        if (!Number.isNaN(value)) throw new Error(`queue ${id} of thread ${thread}: exposed, but never there`)
      } else if (ledger.removed[id] === 1) {
        if (!Number.isNaN(value) && perhaps(ledger, REMOVAL, id) === 0) left++
      } else {
        if (perhaps(ledger, ARRIVAL, id) === 1) continue
        expected++
        if (Number.isNaN(value)) missing++
        set(ledger.queues[id]!, perhaps(ledger, QUEUE, id), value, `queue ${id} of thread ${thread}`)
      }
    }
  }
  for (const [at, service] of SERVICES.entries()) {
    const all = (of: (ledger: Ledger) => number) => sum(books.ledgers.map(of))
    const open = (kind: number) => all(ledger => perhaps(ledger, kind, at))
    set(
      all(({ services }) => services[at]!),
      open(SERVICE),
      exposed?.services[at] ?? Number.NaN,
      service,
    )
    set(
      all(({ observed }) => observed[at]!),
      open(OBSERVED),
      exposed?.observed[at] ?? Number.NaN,
      service,
    )
  }
  const living = books.ledgers.filter((_, thread) => thread !== shape.kill.thread)
  return {
    recorded: sum(books.ledgers.map(entries)),
    lost,
    expected,
    missing,
    left,
    pace: sum(living.map(({ state }) => state[S_MESSAGES]!)) / (living.length * messagesOf(shape)),
  }
}

const entries = ({ queues, services, observed }: Ledger) => sum(queues) + sum(services) + sum(observed)

/** Whether all happened that the scenario is about, and each thread's figures agree. */
function check(shape: Shape, { ledgers, killed, late }: Books): void {
  for (const [thread, ledger] of ledgers.entries()) {
    const fail = (why: string) => {
      throw new Error(`the scenario's own books are wrong: thread ${thread} ${why}`)
    }
    const { state } = ledger
    const messages = state[S_MESSAGES]!
    const dies = thread === shape.kill.thread
    for (const [what, values] of Object.entries({
      queues: ledger.queues,
      services: ledger.services,
      observed: ledger.observed,
    })) {
      // Who is killed in the middle of a message has begun with it.
      const more = sum(values) - messages
      if (more !== 0 && !(dies && more === 1)) fail(`accepted ${messages}, but has ${sum(values)} in ${what}`)
    }
    if (!dies && !late && messages !== messagesOf(shape))
      fail(`reported to be done with ${messages} messages`)
    if (dies && (state[S_HUNG] !== 1 || killed === undefined)) fail('was not killed')
    const blocked = state[S_BLOCKED_MS]!
    const wanted = thread === shape.block.thread ? shape.block.seconds * 1000 : 0
    // A wait may end a rounding early, never much.
    if (blocked < wanted - 1 || (wanted === 0 && blocked > 0)) fail(`was blocked for ${blocked} ms`)
    const present = sum(ledger.present)
    const gone = sum(ledger.removed)
    if (present - gone !== slotsOf(shape) && !dies) fail(`has ${present} queues less ${gone}`)
    if (!dies && !late && present !== queuesOf(shape)) fail(`had only ${present} queues`)
    if (messages === 0) fail('recorded nothing')
  }
}
