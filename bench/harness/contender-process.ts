import { answerQuestions } from './child.js'
import type { Contenders, Question, Ready, Round } from './contender.js'

// Run as `contender-process.js MODULE NAME SIZE` by a race: the module, a file's URL, exports `contenders`.
const [module, name, size] = process.argv.slice(2)
const { contenders } = (await import(module!)) as { contenders: Contenders }
const contender = await contenders[name!]!(Number(size))
const slowdown = slowdownOf(name!, process.env.POSTMETER_BENCH_SLOWDOWN)
let sink: unknown

const ready: Ready = { calls: contender.calls }
answerQuestions<Question>(ready, async question => {
  if ('round' in contender) {
    if (question === 'allocation') return Number.NaN
    return contender.round(question.round)
  }
  const { batch } = contender
  if (question === 'allocation') return allocation(batch)
  const end = performance.now() + question.round
  const times: number[] = []
  do {
    const start = process.hrtime.bigint()
    const result = batch()
    sink = result instanceof Promise ? await result : result
    if (slowdown > 1) spin(start, slowdown)
    times.push(Number(process.hrtime.bigint() - start))
  } while (performance.now() < end)
  return { times, bytes: contender.bytes?.() ?? 0, sink: typeof sink } satisfies Round & { sink: string }
})

/** `NAME:FACTOR` makes the contender of that name take so many times as long: to show that the gate bites. */
function slowdownOf(name: string, wanted = ''): number {
  const colon = wanted.lastIndexOf(':')
  return colon > 0 && wanted.slice(0, colon) === name ? Number(wanted.slice(colon + 1)) : 1
}

function spin(start: bigint, factor: number): void {
  const end = start + BigInt(Math.round(Number(process.hrtime.bigint() - start) * factor))
  while (process.hrtime.bigint() < end);
}

/** The least of several tries: what the engine does beside the work can only add, and a collection only hide. */
async function allocation(batch: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  const batches = Math.max(1, Math.ceil(100_000 / contender.calls))
  const end = performance.now() + 200
  for (let attempt = 0; attempt === 0 || (attempt < 5 && performance.now() < end); attempt++) {
    globalThis.gc!()
    const before = process.memoryUsage().heapUsed
    let done = 0
    // One that takes long allocates enough to be seen in fewer calls.
    for (; done < batches && (done === 0 || performance.now() < end); done++) {
      const result = batch()
      sink = result instanceof Promise ? await result : result
    }
    const grown = process.memoryUsage().heapUsed - before
    if (grown >= 0) least = Math.min(least, grown / (done * contender.calls))
  }
  return Number.isFinite(least) ? least : Number.NaN
}
