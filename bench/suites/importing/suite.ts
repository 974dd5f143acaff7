import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Report } from '../../report/model.js'
import type { Effort } from '../effort.js'
import type { Attached } from './attaching.js'
import type { Imported } from './program.js'
import type { ImportedName } from './worker.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const ATTACHING = new URL('./attaching.js', import.meta.url)
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
  const attached = await attaching(rounds * workers)
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
      ...(typeof attached === 'string'
        ? []
        : [
            {
              what: 'a process that attaches to a shared registry, on top of importing postmeter and koffi',
              unit: ' ms',
              measured: attached.attach,
            },
          ]),
    ],
    notes: [
      typeof attached === 'string'
        ? `attaching is not measured: ${attached}`
        : `a process that attaches: ${attached.import.toFixed(1)} ms for importing postmeter, ${attached.native.toFixed(1)} ms for koffi, ${attached.attach.toFixed(1)} ms for getRegistry(), which is to take 5 ms at most where nothing else runs; medians of ${rounds * workers} processes`,
      'processor time and memory are those of the whole Worker, which costs what `bare` does without a library',
    ],
  }
}

/** Medians of processes that attach, one after the other; or why none can. */
async function attaching(processes: number): Promise<Attached | string> {
  const [child, why] = await Child.start<string>(ATTACHING, [])
  try {
    if (why !== 'ready') return why
    const all: Attached[] = []
    // The first finds files that no cache has yet.
    for (let n = -1; n < processes; n++) {
      const one = await child.ask<Attached>('attach')
      if (n >= 0) all.push(one)
    }
    const of = (measure: keyof Attached) => median(all.map(one => one[measure]))
    return { import: of('import'), native: of('native'), attach: of('attach') }
  } finally {
    await child.stop()
  }
}
