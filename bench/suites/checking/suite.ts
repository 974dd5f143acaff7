import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRegistry } from '../../../src/index.js'
import { Child } from '../../harness/child.js'
import { median } from '../../harness/statistics.js'
import type { Report } from '../../report/model.js'
import { fill, type Kind } from '../../work/expositions.js'
import type { Effort } from '../effort.js'
import type { Read, Reading } from './program.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const KINDS: readonly Kind[] = ['counters', 'histograms']
const READINGS: readonly Reading[] = ['check', 'readline']

/** What `postmeter check` takes for a file, beside reading it into lines. */
export async function checking(effort: Effort): Promise<Report> {
  const { size, rounds } = effort.checking
  const folder = await mkdtemp(join(tmpdir(), 'postmeter-bench-'))
  try {
    const rows: (string | number)[][] = []
    const ratios: number[] = []
    const held: number[] = []
    for (const kind of KINDS) {
      const file = join(folder, kind)
      await writeText(file, kind, size)
      const found = new Map<Reading, Read[]>(READINGS.map(reading => [reading, []]))
      // By turns, each time in a process of its own: the command compiles what it runs, too.
      for (let round = 0; round < rounds; round++)
        for (const reading of READINGS) {
          const [child] = await Child.start<string>(PROGRAM, [reading, file])
          try {
            found.get(reading)!.push(await child.ask<Read>('read'))
          } finally {
            await child.stop()
          }
        }
      const [ours, theirs] = READINGS.map(reading => median(found.get(reading)!.map(({ took }) => took)))
      const [one] = found.get('check')!
      const speed = (took: number) => one!.bytes / 1e6 / (took / 1000)
      rows.push([kind, one!.series, one!.bytes / 1e6, speed(ours!), speed(theirs!), one!.held / one!.series])
      ratios.push(ours! / theirs!)
      held.push(one!.held / one!.series)
    }
    return {
      suite: 'checking',
      what: `postmeter check of a file, beside reading it into lines; medians of ${rounds} processes`,
      columns: ['', 'series', 'MB', 'check MB/s', 'readline MB/s', 'bytes held for a series'],
      rows,
      figures: [
        ...KINDS.map((kind, n) => ({
          what: `check of ${kind}, to reading lines`,
          wanted: { atMost: 3 },
          unit: ' x' as const,
          measured: ratios[n]!,
        })),
        ...KINDS.map((kind, n) => ({
          what: `bytes held for a series of ${kind}`,
          wanted: { atMost: 64 },
          unit: ' B' as const,
          measured: held[n]!,
        })),
      ],
      notes: ['a line of text is a series; a histogram has one for each bucket, its sum and its count'],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeText(file: string, kind: Kind, size: number): Promise<void> {
  const registry = createRegistry({ name: `checking ${kind}`, memory: '1GiB' })
  fill(registry, kind, size)
  await writeFile(file, registry.stream())
  await registry.close()
}
