/**
 * How a process finds the registries that the processes above it share: one variable of the environment names, for each,
 * a file at a path, or a descriptor that children inherit, and what is behind it.
 *
 * Descriptors are inherited by all children, those that are not of the service, too, and are numbers of another file in
 * a process that was started otherwise. So what is named is compared with what is there before anything is read.
 */
import { fstatSync, readlinkSync } from 'node:fs'
import { plainError, show } from '../common/errors.js'
import type { RegistryFile } from './registry-file.js'
import { FILE_NAME, pathOf, unavailable } from './system-calls.js'

/** The variable. A child that is given an environment of its own must be given it, too. */
export const VARIABLE = 'POSTMETER_SHARED'

/** A file in memory. */
export interface InheritedMemory {
  readonly descriptor: number
  /** Device and inode of the file. */
  readonly file: string
  /** The registry's id. */
  readonly id: string
}

/** What is named: a file in memory, or one at a path. */
export type Inherited = InheritedMemory | RegistryFile

/**
 * The registry of that name that a process above this one shares; undefined if none does.
 * @throws Error that names the variable if it names what is not there.
 */
export function inheritedRegistry(name: string, environment = process.env): Inherited | undefined {
  const found = read(environment)[name]
  if (found === undefined || !isMemory(found)) return found
  const [descriptor, file, id] = found
  if (fileOf(descriptor) !== file) {
    throw unavailable(
      `${VARIABLE} names descriptor ${descriptor} for registry ${show(name)}, and it is not there: the process was started ` +
        'by one that does not pass it on (sudo, a supervisor), or has closed it; with option "file" it needs none',
    )
  }
  return { descriptor, file, id }
}

/** Has children of this process find a registry by a descriptor, from now on. */
export function leaveToChildren(name: string, descriptor: number, id: string): void {
  leaveNamed(name, [descriptor, fileOf(descriptor), id])
}

/** Has children of this process find a registry by its file, from now on. */
export function leaveFileToChildren(name: string, file: RegistryFile): void {
  leaveNamed(name, file)
}

function leaveNamed(name: string, named: Named): void {
  const all = read(process.env)
  all[name] = named
  process.env[VARIABLE] = JSON.stringify(all)
}

/**
 * Children that are started from now on do not find it. Returns the descriptor that they would have inherited, if it was
 * there.
 */
export function leaveNoMore(name: string, id: string): number | undefined {
  const all = read(process.env)
  const named = all[name]
  if (named === undefined || (isMemory(named) && named[2] !== id)) return undefined
  delete all[name]
  if (Object.keys(all).length > 0) process.env[VARIABLE] = JSON.stringify(all)
  else delete process.env[VARIABLE]
  if (!isMemory(named)) return undefined
  const [descriptor, file] = named
  return fileOf(descriptor) === file ? descriptor : undefined
}

type NamedMemory = readonly [descriptor: number, file: string, id: string]
type Named = NamedMemory | RegistryFile

function isMemory(named: Named): named is NamedMemory {
  return Array.isArray(named)
}

function read(environment: NodeJS.ProcessEnv): Record<string, Named> {
  const text = environment[VARIABLE]
  if (text === undefined || text === '') return Object.create(null)
  try {
    const all = JSON.parse(text) as Record<string, unknown>
    if (Object.values(all).every(isNamed)) return Object.assign(Object.create(null), all)
  } catch {
    // Said below.
  }
  throw plainError(
    'ERR_POSTMETER_SHARED',
    `${VARIABLE} in the environment is ${show(text)}, which no postmeter has written`,
  )
}

function isNamed(named: unknown): boolean {
  if (Array.isArray(named))
    return Number.isInteger(named[0]) && named.slice(1).every(part => typeof part === 'string')
  const { path, mode } = (named ?? {}) as Partial<RegistryFile>
  return typeof path === 'string' && path.startsWith('/') && Number.isInteger(mode)
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
