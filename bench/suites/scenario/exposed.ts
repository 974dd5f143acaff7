import { DELIVERED, MESSAGES, queueOf, queuesOf, SECONDS, SERVICES, type Shape } from './shape.js'

/** What a scrape exposed. */
export interface Exposed {
  /** By thread and id; NaN where there was no such series. */
  readonly queues: readonly Float64Array[]
  readonly services: Float64Array
  readonly observed: Float64Array
  /** Series by queue, whether they should be there or not. */
  readonly series: number
}

const SAMPLE = /^([a-z_]+)\{(queue|service)="([^"]*)"\} (\S+)$/

/** @throws where a line is none of the scenario's, or comes twice: then the books are about something else. */
export function parse(body: string, shape: Shape): Exposed {
  const queues = Array.from({ length: shape.threads }, () =>
    new Float64Array(queuesOf(shape)).fill(Number.NaN),
  )
  const services = new Float64Array(SERVICES.length).fill(Number.NaN)
  const observed = new Float64Array(SERVICES.length).fill(Number.NaN)
  let series = 0
  const put = (cells: Float64Array | undefined, at: number, value: string, line: string) => {
    if (cells === undefined || !(at >= 0 && at < cells.length))
      throw new Error(`exposed, but never made: ${line}`)
    if (!Number.isNaN(cells[at])) throw new Error(`exposed twice: ${line}`)
    cells[at] = Number(value)
  }
  for (const line of body.split('\n')) {
    const [, name, , label, value] = SAMPLE.exec(line) ?? []
    if (name === undefined) continue
    if (name === DELIVERED) {
      const [thread, id] = queueOf(label!) ?? [-1, -1]
      put(queues[thread], id, value!, line)
      series++
    } else if (name === MESSAGES) put(services, SERVICES.indexOf(label!), value!, line)
    else if (name === `${SECONDS}_count`) put(observed, SERVICES.indexOf(label!), value!, line)
  }
  return { queues, services, observed, series }
}
