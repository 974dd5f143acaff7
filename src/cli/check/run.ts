/** `postmeter check`: one look, or one after another. */
import { setTimeout as sleep } from 'node:timers/promises'
import { EXITS, type Exit, SourceFailure } from '../source/exits.js'
import type { FetchOptions } from '../source/fetch.js'
import { type Source, sourceOf } from '../source/source.js'
import { type Before, type LookOptions, look, worse } from './look.js'
import { asJson, asText, failureAsJson } from './report.js'
import { Series } from './series.js'

export interface CheckOptions extends LookOptions, FetchOptions {
  readonly json: boolean
  /** Milliseconds from look to look; undefined for one look. */
  readonly watch: number | undefined
}

export interface Output {
  out(text: string): void
  err(text: string): void
}

/** Gives the code to end with. `stopped` ends a watch, between two looks or within one. */
export async function check(
  given: string | undefined,
  options: CheckOptions,
  { out, err }: Output,
  stopped: AbortSignal,
): Promise<number> {
  const source = sourceOf(given, options)
  if (options.watch !== undefined && !source.again)
    throw new SourceFailure('usage', '--watch needs an endpoint or a file: what is piped in is there once')
  const before: Before = { series: new Series(options.watch !== undefined), startTime: 0, looks: 0 }
  let worst: Exit = 'fine'
  let gone = false
  const ended = aborted(stopped)
  while (!stopped.aborted) {
    const began = performance.now()
    const exit = await Promise.race([once(), ended])
    if (exit === undefined) break
    worst = worse(worst, exit)
    if (options.watch === undefined) break
    const rest = options.watch - (performance.now() - began)
    await sleep(Math.max(0, rest), undefined, { signal: stopped }).catch(() => {})
  }
  return EXITS[worst][0]

  async function once(): Promise<Exit> {
    const began = performance.now()
    try {
      const seen = await look(source, options, before)
      if (stopped.aborted) return seen.exit
      const reported = { source: source.shown, took: performance.now() - began }
      if (gone) err(`${source.shown} is back\n`)
      gone = false
      out(options.json ? asJson(seen, reported) : asText(seen, reported))
      return seen.exit
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error
      if (options.json) out(failureAsJson(error.exit, error.message, source.shown))
      // Of an endpoint that stays away, once.
      if (!gone) err(`${error.message}${said(source, options)}\n`)
      gone = options.watch !== undefined
      return error.exit
    }
  }
}

function said({ shown }: Source, { watch }: CheckOptions): string {
  return watch === undefined ? '' : `; ${shown} is looked at again every ${watch / 1000} s`
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
