import { Worker } from 'node:worker_threads'
import { createRegistry } from '../../../src/index.js'
import { loadKernel } from '../../../src/kernel/loader.js'
import { sweep } from '../../../src/lifecycle/sweep.js'
import { openArena } from '../../../src/memory/arena.js'
import * as L from '../../../src/memory/layout.js'
import { answerQuestions } from '../../harness/child.js'
import { key, type Registering, registering } from './registering.js'

export interface Measured extends Registering {
  sharedBytes: number
  secondThreadBytes: number
  heapOne: number
  heapTwo: number
  sweep: number
  copy: number
  sharedHistogram: number
  sharedNative: number
  sharedSummary: number
  heapHistogram: number
}

// Run as `program.js SERIES`, with --expose-gc.
const size = Number(process.argv[2])
const registry = createRegistry({ name: 'bench', memory: '3GiB', sweepEvery: '1h' })
const arena = openArena(registry.handle)

const counter = registry.counter({ name: 'c_total', help: 'C.', labelNames: ['queue'], expireAfter: '10m' })
let text = 0
const heap = heapUsed()
const used = arena.usedBytes()
const registered = await registering(size, value => {
  counter.labels(value)
})
for (let n = 0; n < size; n++) text += `queue="${key(n)}"`.length
const buckets = (arena.hashMask + 1) * 4
const sharedBytes = (arena.usedBytes() - used - text) / size + Math.min(buckets / size, 8)
const heapOne = (heapUsed() - heap) / size

const kernel = loadKernel(arena)
const sweeps: number[] = []
for (let n = 0; n < 5; n++) {
  sweep(arena, kernel, n + 1, () => performance.now())
  sweeps.push(arena.i32[L.H_SWEEP_LAST]! / 1000)
}
// As many bytes as a sweep could look at, read once, into a piece that stays in the cache.
const piece = Buffer.alloc(1 << 20)
const copies: number[] = []
for (let n = 0; n < 5; n++) {
  const start = performance.now()
  const end = arena.usedBytes()
  for (let at = 0; at < end; at += piece.length)
    piece.set(arena.u8.subarray(at, Math.min(at + piece.length, end)))
  copies.push(performance.now() - start)
}

const some = Math.min(size, 200_000)
const before = arena.usedBytes()
const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: some })
await new Promise(resolve => worker.once('message', resolve))
const secondThreadBytes = (arena.usedBytes() - before) / some
await worker.terminate()

const pairs = registry.counter({ name: 'p_total', help: 'P.', labelNames: ['queue', 'kind'] })
const heapBefore = heapUsed()
for (let n = 0; n < some; n++) pairs.labels(key(n), key(n % 100))
const heapTwo = (heapUsed() - heapBefore) / some

/** Bytes in shared memory, their text apart, and on the heap for each of so many series that have seen values. */
const FEW = Math.min(size, 20_000)
interface Observed {
  labels(value: string): { observe(value: number): void }
}
function bytesOf(metric: Observed): { shared: number; heap: number } {
  const heapBefore = heapUsed()
  const usedBefore = arena.usedBytes()
  let text = 0
  for (let n = 0; n < FEW; n++) {
    const child = metric.labels(key(n))
    text += `queue="${key(n)}"`.length
    // Over three powers of ten.
    for (let value = 0; value < 20; value++) child.observe(10 ** (((n + value) % 30) / 10 - 2))
  }
  return { shared: (arena.usedBytes() - usedBefore - text) / FEW, heap: (heapUsed() - heapBefore) / FEW }
}
const observed = (name: string) => ({ name, help: 'O.', labelNames: ['queue'] as const })
const classic = bytesOf(registry.histogram(observed('h_seconds')))
const native = bytesOf(registry.histogram({ ...observed('n_seconds'), native: {} }))
const summary = bytesOf(registry.summary(observed('s_seconds')))

answerQuestions(
  {
    ...registered,
    sharedBytes,
    secondThreadBytes,
    heapOne,
    heapTwo,
    sweep: Math.min(...sweeps),
    copy: Math.min(...copies),
    sharedHistogram: classic.shared,
    heapHistogram: classic.heap,
    sharedNative: native.shared,
    sharedSummary: summary.shared,
  } satisfies Measured,
  () => true,
)

function heapUsed(): number {
  globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
