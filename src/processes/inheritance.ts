/**
 * How a process finds the registries that the processes above it share: one variable of the environment names, for each,
 * a descriptor that children inherit, and what is behind it.
 *
 * Descriptors are inherited by all children, those that are not of the service, too, and are numbers of another file in
 * a process that was started otherwise. So what is named is compared with what is there before anything is read.
 */
import { fstatSync, readlinkSync } from 'node:fs'
import { show } from '../common/errors.js'
import { FILE_NAME, pathOf, unavailable } from './system-calls.js'

/** The variable. A child that is given an environment of its own must be given it, too. */
export const VARIABLE = 'POSTMETER_SHARED'

/** What is named. */
export interface Inherited {
  readonly descriptor: number
  /** Device and inode of the file. */
  readonly file: string
  /** The registry's id. */
  readonly id: string
}

/**
 * The registry of that name that a process above this one shares; undefined if none does.
 * @throws Error that names the variable if it names what is not there.
 */
export function inheritedRegistry(name: string, environment = process.env): Inherited | undefined {
  const found = read(environment)[name]
  if (found === undefined) return undefined
  const [descriptor, file, id] = found
  if (fileOf(descriptor) !== file) {
    throw unavailable(
      `${VARIABLE} names descriptor ${descriptor} for registry ${show(name)}, and it is not there: the process was started ` +
        'by one that does not pass it on (sudo, a supervisor), or has closed it',
    )
  }
  return { descriptor, file, id }
}

/** Has children of this process find a registry, from now on. */
export function leaveToChildren(name: string, descriptor: number, id: string): void {
  const all = read(process.env)
  all[name] = [descriptor, fileOf(descriptor), id]
  process.env[VARIABLE] = JSON.stringify(all)
}

/**
 * Children that are started from now on do not find it. Returns the descriptor that they would have inherited, if it was
 * there.
 */
export function leaveNoMore(name: string, id: string): number | undefined {
  const all = read(process.env)
  const [descriptor, file, itsId] = all[name] ?? []
  if (descriptor === undefined || itsId !== id) return undefined
  delete all[name]
  if (Object.keys(all).length > 0) process.env[VARIABLE] = JSON.stringify(all)
  else delete process.env[VARIABLE]
  return fileOf(descriptor) === file ? descriptor : undefined
}

type Named = [descriptor: number, file: string, id: string]

function read(environment: NodeJS.ProcessEnv): Record<string, Named> {
  const text = environment[VARIABLE]
  if (text === undefined || text === '') return Object.create(null)
  try {
    const all = JSON.parse(text) as Record<string, Named>
    const good = Object.entries(all).every(
      ([, named]) =>
        Array.isArray(named) &&
        Number.isInteger(named[0]) &&
        named.slice(1).every(part => typeof part === 'string'),
    )
    if (good) return Object.assign(Object.create(null), all)
  } catch {
    // Said below.
  }
  throw unavailable(`${VARIABLE} in the environment is ${show(text)}, which no postmeter has written`)
}

/** The device and inode of a file in memory that this process has open; '' if the descriptor is not one. */
function fileOf(descriptor: number): string {
  try {
    if (!readlinkSync(pathOf(descriptor)).startsWith(`/memfd:${FILE_NAME}`)) return ''
    const { dev, ino } = fstatSync(descriptor)
    return `${dev}:${ino}`
  } catch {
    return ''
  }
}
