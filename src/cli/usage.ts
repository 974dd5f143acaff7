/** Command lines, and what is wrong with them. */
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
