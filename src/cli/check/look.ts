/** One look at a source: what it has, and what is wrong with it. */

import { EXITS, type Exit, SourceFailure } from '../source/exits.js'
import type { Format } from '../source/format.js'
import { contentType, formatByEnd, isTelling, refuseForeign } from '../source/sniff.js'
import type { Source } from '../source/source.js'
import { type Cardinality, cardinalities } from './cardinality.js'
import { Checker } from './checker.js'
import { Findings } from './findings.js'
import type { Series } from './series.js'

export interface LookOptions {
  readonly format: Format | undefined
  /** Of each code: how many are told. */
  readonly most: number
  /** Families whose labels are told. */
  readonly top: number
}

/** What an earlier look leaves to the next. */
export interface Before {
  readonly series: Series
  /** When the process said it was started; 0 if it did not. */
  startTime: number
  looks: number
}

export interface Look {
  readonly exit: Exit
  readonly format: Format
  readonly bytes: number
  readonly lines: number
  readonly series: number
  readonly families: number
  readonly findings: Findings
  readonly cardinality: readonly Cardinality[]
  /** What differs from the look before; undefined in the first. */
  readonly changes: Changes | undefined
  /** Bytes that it took for what it knew of series. */
  readonly held: number
}

export interface Changes {
  readonly appeared: number
  readonly vanished: number
  /** Counters that are lower than before. */
  readonly fell: number
  /** Whether the process was started anew, so that its counters begin at 0. */
  readonly restarted: boolean
}

/** So much of a file or pipe is held until its end shows what it is. */
const MOST_HEAD = 4 * 2 ** 20
const TAIL = 64

/** @throws SourceFailure where there is no exposition. */
export async function look(
  source: Source,
  { format, most, top }: LookOptions,
  before: Before,
): Promise<Look> {
  const findings = new Findings(most)
  const { chunks, endpoint } = await source.open()
  const type = endpoint === undefined ? undefined : contentType(endpoint.contentType)
  const said = format ?? type?.format
  let checker: Checker | undefined
  const head: Uint8Array[] = []
  let held = 0
  const begin = () => {
    const all = Buffer.concat(head)
    refuseForeign(all, endpoint?.contentType)
    before.series.begin()
    checker = new Checker(said ?? formatByEnd(all.subarray(-TAIL)), findings, before.series)
    checker.write(all)
    return checker
  }
  try {
    for await (const chunk of chunks) {
      if (checker !== undefined) {
        checker.write(chunk)
        continue
      }
      head.push(Uint8Array.from(chunk))
      held += chunk.length
      // What an endpoint sends is told by its type.
      if (held > MOST_HEAD || (said !== undefined && isTelling(Buffer.concat(head)))) begin()
    }
    checker ??= begin()
  } catch (error) {
    if (checker !== undefined) before.series.giveUp()
    throw error
  }
  if (type?.fault !== undefined) findings.add('content-type', 0, 0, undefined, () => type.fault!)
  checker.end()
  if (checker.understood === 0 && findings.errors > 0 && type !== undefined && type.format === undefined)
    throw new SourceFailure('foreign', `the body is no exposition: ${findings.kept[0]!.message}`)
  before.series.end()
  const changes = changesOf(checker, findings, before)
  before.looks++
  return {
    exit: findings.errors > 0 ? 'errors' : 'fine',
    format: checker.format,
    bytes: checker.bytes,
    lines: checker.line,
    series: before.series.size,
    families: checker.families.all.length,
    findings,
    cardinality: cardinalities(checker.families.all, top),
    changes,
    held: before.series.bytes + checker.samples.bytes,
  }
}

function changesOf({ samples }: Checker, findings: Findings, before: Before): Changes | undefined {
  const { appeared, vanished } = before.series
  const restarted = before.startTime > 0 && samples.startTime > before.startTime
  before.startTime = samples.startTime
  if (before.looks === 0) return undefined
  if (!restarted) {
    const told = samples.batch.falls
    for (let n = 0; n < samples.batch.fallen; n++) {
      const fall = told[n]
      findings.add('fell', fall?.line ?? 0, 0, fall?.family, () => {
        return `${fall!.series} fell from ${fall!.from} to ${fall!.to}, and the process says of no new start`
      })
    }
  }
  return { appeared, vanished, fell: samples.batch.fallen, restarted }
}

/** The greater one says more: whoever watches wants the worst. */
export function worse(a: Exit, b: Exit): Exit {
  return EXITS[a][0] >= EXITS[b][0] ? a : b
}
