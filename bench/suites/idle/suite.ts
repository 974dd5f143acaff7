import { setTimeout as wait } from 'node:timers/promises'
import { Child } from '../../harness/child.js'
import { cpuTime, hasProc, resident } from '../../harness/proc.js'
import { median } from '../../harness/statistics.js'
import type { Figure, Report } from '../../report/model.js'
import type { Effort } from '../effort.js'

const PROGRAM = new URL('./program.js', import.meta.url)

/** What it costs a program that does nothing to have a registry and a front. */
export async function idle(effort: Effort): Promise<Report> {
  const { rounds, seconds } = effort.idle
  const programs = ['bare', 'postmeter']
  const memory = new Map<string, number[]>(programs.map(name => [name, []]))
  const busy = new Map<string, number[]>(programs.map(name => [name, []]))
  for (let round = 0; hasProc && round < rounds; round++) {
    for (const name of programs) {
      const [child] = await Child.start<string>(PROGRAM, [name])
      try {
        // Start-up work is over by then; what goes on after it is what is measured.
        await wait(1000)
        const before = cpuTime(child.pid)
        await wait(seconds * 1000)
        busy.get(name)!.push((cpuTime(child.pid) - before) / seconds)
        memory.get(name)!.push(resident(child.pid))
      } finally {
        await child.stop()
      }
    }
  }
  const more = (values: Map<string, number[]>) =>
    median(values.get('postmeter')!) - median(values.get('bare')!)
  const figures: Figure[] = [
    {
      what: 'idle program, resident memory more',
      wanted: { atMost: 40 },
      unit: ' MiB',
      measured: more(memory),
    },
    // A program that does nothing is no reference for a time: its own is next to none.
    {
      what: 'idle program, processor time more',
      unit: ' ms/s',
      measured: more(busy),
    },
  ]
  return {
    suite: 'idle',
    what: `a program that only adds createRegistry and serve, over ${seconds} s`,
    columns: ['', 'resident MiB', 'CPU ms/s'],
    rows: hasProc ? programs.map(name => [name, median(memory.get(name)!), median(busy.get(name)!)]) : [],
    figures: hasProc ? figures : [],
    notes: hasProc
      ? [`the kernel counts processor time in steps of 10 ms: ${10 / seconds} ms/s here`]
      : ['not measured: this system has no /proc'],
  }
}
