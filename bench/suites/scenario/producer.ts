import { membership } from '../../harness/member.js'
import { type CommonHandle, openCommonMemory } from '../../work/common-memory.js'
import {
  ARRIVAL,
  booksBytes,
  inFlight,
  ledgerIn,
  OBSERVED,
  QUEUE,
  REMOVAL,
  S_BLOCKED_MS,
  S_HUNG,
  S_IN_FLIGHT,
  S_MESSAGES,
  SERVICE,
  stopIn,
} from './ledger.js'
import { type Held, type LibraryName, load } from './library.js'
import { comingOf, messagesOf, queueName, randomOf, SERVICES, type Shape, slotsOf } from './shape.js'

export interface ProducerData {
  readonly name: LibraryName
  readonly thread: number
  readonly shape: Shape
  /** Of the ledgers. */
  readonly books: CommonHandle
  /** Of the endpoint. */
  readonly given: unknown
}

/** 'stopping': a process is about to stop, and wants to be continued. */
export type FromProducer = 'ready' | 'stopping' | 'hung' | 'done'

/** Between turns of recording, ms; and the most messages in one, so that one that is behind still answers. */
const TURN = 5
const MOST = 1_000

const { data, tell, listen } = membership<ProducerData>()
const { name, thread, shape, books, given } = data
const report = (what: FromProducer) => tell(what)
const buffer = openCommonMemory(books, booksBytes(shape))
const ledger = ledgerIn(buffer, shape, thread)
const stop = stopIn(buffer)
const recorder = await (await load(name, shape.form)).recorder(thread, shape, given)
const random = randomOf(shape.seed + thread * 7919)
const planned = messagesOf(shape)
const slots = slotsOf(shape)
const churnEvery = Math.max(1, Math.floor(planned / Math.max(1, comingOf(shape))))
const { state } = ledger

const services = SERVICES.map((service, at) => recorder.service(at, service))
const seconds = SERVICES.map((service, at) => recorder.seconds(at, service))
const held: { id: number; child: Held }[] = []
for (let id = 0; id < slots; id++) held.push(appear(id))
let coming = slots
let going = 0
recorder.flush?.()

listen(message => {
  if (message === 'go') go()
})
await report('ready')

function go(): void {
  const begin = performance.now()
  const elapsed = () => (performance.now() - begin) / 1000
  let blocked = false
  const timer = setInterval(() => {
    if (Atomics.load(stop, 0) !== 0) return end()
    if (thread === shape.block.thread && !blocked && elapsed() >= shape.block.at) {
      blocked = true
      void block()
    }
    if (thread === shape.kill.thread && elapsed() >= shape.kill.at) {
      clearInterval(timer)
      void hang()
      return
    }
    record(Math.min(planned, Math.floor(elapsed() * shape.rate)))
    if (state[S_MESSAGES] === planned) end()
  }, TURN)
  const end = () => {
    clearInterval(timer)
    void report('done')
  }
}

/** Records up to this message, or as many as fit a turn. */
function record(upTo: number): void {
  const last = Math.min(upTo, state[S_MESSAGES]! + MOST)
  while (state[S_MESSAGES]! < last) accept()
  recorder.flush?.()
}

function accept(): void {
  // Some queues are much busier than others.
  const { id, child } = held[Math.floor(random() ** 2 * slots)]!
  const service = Math.floor(random() * SERVICES.length)
  // From 1 ms to 10 s, spread evenly over the powers of ten.
  const took = 10 ** (random() * 4 - 3)
  state[S_IN_FLIGHT] = inFlight(QUEUE, id)
  child.inc()
  ledger.queues[id]!++
  state[S_IN_FLIGHT] = inFlight(SERVICE, service)
  services[service]!.inc()
  ledger.services[service]!++
  state[S_IN_FLIGHT] = inFlight(OBSERVED, service)
  seconds[service]!.observe(took)
  ledger.observed[service]!++
  state[S_IN_FLIGHT] = 0
  state[S_MESSAGES]!++
  if (state[S_MESSAGES]! % churnEvery === 0 && coming < ledger.queues.length) replace()
}

/** A queue goes, and another comes in its place. */
function replace(): void {
  const slot = going++ % slots
  const gone = held[slot]!
  state[S_IN_FLIGHT] = inFlight(REMOVAL, gone.id)
  ledger.removed[gone.id] = 1
  recorder.remove(queueName(thread, gone.id))
  held[slot] = appear(coming++)
}

function appear(id: number): { id: number; child: Held } {
  state[S_IN_FLIGHT] = inFlight(ARRIVAL, id)
  ledger.present[id] = 1
  const child = recorder.queue(id, queueName(thread, id))
  state[S_IN_FLIGHT] = 0
  return { id, child }
}

/** As a thread does that waits for a file or a lock; a process stops until it is continued. */
async function block(): Promise<void> {
  const begin = performance.now()
  if (shape.form === 'threads')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, shape.block.seconds * 1000)
  else {
    await report('stopping')
    process.kill(process.pid, 'SIGSTOP')
  }
  state[S_BLOCKED_MS] = performance.now() - begin
}

/** Never comes back: records all that is left as fast as it can, until it is killed. */
async function hang(): Promise<never> {
  state[S_HUNG] = 1
  await report('hung')
  for (;;) record(planned)
}
