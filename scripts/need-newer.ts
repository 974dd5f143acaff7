/**
 * Programs that the running Debian has too old or not at all: from PATH if those are new enough, else of the release that
 * is the first to have them.
 *
 * The release is pinned and not the version: a version leaves Debian's mirrors when its successor comes, a release stays
 * for years.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheOf, findIn, findOnPath, unpacking, whyOf } from './need.js'

type Version = readonly [major: number, minor: number]

interface Newer<P extends string> {
  /** What people call it. */
  readonly name: string
  readonly programs: readonly P[]
  readonly packages: readonly string[]
  readonly release: string
  /**
   * The option that prints the version, and the oldest that serves; a later one of the same major version does. A program
   * that does not know its version is taken as it is.
   */
  readonly version?: { readonly option: string; readonly least: Version }
}

/** @throws Error with the reason where they are not to be had. */
export async function needNewer<P extends string>(wanted: Newer<P>): Promise<Record<P, string>> {
  const { name, programs, packages, release, version } = wanted
  const onPath = await findOnPath(programs)
  if (onPath !== undefined && (await tooOld(wanted, onPath)) === undefined) return onPath
  const folder = cacheOf(`${packages[0]}-${release}`)
  const asked = version === undefined ? name : `${name} ${version.least.join('.')}`
  await unpacking('unpack_from "$@"', release, folder, ...packages).catch(error => {
    throw new Error(`${asked} is not on PATH, and Debian's ${release} cannot be fetched: ${whyOf(error)}`)
  })
  const unpacked = await findIn([join(folder, 'usr/bin')], programs)
  if (unpacked === undefined)
    throw new Error(`Debian's ${release} brought no ${programs.join(' or no ')} in ${packages.join(', ')}`)
  const old = await tooOld(wanted, unpacked)
  if (old !== undefined)
    throw new Error(
      `Debian's ${release} has ${name} ${old} now, where ${asked} or a later one of that major version is needed: put ` +
        'one on PATH, or name another release in scripts/',
    )
  return unpacked
}

/** The version that was found, where it does not serve. */
async function tooOld<P extends string>(
  { programs, version }: Newer<P>,
  found: Record<P, string>,
): Promise<string | undefined> {
  if (version === undefined) return undefined
  const { option, least } = version
  const program = found[programs[0]!]
  const { stdout, stderr } = await promisify(execFile)(program, [option])
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(stdout + stderr) ?? []
  if (major === undefined) throw new Error(`${program} ${option} names no version: ${stdout}${stderr}`)
  return Number(major) === least[0] && Number(minor) >= least[1] ? undefined : `${major}.${minor}`
}
