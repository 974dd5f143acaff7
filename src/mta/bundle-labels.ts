import { isNamed, show, typeError } from '../common/errors.js'

/** The values that a label may have, where the program has listed them. */
export type Known = Readonly<Record<'provider' | 'source' | 'pool', ReadonlySet<string> | undefined>>

const LISTS = { provider: 'providers', source: 'sources', pool: 'pools' } as const

/**
 * Checks the labels of a bundle where it is declared: what mail flows through must not throw.
 *
 * @throws TypeError naming the label that is not known, missing, no text, empty, or not listed.
 */
export function checkLabels(
  call: string,
  given: unknown,
  required: readonly string[],
  optional: readonly string[],
  known: Known,
): void {
  if (!isNamed(given)) throw badLabels(`${call}: ${show(given)} is no object of labels`)
  const names = [...required, ...optional]
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw badLabels(`${call}: label ${show(name)} is not known; there are ${names.join(', ')}`)
    }
  }
  for (const name of names) {
    const value = given[name]
    if (value === undefined && optional.includes(name)) continue
    if (typeof value !== 'string') throw badLabels(`${call}: label "${name}": ${show(value)} is no text`)
    if (value === '') throw badLabels(`${call}: label "${name}" is empty`)
    const list = Object.hasOwn(LISTS, name) ? (name as keyof Known) : undefined
    const values = list && known[list]
    if (list === undefined || values === undefined || values.has(value)) continue
    const among = `is not among option "${LISTS[list]}" of mtaMetrics (${[...values].map(show).join(', ')})`
    throw badLabels(`${call}: label "${name}": ${show(value)} ${among}`)
  }
}

function badLabels(message: string): TypeError {
  return typeError('ERR_POSTMETER_LABEL', message)
}

/** As checkLabels, of a service that would be counted twice in one metric. */
export function checkApart(call: string, service: string, protocol: string | undefined): void {
  if (service === protocol) {
    throw badLabels(
      `${call}: label "protocol": ${show(protocol)} is the service itself, and would count twice`,
    )
  }
}
