import { setTimeout as wait } from 'node:timers/promises'
import { answerQuestions } from '../../harness/child.js'
import { type Member, startMember } from '../../harness/member.js'
import { untilStopped } from '../../harness/proc.js'
import { makeCommonMemory } from '../../work/common-memory.js'
import { booksBytes, copied, type Ledger, ledgerIn, stopIn } from './ledger.js'
import { type LibraryName, load } from './library.js'
import type { FromProducer, ProducerData } from './producer.js'
import type { Shape } from './shape.js'
import { type Stalls, StallWatch } from './stalls.js'

/** `go` is answered when all producers have ended; `books` when nothing is to come any more. */
export type ProgramQuestion = 'go' | 'books'

export interface Books {
  readonly ledgers: readonly Ledger[]
  readonly stalls: Stalls
  /** Milliseconds from the call that kills the one that hung to its end; undefined if it still lives. */
  readonly killed: number | undefined
  /** Whether producers had to be stopped, since the time was over. */
  readonly late: boolean
}

/** How long producers may go on after the time, to make up for what held them up, seconds. */
const GRACE = 15

// Run as `program.js LIBRARY SHAPE`.
const [, , name, json] = process.argv as [string, string, LibraryName, string]
const shape: Shape = JSON.parse(json)
const endpoint = await (await load(name, shape.form)).open(shape)
const { buffer, handle } = makeCommonMemory(shape.form, booksBytes(shape))
const ledgers = Array.from({ length: shape.threads }, (_, thread) => ledgerIn(buffer, shape, thread))
let killed: number | undefined
let late = false

const producers = ledgers.map((_, thread) => {
  const data: ProducerData = { name, thread, shape, books: handle, given: endpoint.gives }
  const member = startMember(shape.form, new URL('./producer.js', import.meta.url), data)
  if (member.worker !== undefined) endpoint.watch?.(member.worker)
  return member
})
const until = (member: Member, what: FromProducer) => member.says(what)
await Promise.all(producers.map(member => until(member, 'ready')))
const ended = producers.map((member, thread) =>
  thread === shape.kill.thread ? kill(member) : until(member, 'done'),
)
const blocking = producers[shape.block.thread]!
void until(blocking, 'stopping').then(async () => {
  await untilStopped(blocking.pid!)
  await wait(shape.block.seconds * 1000)
  process.kill(blocking.pid!, 'SIGCONT')
})
const url = await endpoint.listen()
const watch = new StallWatch()

answerQuestions<ProgramQuestion>(url, async question => {
  if (question === 'books')
    return { ledgers: ledgers.map(copied), stalls: watch.end(), killed, late } satisfies Books
  watch.begin()
  for (const member of producers) member.tell('go')
  const deadline = setTimeout(
    () => {
      late = true
      Atomics.store(stopIn(buffer), 0, 1)
    },
    (shape.seconds + GRACE) * 1000,
  )
  await Promise.all(ended)
  clearTimeout(deadline)
  return true
})

async function kill(member: Member): Promise<void> {
  await Promise.race([until(member, 'hung'), until(member, 'done')])
  const begin = performance.now()
  await member.kill()
  killed = performance.now() - begin
}
