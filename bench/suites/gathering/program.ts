import { answerQuestions } from '../../harness/child.js'
import { startMember } from '../../harness/member.js'
import { type LibraryName, load } from '../scenario/library.js'
import type { Shape } from '../scenario/shape.js'
import type { GatheringData } from './worker.js'

/** What the program says of itself. */
export interface Gathering {
  readonly url: string
  /** Of those that record, where they are processes. */
  readonly pids: readonly number[]
}

// Run as `program.js LIBRARY SHAPE`.
const [, , name, json] = process.argv as [string, string, LibraryName, string]
const shape: Shape = JSON.parse(json)
const endpoint = await (await load(name, shape.form)).open(shape)
const pids: number[] = []
for (let thread = 0; thread < shape.threads; thread++) {
  const data: GatheringData = { name, shape, given: endpoint.gives }
  const member = startMember(shape.form, new URL('./worker.js', import.meta.url), data)
  if (member.worker !== undefined) endpoint.watch?.(member.worker)
  if (member.pid !== undefined) pids.push(member.pid)
  await member.says('ready')
}
answerQuestions({ url: await endpoint.listen(), pids } satisfies Gathering, () => true)
