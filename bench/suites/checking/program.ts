import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Before, look } from '../../../src/cli/check/look.js'
import { Series } from '../../../src/cli/check/series.js'
import { sourceOf } from '../../../src/cli/source/source.js'
import { answerQuestions } from '../../harness/child.js'

export type Reading = 'check' | 'readline'

export interface Read {
  /** In ms. */
  readonly took: number
  readonly bytes: number
  readonly series: number
  /** Bytes that are held of series; 0 where nothing is. */
  readonly held: number
}

/** Reads a file, as `postmeter check` does, or only into lines. Run as `program.js READING FILE`. */
const [reading, file] = process.argv.slice(2) as [Reading, string]

answerQuestions<unknown>('ready', async (): Promise<Read> => {
  const began = performance.now()
  if (reading === 'readline') {
    let [bytes, series] = [0, 0]
    for await (const line of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      bytes += line.length + 1
      if (!line.startsWith('#')) series++
    }
    return { took: performance.now() - began, bytes, series, held: 0 }
  }
  const source = sourceOf(file, { format: undefined, timeout: 10_000, headers: {} })
  // With values, as --watch has them.
  const before: Before = { series: new Series(true), startTime: 0, looks: 0 }
  const { bytes, series, held, findings } = await look(
    source,
    { format: undefined, most: 100, top: 10 },
    before,
  )
  if (findings.errors > 0) throw new Error(findings.kept[0]!.message)
  return { took: performance.now() - began, bytes, series, held }
})
