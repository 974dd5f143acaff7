import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { needGoMetrics } from '../../../scripts/need-go-metrics.js'
import type { Contender, Contenders, Round } from '../../harness/contender.js'
import { contenders as encoding, own } from '../encoding/contenders.js'
import { contenders as recording } from '../recording/contenders.js'
import { contenderName, contenders as threads } from '../threads/contenders.js'

export const LIBRARIES = ['client_golang', 'VictoriaMetrics/metrics'] as const
const TWO_THREADS = 'counter in two threads'
export const RECORDING = ['counter', TWO_THREADS, 'look-up', 'histogram', 'native histogram'] as const
export const ENCODING = 'encoding'
/** What a library has nothing for. */
export const ABSENT: readonly string[] = ['VictoriaMetrics/metrics histogram']

export const contenders: Contenders = {
  'plain objects': recording['plain objects']!,
  'postmeter counter': recording['postmeter counter']!,
  [`postmeter ${TWO_THREADS}`]: threads[contenderName('counter, same series', 2)]!,
  'postmeter look-up': recording['postmeter labels().inc()']!,
  'postmeter histogram': recording['postmeter histogram']!,
  'postmeter native histogram': recording['postmeter native histogram']!,
  'postmeter encoding': encoding[own('counters', 'text')]!,
  ...Object.fromEntries(
    LIBRARIES.flatMap(library =>
      [...RECORDING, ENCODING].map(work => [
        `${library} ${work}`,
        (size: number) => inGo(library, work, size),
      ]),
    ),
  ),
}

/** A process of Go's, which measures itself: a message between two processes takes longer than a call. */
async function inGo(library: string, work: string, size: number): Promise<Contender> {
  const { program } = await needGoMetrics()
  const child = spawn(program, [library, work, String(size)], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.once('exit', code => {
    throw new Error(`${program} ${library} ${work}: ended (${code})`)
  })
  const lines = createInterface({ input: child.stdout })
  const answer = async <T>(): Promise<T> => JSON.parse((await once(lines, 'line'))[0] as string) as T
  const { calls } = await answer<{ calls: number }>()
  return {
    calls,
    round: milliseconds => {
      child.stdin.write(`${milliseconds}\n`)
      return answer<Round>()
    },
  }
}
