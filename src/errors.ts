/**
 * Mistakes in the program are thrown where they were made, with the option or label and the value named.
 * Wrong kinds of value are TypeErrors, values of the right kind out of range are RangeErrors.
 */

/** A value as an error message shows it: short, quoted, never throwing. */
export function show(value: unknown): string {
  let text: string
  if (typeof value === 'string') text = JSON.stringify(value)
  else if (typeof value === 'function') text = 'a function'
  else if (typeof value === 'bigint') text = `${value}n`
  else if (typeof value === 'object' && value !== null) {
    try {
      text = JSON.stringify(value) ?? 'an object'
    } catch {
      text = 'an object'
    }
  } else text = String(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

/** `option "listen": "x" is not an address` as a TypeError. */
export function badOption(option: string, value: unknown, why: string): TypeError {
  return new TypeError(`option "${option}": ${show(value)} ${why}`)
}

/** As badOption, for a value of the right kind that is out of range. */
export function outOfRange(option: string, value: unknown, why: string): RangeError {
  return new RangeError(`option "${option}": ${show(value)} ${why}`)
}

/** Refuses options that do not exist, so that a misspelt one is not silently without effect; and what has none. */
export function knownOptions(call: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${call}: options ${show(options)} are no object`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(`${call}: option "${key}" is not known; there are ${known.join(', ')}`)
    }
  }
}
