import type * as PromClient from 'prom-client'
import * as entry from '../../../src/prom-client.js'
import type { Contender, Contenders } from '../../harness/contender.js'
import { peers } from '../../work/peers.js'

type Api = typeof PromClient

/** How often a batch goes over all label sets. */
const TURNS = 100
/** Of metrics(). */
export const SERIES = 10_000

export const OURS = 'postmeter/prom-client'
export const libraries: Readonly<Record<string, Api>> = { [OURS]: entry as unknown as Api, ...peers }

/** The calls of a program, with new label objects of two labels, as programs write them. */
const CALLS: Readonly<Record<string, (api: Api, size: number) => Contender>> = {
  'inc()': ({ Counter }, size) => {
    const counters = several(size, name => new Counter({ name, help: 'h', registers: [] }))
    return batches(size, n => counters[n]!.inc())
  },
  'inc(labels)': ({ Counter }, size) => {
    const counter = new Counter({ name: 'c_total', help: 'h', labelNames: ['method', 'code'], registers: [] })
    return batches(size, n => counter.inc({ method: METHODS[n & 3]!, code: 200 + n }))
  },
  'labels().inc()': ({ Counter }, size) => {
    const counter = new Counter({ name: 'c_total', help: 'h', labelNames: ['method', 'code'], registers: [] })
    const codes = Array.from({ length: size }, (_, n) => String(200 + n))
    return batches(size, n => counter.labels(METHODS[n & 3]!, codes[n]!).inc())
  },
  'set()': ({ Gauge }, size) => {
    const gauges = several(size, name => new Gauge({ name, help: 'h', registers: [] }))
    return batches(size, n => gauges[n]!.set(n))
  },
  'set(labels)': ({ Gauge }, size) => {
    const gauge = new Gauge({ name: 'g', help: 'h', labelNames: ['method', 'code'], registers: [] })
    return batches(size, n => gauge.set({ method: METHODS[n & 3]!, code: 200 + n }, n))
  },
  'observe()': ({ Histogram }, size) => {
    const histograms = several(size, name => new Histogram({ name, help: 'h', registers: [] }))
    return batches(size, n => histograms[n]!.observe(n / 8))
  },
  'observe(labels)': ({ Histogram }, size) => {
    const histogram = new Histogram({ name: 'h', help: 'h', labelNames: ['method', 'code'], registers: [] })
    return batches(size, n => histogram.observe({ method: METHODS[n & 3]!, code: 200 + n }, n / 8))
  },
}

/** What is exposed, by the kind of its series. */
export const EXPOSED: Readonly<Record<string, (api: Api, registry: PromClient.Registry) => void>> = {
  counters: ({ Counter }, registry) => {
    const options = { name: 'c_total', help: 'h', labelNames: ['method', 'path'], registers: [registry] }
    const counter = new Counter(options)
    for (let n = 0; n < SERIES; n++) counter.inc({ method: METHODS[n & 3]!, path: `/a/path/${n}` }, n)
  },
  gauges: ({ Gauge }, registry) => {
    const gauge = new Gauge({ name: 'g', help: 'h', labelNames: ['method', 'path'], registers: [registry] })
    for (let n = 0; n < SERIES; n++) gauge.set({ method: METHODS[n & 3]!, path: `/a/path/${n}` }, n / 7)
  },
  'lines of histograms': ({ Histogram }, registry) => {
    const options = { name: 'h', help: 'h', labelNames: ['method', 'path'], registers: [registry] }
    const histogram = new Histogram(options)
    for (let n = 0; n < SERIES / 14; n++)
      histogram.observe({ method: METHODS[n & 3]!, path: `/a/${n}` }, n / 99)
  },
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE']

export const KINDS = Object.keys(EXPOSED)
export const NAMES = [...Object.keys(CALLS), ...KINDS.map(metricsOf)]

export function metricsOf(kind: string): string {
  return `metrics(), ${kind}`
}

export const by = (library: string, call: string) => `${library}, ${call}`

export const contenders: Contenders = Object.fromEntries(
  Object.entries(libraries).flatMap(([library, api]): [string, Contenders[string]][] => [
    ...Object.entries(CALLS).map(([call, make]): [string, Contenders[string]] => [
      by(library, call),
      size => make(api, size),
    ]),
    ...Object.entries(EXPOSED).map(([kind, fill]): [string, Contenders[string]] => [
      by(library, metricsOf(kind)),
      () => exposing(api, fill),
    ]),
  ]),
)

/** Without labels, each is a metric of its own: one in a loop is an addition in a register to some compilers. */
function several<M>(size: number, make: (name: string) => M): M[] {
  return Array.from({ length: size }, (_, n) => make(`m${n}_total`))
}

function batches(size: number, call: (n: number) => void): Contender {
  return {
    calls: size * TURNS,
    batch: () => {
      for (let turn = 0; turn < TURNS; turn++) for (let n = 0; n < size; n++) call(n)
    },
  }
}

/** One call is one series; the text is flat when it is done, as it must be to be sent. */
function exposing(api: Api, fill: (api: Api, registry: PromClient.Registry) => void): Contender {
  const registry = new api.Registry()
  fill(api, registry)
  return {
    calls: SERIES,
    round: async milliseconds => {
      const times: number[] = []
      let bytes = 0
      const end = performance.now() + milliseconds
      do {
        const begin = process.hrtime.bigint()
        bytes = Buffer.byteLength(await registry.metrics())
        times.push(Number(process.hrtime.bigint() - begin))
      } while (performance.now() < end)
      return { times, bytes }
    },
  }
}
