import { setTimeout as wait } from 'node:timers/promises'
import { Child } from '../../harness/child.js'
import { hasProc, processorTime, resident } from '../../harness/proc.js'
import { median } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'
import type { FileInUse } from './file.js'
import type { Idle, IdleName } from './program.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const SHARED: IdleName = 'postmeter shared, http'
const NAMES: readonly IdleName[] = ['node:http', 'postmeter, http', 'postmeter, uws', SHARED]

/** What it costs a program that does nothing to have a registry and a front. */
export async function idle(effort: Effort): Promise<Report> {
  const { rounds, settle, seconds } = effort.idle
  const memory = new Map<IdleName, number[]>()
  const busy = new Map<IdleName, number[]>()
  let file: FileInUse | undefined
  for (let round = 0; hasProc && round < rounds; round++) {
    for (const name of NAMES) {
      const [child, said] = await Child.start<Idle>(PROGRAM, [name])
      try {
        if (!said.served) continue
        file ??= said.file
        // V8 collects garbage for some seconds after a start; what goes on after it is what is measured.
        await wait(settle * 1000)
        const before = processorTime(child.pid)
        await wait(seconds * 1000)
        add(busy, name, (processorTime(child.pid) - before) / seconds)
        add(memory, name, resident(child.pid))
      } finally {
        await child.stop()
      }
    }
  }
  const measured = NAMES.filter(name => memory.has(name))
  const more = (values: Map<IdleName, number[]>, name: IdleName) =>
    median(values.get(name)!) - median(values.get('node:http')!)
  const figures = measured.slice(1).flatMap((name): Figure[] => [
    {
      what: `${name}, resident memory more`,
      wanted: { atMost: 30 },
      unit: ' MiB',
      measured: more(memory, name),
    },
    // A program that does nothing is no reference for a time: its own is next to none.
    { what: `${name}, processor time more`, unit: ' ms/s', measured: more(busy, name) },
  ])
  if (file !== undefined)
    figures.push({
      what: 'file of an idle shared registry, to its tables and pages in use',
      wanted: { atMost: 1 },
      unit: ' x',
      measured: file.taken / file.used,
    })
  return {
    suite: 'idle',
    served: servedBy(),
    what: `a program that only adds createRegistry and serve to a server of node:http, over ${seconds} s`,
    columns: ['', 'resident MiB', 'CPU ms/s'],
    rows: measured.map(name => [name, median(memory.get(name)!), median(busy.get(name)!)]),
    figures,
    notes: [
      ...(hasProc ? [] : ['not measured: this system has no /proc']),
      ...(measured.includes('postmeter, uws') || !hasProc ? [] : ['uWebSockets.js does not run here']),
      ...(file === undefined
        ? []
        : [
            `the file that processes share takes ${(file.taken / 2 ** 20).toFixed(1)} MiB, which counts in the memory of each that has touched it`,
          ]),
      ...(measured.includes(SHARED) || !hasProc ? [] : ['a registry cannot be shared here']),
    ],
  }
}

function add(to: Map<IdleName, number[]>, name: IdleName, value: number): void {
  to.set(name, [...(to.get(name) ?? []), value])
}
