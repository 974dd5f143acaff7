/** Results of checks, as plugins leave them in Haraka's result store. */
import type { Connection, Result, Transaction } from './haraka.js'
import type { OwnMetrics } from './own-metrics.js'

// What may be a label; all else comes from other servers and is `other`.
const SPF = ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror']
const RSPAMD = ['no action', 'greylist', 'add header', 'rewrite subject', 'soft reject', 'reject']

type Count = (scope: string, result: string, times?: number) => void

export class Checks {
  readonly #own: OwnMetrics
  #plugins: readonly string[]

  constructor(own: OwnMetrics, plugins: readonly string[]) {
    this.#own = own
    this.#plugins = plugins
  }

  set plugins(names: readonly string[]) {
    this.#plugins = names
  }

  /** What was found out about the client, when it leaves. */
  ofConnection({ results }: Connection): void {
    for (const check of this.#plugins) this.#count(check, results?.get(check))
  }

  /** What was found out about a message, when its transaction ends. */
  ofTransaction({ results, notes }: Transaction): void {
    for (const check of this.#plugins) this.#count(check, results?.get(check), notes)
  }

  #count(check: string, result: Result | undefined, notes: Transaction['notes'] = {}): void {
    if (result === undefined) return
    const count: Count = (scope, result, times = 1) => {
      if (times > 0) this.#own.checks.inc({ check, scope, result }, times)
    }
    if (check === 'spf') spf(result, count)
    else if (check === 'dns-list') dnsList(result, count)
    else if (check === 'dkim') dkim(result, notes, count)
    else if (check === 'rspamd') rspamd(result, count)
    else anyOther(result, count)
  }
}

function lengthOf(list: readonly unknown[] | undefined): number {
  return Array.isArray(list) ? list.length : 0
}

/** One for each connection or transaction: the first of these that the plugin has said. */
function anyOther(found: Result, count: Count): void {
  if (lengthOf(found.fail) > 0) count('', 'fail')
  else if (lengthOf(found.pass) > 0) count('', 'pass')
  else without(found, count)
}

/** No result: the check was left out, or failed. */
function without({ skip, err }: Result, count: Count, skipped = 'skip'): void {
  if (lengthOf(err) > 0) count('', 'error')
  else if (lengthOf(skip) > 0) count('', skipped)
}

/** The connection has that of HELO, each transaction that of MAIL FROM. */
function spf(found: Result, count: Count): void {
  const { scope, result } = found
  if (typeof result === 'string') {
    const named = result.toLowerCase()
    count(scope === 'helo' || scope === 'mfrom' ? scope : '', SPF.includes(named) ? named : 'other')
  } else without(found, count)
}

/** Zones are those of the plugin's config. */
function dnsList(found: Result, count: Count): void {
  for (const zone of found.fail ?? []) count(`${zone}`, 'fail')
  for (const zone of found.pass ?? []) count(`${zone}`, 'pass')
  if (lengthOf(found.fail) + lengthOf(found.pass) === 0) without(found, count)
}

/** One for each signature that was verified, and for one that the plugin made. */
function dkim(found: Result, notes: NonNullable<Transaction['notes']>, count: Count): void {
  const signed = notes.dkim_signed === true ? 1 : 0
  const [pass, fail] = [lengthOf(found.pass) - signed, lengthOf(found.fail)]
  count('', 'signed', signed)
  count('', 'pass', pass)
  count('', 'fail', fail)
  if (signed + pass + fail === 0) without(found, count, 'none')
}

function rspamd(found: Result, count: Count): void {
  const { action } = found
  if (typeof action === 'string') count('', RSPAMD.includes(action) ? action : 'other')
  else without(found, count)
}
