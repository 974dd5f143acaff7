import { Endpoint } from '../../../src/cli/top/look/endpoint.js'
import { Model } from '../../../src/cli/top/look/model.js'
import { layout } from '../../../src/cli/top/view/layout.js'
import { ViewState } from '../../../src/cli/top/view/state.js'
import { answerQuestions } from '../../harness/child.js'

export type Way = 'whole' | 'gzip' | 'opened' | 'some'

export interface Watched {
  /** Of the last look: lines, and bytes unpacked. */
  readonly samples: number
  readonly bytes: number
  /** Processor time for a look and what is drawn of it, in ms. */
  readonly cpu: number
  /** Bytes held for what is known of series. */
  readonly held: number
}

/** Looks as `postmeter top` does, on a screen of 120 x 40. Run as `program.js URL WAY LOOKS`. */
const [url, way, looks] = process.argv.slice(2) as [string, Way, string]
/** What is asked for where an endpoint can be asked for families. */
const SOME = ['level_0', 'duration_0_seconds']
const OPENED = 'level_0'
/** Looks before those that count: the code is compiled then, and series are known. */
const FIRST = 5

answerQuestions<unknown>('ready', async (): Promise<Watched> => {
  const model = new Model()
  // By its name a host is near or far: the far one is asked for gzip.
  const address = way === 'gzip' ? url.replace('127.0.0.1', '0.0.0.0') : url
  const endpoint = new Endpoint(
    address,
    { timeout: 60_000, headers: {}, now: () => performance.now() },
    model,
  )
  if (way === 'opened') model.openByName(OPENED)
  const state = new ViewState(model, undefined, undefined)
  let cpu = process.cpuUsage()
  let bytes = 0
  const count = Number(looks)
  for (let n = 0; n < FIRST + count; n++) {
    if (n === FIRST) cpu = process.cpuUsage()
    const looked = await endpoint.look(way === 'some' && n > 0 ? SOME : [])
    bytes = looked.bytes
    state.looked()
    const status = { ...looked, source: url, age: 0, failure: undefined }
    layout(state, status, { width: 120, height: 40 }, false)
  }
  const { user, system } = process.cpuUsage(cpu)
  return { samples: model.samples, bytes, cpu: (user + system) / 1000 / count, held: model.store.bytes }
})
