import { membership } from '../../harness/member.js'
import { type LibraryName, load } from '../scenario/library.js'
import { queueName, type Shape } from '../scenario/shape.js'

export interface GatheringData {
  readonly name: LibraryName
  readonly shape: Shape
  readonly given: unknown
}

const { data, tell, listen } = membership<GatheringData>()
const { name, shape, given } = data
// As the first one's: all record into the same series, which are to be added up.
const recorder = await (await load(name, shape.form)).recorder(0, shape, given)
for (let id = 0; id < shape.series; id++) recorder.queue(id, queueName(0, id)).inc()
recorder.flush?.()
// It answers from here on: some libraries ask each one at each scrape.
listen(() => {})
await tell('ready')
