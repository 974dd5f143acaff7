/**
 * The floor: what somebody might write by hand for this one program. Each producer adds to a shared array, and the main
 * thread writes it out as text. It cannot do anything else, but it loses nothing, and so proves the scenario's own books.
 */
import { type CommonHandle, makeCommonMemory, openCommonMemory } from '../../work/common-memory.js'
import { listenHttp } from './http-endpoint.js'
import type { Endpoint, Recorder } from './library.js'
import {
  BUCKETS,
  DELIVERED,
  HELP,
  MESSAGES,
  queueName,
  queuesOf,
  SECONDS,
  SERVICES,
  type Shape,
} from './shape.js'

/** A queue that is not there. */
const ABSENT = -1
/** Buckets, the last without a bound, and the sum. */
const WIDTH = BUCKETS.length + 2

/** One producer's. */
interface Cells {
  readonly queues: Float64Array
  readonly services: Float64Array
  readonly seconds: Float64Array
}

const floatsOf = (shape: Shape) => queuesOf(shape) + SERVICES.length * (1 + WIDTH)
const bytesOf = (shape: Shape) => 8 * shape.threads * floatsOf(shape)

function cellsIn(buffer: SharedArrayBuffer, shape: Shape, thread: number): Cells {
  const floats = new Float64Array(buffer, 8 * thread * floatsOf(shape), floatsOf(shape))
  const services = queuesOf(shape) + SERVICES.length
  return {
    queues: floats.subarray(0, queuesOf(shape)),
    services: floats.subarray(queuesOf(shape), services),
    seconds: floats.subarray(services),
  }
}

export function open(shape: Shape): Endpoint {
  const { buffer, handle } = makeCommonMemory(shape.form, bytesOf(shape))
  const threads = Array.from({ length: shape.threads }, (_, thread) => cellsIn(buffer, shape, thread))
  for (const { queues } of threads) queues.fill(ABSENT)
  const names = threads.map((_, thread) =>
    Array.from({ length: queuesOf(shape) }, (_, id) => `${DELIVERED}{queue="${queueName(thread, id)}"} `),
  )

  function exposition(): string {
    let text = head(DELIVERED, 'counter')
    for (const [thread, { queues }] of threads.entries()) {
      for (let id = 0; id < queues.length; id++) {
        if (queues[id] !== ABSENT) text += `${names[thread]![id]}${queues[id]}\n`
      }
    }
    text += head(MESSAGES, 'counter')
    for (const [at, service] of SERVICES.entries()) {
      text += `${MESSAGES}{service="${service}"} ${sum(({ services }) => services[at]!)}\n`
    }
    text += head(SECONDS, 'histogram')
    for (const [at, service] of SERVICES.entries()) {
      let count = 0
      for (const [n, bound] of [...BUCKETS, '+Inf'].entries()) {
        count += sum(({ seconds }) => seconds[at * WIDTH + n]!)
        text += `${SECONDS}_bucket{service="${service}",le="${bound}"} ${count}\n`
      }
      text += `${SECONDS}_sum{service="${service}"} ${sum(({ seconds }) => seconds[at * WIDTH + WIDTH - 1]!)}\n`
      text += `${SECONDS}_count{service="${service}"} ${count}\n`
    }
    return text
  }
  const sum = (of: (cells: Cells) => number) => threads.reduce((all, cells) => all + of(cells), 0)
  const head = (name: keyof typeof HELP, type: string) =>
    `# HELP ${name} ${HELP[name]}\n# TYPE ${name} ${type}\n`
  return {
    gives: handle,
    listen: () => listenHttp('text/plain; version=0.0.4; charset=utf-8', exposition),
  }
}

export function recorder(thread: number, shape: Shape, given: unknown): Recorder {
  const buffer = openCommonMemory(given as CommonHandle, bytesOf(shape))
  const { queues, services, seconds } = cellsIn(buffer, shape, thread)
  const ids = new Map<string, number>()
  return {
    queue: (id, name) => {
      ids.set(name, id)
      queues[id] = 0
      return { inc: () => queues[id]!++ }
    },
    remove: name => {
      queues[ids.get(name)!] = ABSENT
      ids.delete(name)
    },
    service: at => ({ inc: () => services[at]!++ }),
    seconds: at => ({
      observe: value => {
        let bucket = 0
        while (bucket < BUCKETS.length && value > BUCKETS[bucket]!) bucket++
        seconds[at * WIDTH + bucket]!++
        seconds[at * WIDTH + WIDTH - 1]! += value
      },
    }),
  }
}
