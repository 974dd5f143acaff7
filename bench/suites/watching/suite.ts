import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import type { Watched, Way } from './program.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const SERVER = new URL('./server.js', import.meta.url)
/** What `postmeter top` waits from look to look unless it is told otherwise, in ms. */
const EVERY = 2000

const WAYS: Readonly<Record<Way, string>> = {
  whole: 'whole looks',
  gzip: 'whole looks, packed',
  opened: 'whole looks, a family of a tenth of the series opened',
  some: 'looks at two families of ten (name[])',
}

/** What share of a core `postmeter top` takes for a large endpoint. */
export async function watching(effort: Effort): Promise<Report> {
  const { size, looks, rounds } = effort.watching
  const [server, url] = await Child.start<string>(SERVER, [String(size)])
  const found = new Map<Way, Watched[]>()
  try {
    for (let round = 0; round < rounds; round++)
      for (const way of Object.keys(WAYS) as Way[]) {
        const [child] = await Child.start<string>(PROGRAM, [url, way, String(looks)])
        try {
          found.set(way, [...(found.get(way) ?? []), await child.ask<Watched>('watch')])
        } finally {
          await child.stop()
        }
      }
  } finally {
    await server.stop()
  }
  const rows = Array.from(found, ([way, all]) => {
    const cpu = median(all.map(one => one.cpu))
    const [{ samples, bytes, held }] = all as [Watched]
    return { way, cells: [WAYS[way], samples, bytes / 1e6, cpu, (100 * cpu) / EVERY, held / size], cpu }
  })
  return {
    suite: 'watching',
    what: `postmeter top of an endpoint of ${size} lines, each ${EVERY / 1000} s; medians of ${rounds} processes`,
    columns: ['', 'lines', 'MB', 'CPU ms a look', '% of a core', 'bytes held for a line'],
    rows: rows.map(({ cells }) => cells),
    figures: rows.map(({ way, cpu }) => ({
      what: `processor time, to that of a core: ${WAYS[way]}`,
      wanted: { atMost: 0.1 },
      unit: ' x' as const,
      measured: cpu / EVERY,
    })),
    notes: [
      'processor time of the whole process, with what comes over HTTP on loopback, and with what is laid out for the screen',
    ],
  }
}
