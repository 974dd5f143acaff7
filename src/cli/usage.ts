/** Command lines, and what is wrong with them. */
import { validateHeaderValue } from 'node:http'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Source } from '../front/outside.js'

/** A mistake in the command line. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>
export type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O; args: string[] }>>['values']

export const TEXT = { type: 'string' } as const
export const FLAG = { type: 'boolean' } as const

/** What the commands read that look at a registry. */
export const SOURCE_OPTIONS = { file: TEXT, pid: TEXT, name: TEXT } as const

/** @throws UsageError that names what is unknown. */
export function parse<O extends Options>(args: readonly string[], options: O): Values<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, strict: true }).values as Values<O>
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** The same, with words that belong to no option. @throws UsageError that names what is unknown. */
export function parsePlaced<O extends Options>(
  args: readonly string[],
  options: O,
): { values: Values<O>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    })
    return { values: values as Values<O>, positionals }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** @throws UsageError unless there is one of --file and --pid. */
export function sourceOf({ file, pid, name }: { file?: string; pid?: string; name?: string }): Source {
  if ((file === undefined) === (pid === undefined)) throw new UsageError('it needs one of --file and --pid')
  if (file !== undefined) {
    if (name !== undefined) throw new UsageError('--name goes with --pid: a file has one registry')
    return { file }
  }
  if (!/^[1-9]\d*$/.test(pid!)) throw new UsageError(`--pid ${pid} is no number of a process`)
  return { pid: Number(pid), name }
}

/** The parts of a list that commas separate. */
export function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').map(part => part.trim())
}

/** Milliseconds. @throws UsageError */
export function secondsOf(option: string, text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (!(seconds > 0 && seconds <= 86_400))
    throw new UsageError(`--${option} ${text} is no number of seconds up to 86400`)
  return seconds * 1000
}

/** @throws UsageError */
export function countOf(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--${option} ${text} is no number up to 999999`)
  return Number(text)
}

/** Headers that are sent along, by their names. @throws UsageError */
export function headersOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(given.map(headerOf))
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^`|~\w-]+):[ \t]*([^\r\n]*)$/.exec(text) ?? []
  // What is behind the name may be a password.
  if (name === undefined)
    throw new UsageError(`--header ${/^[\w-]*/.exec(text)![0]} is not written as Name: value`)
  try {
    validateHeaderValue(name, value!)
  } catch {
    throw new UsageError(`--header ${name} has a character that no header may have`)
  }
  return [name.toLowerCase(), value!]
}
