import { answerQuestions } from '../../harness/child.js'
import { peers } from '../../work/peers.js'
import { key } from './registering.js'

/** Bytes of heap a series. */
export interface PeerMeasured {
  counter: number
  histogram: number
}

// Run as `peer-program.js PEER SERIES`, with --expose-gc.
const [name, size] = process.argv.slice(2) as [string, string]
const { Registry, Counter, Histogram } = peers[name]!
const registers = [new Registry()]
const options = { help: 'X.', labelNames: ['queue'] as const, registers }
const counter = new Counter({ name: 'c_total', ...options })
const histogram = new Histogram({ name: 'h_seconds', ...options })

function grown(series: number, touch: (queue: string) => void): number {
  globalThis.gc!()
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < series; n++) touch(key(n))
  globalThis.gc!()
  return (process.memoryUsage().heapUsed - before) / series
}

answerQuestions(
  {
    counter: grown(Number(size), queue => counter.inc({ queue })),
    histogram: grown(Math.min(Number(size), 20_000), queue => histogram.observe({ queue }, 0.1)),
  } satisfies PeerMeasured,
  () => true,
)
