import { answerQuestions } from './child.js'

/** One way to do the work of a suite. */
export interface Contender {
  /** Does the work `calls` times over. What it returns is used, so that no optimiser can leave the work out. */
  batch(): unknown
  readonly calls: number
  /** Bytes that a batch wrote, if it writes any; asked after it. */
  bytes?(): number
}

/** A suite's contenders by name, each made in its own process. */
export type Contenders = Record<string, (size: number) => Contender | Promise<Contender>>

export type Question =
  /** Runs batches for so many milliseconds, at least one: nanoseconds a batch. */
  | { readonly round: number }
  /** Bytes of heap that one call allocates. */
  | 'allocation'

export interface Ready {
  readonly calls: number
}

// Run as `contender.js SUITE NAME SIZE` by the harness.
const [suite, name, size] = process.argv.slice(2)
const { contenders } = (await import(`./${suite}-contenders.js`)) as {
  contenders: Contenders
}
const contender = await contenders[name!]!(Number(size))
let sink: unknown

const ready: Ready = { calls: contender.calls }
answerQuestions<Question>(ready, async question => {
  if (question === 'allocation') return allocation()
  const end = performance.now() + question.round
  const times: number[] = []
  do {
    const start = process.hrtime.bigint()
    const result = contender.batch()
    sink = result instanceof Promise ? await result : result
    times.push(Number(process.hrtime.bigint() - start))
  } while (performance.now() < end)
  return { times, bytes: contender.bytes?.() ?? 0, sink: typeof sink }
})

/** The least of several tries: what the engine does beside the work can only add, and a collection only hide. */
async function allocation(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  const batches = Math.max(1, Math.ceil(100_000 / contender.calls))
  for (let attempt = 0; attempt < 5; attempt++) {
    globalThis.gc!()
    const before = process.memoryUsage().heapUsed
    for (let at = 0; at < batches; at++) {
      const result = contender.batch()
      sink = result instanceof Promise ? await result : result
    }
    const grown = process.memoryUsage().heapUsed - before
    if (grown >= 0) least = Math.min(least, grown / (batches * contender.calls))
  }
  return Number.isFinite(least) ? least : Number.NaN
}
