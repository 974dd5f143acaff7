import type { Registry as PeerRegistry } from 'prom-client'
import { createRegistry, type Registry } from '../../../src/index.js'
import type { Contender, Contenders } from '../../harness/contender.js'
import { otelRecording } from '../../work/opentelemetry.js'
import { peers } from '../../work/peers.js'

/** How often a batch goes over all children: long enough for the clock, short enough for percentiles. */
const TURNS = 100

/** Pre-made, so that making random numbers is not measured; fixed, so that each run draws the same. */
const VALUES = randomValues(1 << 14, 42)
const MASK = VALUES.length - 1
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The same window and quantiles for all. */
const SUMMARY = { quantiles: [0.5, 0.9, 0.99], maxAge: '10m', ageBuckets: 5 }
const PEER_SUMMARY = { percentiles: SUMMARY.quantiles, maxAgeSeconds: 600, ageBuckets: 5 }

/** In a registry that processes share. */
export const shared = (name: string) => `${name}, shared`

const services = (size: number) => Array.from({ length: size }, (_, at) => `service-${at}`)

export const contenders: Contenders = {
  'typed array': size => {
    const cells = new Float64Array(size)
    return contender(size, () => {
      for (let turn = 0; turn < TURNS; turn++) for (let at = 0; at < size; at++) cells[at]! += 1
      return cells[0]
    })
  },

  'plain objects': size => {
    const cells = new Float64Array(size)
    const objects = services(size).map((_, at) => ({ cells, at }))
    return contender(size, () => {
      for (let turn = 0; turn < TURNS; turn++) for (const o of objects) o.cells[o.at]! += 1
      return cells[0]
    })
  },

  'postmeter counter': size => counting(size, createRegistry({ name: 'bench' })),
  [shared('postmeter counter')]: size => counting(size, createRegistry({ name: 'bench', shared: true })),

  // As it would be if series never expired: nothing to compare `at` with.
  'counter without detaching': size => {
    const cells = new Float64Array(size + 1)
    const children = services(size).map((_, n) => new EverAttached(cells, n + 1))
    return contender(size, () => {
      for (let turn = 0; turn < TURNS; turn++) for (const child of children) child.inc()
      return cells[1]
    })
  },

  'postmeter gauge': size => {
    const gauge = createRegistry({ name: 'bench' }).gauge({
      name: 'g',
      help: 'G.',
      labelNames: ['service'],
    })
    const children = services(size).map(service => gauge.labels({ service }))
    return contender(size, () => {
      for (let turn = 0; turn < TURNS; turn++) for (const child of children) child.set(turn)
    })
  },

  'postmeter histogram': size =>
    observing(size, options => createRegistry({ name: 'bench' }).histogram({ ...options, buckets: BUCKETS })),

  [shared('postmeter histogram')]: size =>
    observing(size, options =>
      createRegistry({ name: 'bench', shared: true }).histogram({ ...options, buckets: BUCKETS }),
    ),

  'postmeter native histogram': size =>
    observing(size, options => createRegistry({ name: 'bench' }).histogram({ ...options, native: {} })),

  'postmeter summary': size =>
    observing(size, options => createRegistry({ name: 'bench' }).summary({ ...options, ...SUMMARY })),

  'postmeter labels().inc()': size => {
    const counter = createRegistry({ name: 'bench' }).counter({
      name: 'c_total',
      help: 'C.',
      labelNames: ['service'],
    })
    const names = services(size)
    return contender(size, () => {
      for (let turn = 0; turn < TURNS; turn++) for (const service of names) counter.labels({ service }).inc()
    })
  },

  ...Object.fromEntries(Object.keys(peers).flatMap(name => peerContenders(name))),

  ...otelRecording({ turns: TURNS, values: VALUES, buckets: BUCKETS }),
}

function counting(size: number, registry: Registry): Contender {
  const counter = registry.counter({ name: 'c_total', help: 'C.', labelNames: ['service'] })
  const children = services(size).map(service => counter.labels({ service }))
  return contender(size, () => {
    for (let turn = 0; turn < TURNS; turn++) for (const child of children) child.inc()
  })
}

class EverAttached {
  readonly cells: Float64Array
  readonly at: number

  constructor(cells: Float64Array, at: number) {
    this.cells = cells
    this.at = at
  }

  inc(value = 1): void {
    if (!(typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY)) throw new RangeError()
    this.cells[this.at]! += value
  }
}

function peerContenders(name: string): [string, (size: number) => Contender][] {
  const { Registry, Counter, Gauge, Histogram, Summary } = peers[name]!
  const common = (registry: PeerRegistry) => ({
    help: 'X.',
    labelNames: ['service'] as const,
    registers: [registry],
  })
  return [
    [
      `${name} counter`,
      size => {
        const counter = new Counter({
          name: 'c_total',
          ...common(new Registry()),
        })
        const children = services(size).map(service => counter.labels({ service }))
        return contender(size, () => {
          for (let turn = 0; turn < TURNS; turn++) for (const child of children) child.inc()
        })
      },
    ],
    [
      `${name} gauge`,
      size => {
        const gauge = new Gauge({ name: 'g', ...common(new Registry()) })
        const children = services(size).map(service => gauge.labels({ service }))
        return contender(size, () => {
          for (let turn = 0; turn < TURNS; turn++) for (const child of children) child.set(turn)
        })
      },
    ],
    [
      `${name} histogram`,
      size =>
        observing(
          size,
          options => new Histogram({ ...options, buckets: BUCKETS, registers: [new Registry()] }),
        ),
    ],
    [
      `${name} summary`,
      size =>
        observing(size, options => new Summary({ ...options, ...PEER_SUMMARY, registers: [new Registry()] })),
    ],
    [
      `${name} labels().inc()`,
      size => {
        const counter = new Counter({
          name: 'c_total',
          ...common(new Registry()),
        })
        const names = services(size)
        return contender(size, () => {
          for (let turn = 0; turn < TURNS; turn++)
            for (const service of names) counter.labels({ service }).inc()
        })
      },
    ],
  ]
}

interface Observing {
  labels(labels: { service: string }): { observe(value: number): void }
}

/** Held children of a family that takes values. */
function observing(
  size: number,
  family: (options: { name: string; help: string; labelNames: ['service'] }) => Observing,
): Contender {
  const own = family({ name: 'h', help: 'H.', labelNames: ['service'] })
  const children = services(size).map(service => own.labels({ service }))
  let next = 0
  return contender(size, () => {
    let at = next
    for (let turn = 0; turn < TURNS; turn++) {
      for (const child of children) child.observe(VALUES[at++ & MASK]!)
    }
    next = at & MASK
  })
}

function contender(size: number, batch: () => unknown): Contender {
  return { batch, calls: size * TURNS }
}

/** Spread evenly over the powers of ten from 1 ms to 10 s, as latencies are. */
function randomValues(count: number, seed: number): Float64Array {
  const values = new Float64Array(count)
  let state = seed
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[at] = 10 ** ((state / 2 ** 32) * 4 - 3)
  }
  return values
}
