import { Child } from '../../harness/child.js'
import type { Form } from '../../harness/member.js'
import { childrenOf, cpuTime, hasProc, peakResident, proportional, resident } from '../../harness/proc.js'
import { absoluteBars } from '../../report/curves.js'
import type { Figure, Report } from '../../report/model.js'
import { whyNoCommonMemory } from '../../work/common-memory.js'
import { servedBy } from '../../work/served.js'
import type { Effort } from '../effort.js'
import type { ClientQuestion, Last, Scraped } from './client.js'
import { type LibraryName, namesOf } from './library.js'
import type { Books, ProgramQuestion } from './program.js'
import { type Reckoning, reckon } from './reckon.js'
import { comingOf, RECORDINGS, type Shape } from './shape.js'
import { type Stalls, StallWatch } from './stalls.js'

const PROGRAM = new URL('./program.js', import.meta.url)
const CLIENT = new URL('./client.js', import.meta.url)

interface Outcome extends Reckoning {
  readonly form: Form
  readonly library: LibraryName
  /** In the table. */
  readonly name: string
  readonly scraped: Scraped
  readonly last: Last
  readonly stalls: Stalls
  /** The same of this process, which does nothing meanwhile: what the machine itself does. */
  readonly idle: Stalls
  /** Processor time that it took, seconds, from the first scrape to the last. Of all its processes, as memory is. */
  readonly processor: number
  readonly resident: number
  readonly peak: number
}

const FLOOR: LibraryName = 'shared array'

/** What a library cannot do, or does with a sting. */
type Cannot = Readonly<Partial<Record<LibraryName, readonly string[]>>>
const CANNOT_THREADS: Cannot = {
  'prom-client': [
    'adds up processes of a cluster, not Workers: the messages were written by hand after its cluster module, timeout of 5 s and all; what a thread that dies has counted dies with it',
  ],
  '@prometheus-io/client': [
    'goes on waiting, 5 s each time, for a Worker that was killed before it could call shutdown(); there is no call to forget it',
  ],
  '@opentelemetry': [
    'has no sums over threads: the producers send their recordings to the main thread, which records them, and what was not yet sent dies with a thread; it cannot remove a series, and exposes at most 2,000 label sets of a metric unless a view says otherwise (here one does)',
  ],
  [FLOOR]: [
    'is the floor: one array, written by hand for this program, written out as text by the main thread',
  ],
}
const CANNOT: Readonly<Record<Form, Cannot>> = {
  threads: CANNOT_THREADS,
  processes: {
    'prom-client': [
      'asks each process at each scrape: one that is stopped fails it after 5 s; what a process that dies has counted dies with it',
    ],
    '@prometheus-io/client': [
      'asks each process at each scrape, too; it keeps what a process has counted that calls shutdown() before it ends, which one that is killed cannot',
    ],
  },
}

/** An MTA's day in a minute, lived through by each library in a program of its own, of threads and of processes. */
export async function scenario(effort: Effort): Promise<Report> {
  const why = whyNoCommonMemory()
  const forms: readonly Form[] = why === undefined ? ['threads', 'processes'] : ['threads']
  const shape = shapeOf('threads', effort)
  const outcomes: Outcome[] = []
  for (const form of forms)
    for (const name of namesOf(form)) outcomes.push(await live(name, shapeOf(form, effort)))
  const { threads, series, seconds, rate, every, block, kill, seed } = shape
  const perSecond = (rate * RECORDINGS).toLocaleString('en')
  return {
    suite: 'scenario',
    served: servedBy(),
    what: `${threads} threads, then as many processes, that record ${perSecond} times a second each for ${seconds} s, ${series.toLocaleString('en')} series, ${comingOf(shape) * threads} of them replaced, a scrape each ${every} ms; one blocked (a process: stopped) for ${block.seconds} s, one killed after ${kill.at} s`,
    columns: [
      '',
      'lost',
      'recorded',
      'pace %',
      'failed',
      'made',
      'missed',
      'fell',
      'p50 ms',
      'p99 ms',
      'stall ms',
      'p99 ms',
      'CPU s',
      'end MiB',
      'peak MiB',
      'series',
    ],
    rows: outcomes.map(({ name, scraped, stalls, last, ...rest }) => [
      name,
      rest.lost,
      rest.recorded,
      rest.pace * 100,
      scraped.failures + (last.why === undefined ? 0 : 1),
      scraped.made + 1,
      scraped.missed,
      scraped.fell,
      scraped.p50,
      scraped.p99,
      stalls.longest,
      stalls.p99,
      rest.processor,
      rest.resident,
      rest.peak,
      last.exposed?.series ?? 0,
    ]),
    figures: outcomes.filter(({ library }) => library === 'postmeter').flatMap(figuresOf),
    bars: [
      absoluteBars(
        'counts lost',
        'counts',
        outcomes.map(({ name, lost }) => [name, lost]),
      ),
      absoluteBars(
        'scrapes, 99th percentile',
        'ms from when they were due',
        outcomes.map(({ name, scraped }) => [name, scraped.p99]),
      ),
      absoluteBars(
        "main thread's longest stall",
        'ms',
        outcomes.map(({ name, stalls }) => [name, stalls.longest]),
      ),
    ],
    notes: [
      `seed ${seed} (POSTMETER_SEED); the reader takes one scrape at a time and waits for ${shape.patience / 1000} s at most; those that were due meanwhile are missed, and their wait is in the percentiles`,
      'lost: counts recorded in a series that was not removed, but not exposed by the last scrape that succeeded; pace: what the threads that lived recorded, of what they were to',
      'failed, made, missed: scrapes; fell: how often counters were lower than in the scrape before, which readers take for a restart; p50, p99: of scrapes, from when they were due',
      'stall, p99: of the main thread’s event loop, the longest, and of a timer each 5 ms; CPU: processor time of all its threads, and processes; end, peak: resident memory (of processes: each page in part, by how many have it); without the process that was killed; series: of queues, exposed at the end',
      `an idle process meanwhile, longest stall and p99, ms: ${outcomes.map(({ name, idle }) => `${name} ${idle.longest.toFixed(1)}, ${idle.p99.toFixed(1)}`).join('; ')}`,
      ...outcomes.flatMap(notesOf),
      ...(why === undefined ? [] : [`not tried in processes: ${why}`]),
    ],
  }
}

function figuresOf({ name, lost, scraped, last }: Outcome): Figure[] {
  return [
    {
      what: `scenario: counts that ${name} lost`,
      wanted: { atMost: 0 },
      unit: ' counts',
      measured: lost,
    },
    {
      what: `scenario: scrapes of ${name} that failed`,
      wanted: { atMost: 0 },
      unit: ' scrapes',
      measured: scraped.failures + (last.why === undefined ? 0 : 1),
    },
  ]
}

function shapeOf(form: Form, { scenario: { series, seconds, blocked, every } }: Effort): Shape {
  return {
    form,
    seed: Number(process.env.POSTMETER_SEED ?? 42),
    threads: 4,
    series,
    churn: 0.05,
    seconds,
    // Three recordings each: 20,000 in a second.
    rate: 6_667,
    every,
    // Prometheus' default.
    patience: 10_000,
    block: { thread: 1, at: seconds / 4, seconds: blocked },
    kill: { thread: 2, at: seconds / 2 },
  }
}

async function live(library: LibraryName, shape: Shape): Promise<Outcome> {
  const { form } = shape
  const name = form === 'threads' ? library : `${library} in processes`
  const [program, url] = await Child.start<string>(PROGRAM, [library, JSON.stringify(shape)])
  const children = [program]
  try {
    const [client] = await Child.start<string>(CLIENT, [])
    children.push(client)
    const idle = new StallWatch()
    idle.begin()
    const all = () => [program.pid, ...childrenOf(program.pid)]
    const used = () => new Map(hasProc ? all().map(pid => [pid, cpuTime(pid)]) : [])
    const before = used()
    const [, scraped] = await Promise.all([
      program.ask('go' satisfies ProgramQuestion),
      client.ask<Scraped>({ scrape: url, shape } satisfies ClientQuestion),
    ])
    const last = await client.ask<Last>({ last: url, shape } satisfies ClientQuestion)
    const books = await program.ask<Books>('books' satisfies ProgramQuestion)
    const idleStalls = idle.end()
    if (scraped.due !== scraped.made + scraped.missed || scraped.made < 1)
      throw new Error(`${name}: ${scraped.due} scrapes were due, ${scraped.made} were made`)
    const reckoning = reckon(shape, books, last.exposed)
    // It writes out the same cells that it adds to: what it loses, the books have wrong.
    if (library === FLOOR && last.why === undefined && reckoning.lost !== 0)
      throw new Error(`the scenario's own books are wrong: the floor lost ${reckoning.lost}`)
    const memory = form === 'threads' ? resident : proportional
    const sum = (of: Iterable<number>) => (hasProc ? [...of].reduce((all, one) => all + one, 0) : Number.NaN)
    return {
      form,
      library,
      name,
      scraped,
      last,
      stalls: books.stalls,
      idle: idleStalls,
      processor: sum([...used()].map(([pid, time]) => (time - (before.get(pid) ?? 0)) / 1000)),
      resident: sum(all().map(memory)),
      // There is no such figure of several processes at once.
      peak: hasProc && form === 'threads' ? peakResident(program.pid) : Number.NaN,
      ...reckoning,
    }
  } catch (error) {
    throw new Error(`scenario, ${name}`, { cause: error })
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}

function notesOf({ form, library, name, scraped, last, expected, missing, left, pace }: Outcome): string[] {
  const reasons = Object.entries(scraped.reasons).map(([reason, times]) => `${times} x ${reason}`)
  if (last.why !== undefined) reasons.push(`the last one: ${last.why}`)
  return [
    ...(CANNOT[form][library] ?? []),
    ...(reasons.length > 0 ? [`scrapes failed: ${reasons.join('; ')}`] : []),
    ...(missing > 0
      ? [`${missing} of ${expected} series that are there were not exposed by the last scrape`]
      : []),
    ...(left > 0 && last.why === undefined ? [`${left} series are exposed that were removed`] : []),
    ...(pace < 1 ? ['did not keep the pace, and had to be stopped'] : []),
  ].map(note => `${name}: ${note}`)
}
