/** Options of the sample programs, checked. */

/** A mistake on the command line. */
export class UsageError extends Error {}

export function bad(name: string, value: unknown, why: string): UsageError {
  return new UsageError(`--${name} ${JSON.stringify(value)} ${why}`)
}

/** Reads numbers of what was given, by option. @throws UsageError */
export function numbersOf(values: Readonly<Record<string, unknown>>) {
  return (name: string, fallback: number, min: number, max: number, whole = true): number => {
    const text = values[name]
    if (typeof text !== 'string') return fallback
    const value = Number(text)
    if (text.trim() === '' || !(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      throw bad(name, text, `is not a ${whole ? 'whole ' : ''}number from ${min} to ${max}`)
    }
    return value
  }
}

/** @throws UsageError */
export function addressOf(name: string, text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw bad(name, text, 'is not HOST:PORT with a port from 0 to 65535')
  return { host: (match[1] ?? match[2])!, port }
}

/** Says what is wrong, on stderr. Returns the exit code. */
export function complain(message: string, code = 2): number {
  process.stderr.write(`error: ${message}\n(--help lists the options)\n`)
  return code
}
