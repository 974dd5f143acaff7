import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import type { Imported } from './program.js'
import type { ImportedName } from './worker.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const NAMES: readonly ImportedName[] = ['bare', 'postmeter', 'prom-client', '@prometheus-io/client']
type Measure = 'import' | 'processor' | 'resident'

/** What a Worker waits and takes until it has imported a library and recorded once. */
export async function importing(effort: Effort): Promise<Report> {
  const { rounds, workers } = effort.importing
  const found = new Map<ImportedName, Record<Measure, number[]>>(
    NAMES.map(name => [name, { import: [], processor: [], resident: [] }]),
  )
  for (let round = 0; round < rounds; round++) {
    for (const name of NAMES) {
      const [child] = await Child.start<string>(PROGRAM, [name])
      try {
        const measured = await child.ask<Imported>({ workers })
        const of = found.get(name)!
        of.import.push(median(measured.import))
        of.processor.push(median(measured.processor))
        of.resident.push(measured.resident)
      } finally {
        await child.stop()
      }
    }
  }
  const of = (name: ImportedName, measure: Measure) => median(found.get(name)![measure])
  const ratio = (measure: Measure) => of('postmeter', measure) / of('prom-client', measure)
  return {
    suite: 'importing',
    what: `a Worker that imports a library and records once; medians of ${workers} Workers in ${rounds} processes`,
    columns: ['', 'import and record ms', 'processor ms', 'resident MiB'],
    rows: NAMES.map(name => [name, of(name, 'import'), of(name, 'processor'), of(name, 'resident')]),
    figures: [
      {
        what: 'import and first record, to prom-client',
        wanted: { atMost: 1 },
        unit: ' x',
        measured: ratio('import'),
      },
      {
        what: "processor time of a Worker, to prom-client's",
        wanted: { atMost: 1.2 },
        unit: ' x',
        measured: ratio('processor'),
      },
      {
        what: "resident memory of a Worker, to prom-client's",
        wanted: { atMost: 1 },
        unit: ' x',
        measured: ratio('resident'),
      },
    ],
    notes: [
      'processor time and memory are those of the whole Worker, which costs what `bare` does without a library',
    ],
  }
}
