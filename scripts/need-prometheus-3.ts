/**
 * Prometheus as the files under docs/monitoring/ want it: from PATH if that one is new enough, else of the Debian release
 * that is the first to have it.
 *
 * The release is pinned and not the version: a version leaves Debian's mirrors when its successor comes, a release stays
 * for years.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheOf, findIn, findOnPath, ifStarted, unpacking, whyOf } from './need.js'
import type { PrometheusPrograms } from './need-prometheus.js'

const PROGRAMS = ['prometheus', 'promtool'] as const
const RELEASE = 'forky'
const MAJOR = 3
/** The release with long support when the files were written. */
const MINOR = 5

/** Prometheus 3.5 or a later 3. @throws Error with the reason where it is not to be had. */
export async function needPrometheus3(): Promise<PrometheusPrograms> {
  const onPath = await findOnPath(PROGRAMS)
  if (onPath !== undefined && fits(await versionOf(onPath.prometheus))) return onPath
  const folder = cacheOf(`prometheus-${RELEASE}`)
  await unpacking('unpack_from "$@"', RELEASE, folder, ...PROGRAMS).catch(error => {
    throw new Error(
      `Prometheus ${MAJOR}.${MINOR} is not on PATH, and Debian's ${RELEASE} cannot be fetched: ${whyOf(error)}`,
    )
  })
  const unpacked = await findIn([join(folder, 'usr/bin')], PROGRAMS)
  if (unpacked === undefined)
    throw new Error(`Debian's ${RELEASE} brought no ${PROGRAMS.join(' or no ')} in packages of these names`)
  const version = await versionOf(unpacked.prometheus)
  if (!fits(version))
    throw new Error(
      `Debian's ${RELEASE} has Prometheus ${version.join('.')} now, where ${MAJOR}.${MINOR} or a later ${MAJOR} is ` +
        'needed: put one on PATH, or take another release in scripts/need-prometheus-3.ts',
    )
  return unpacked
}

async function versionOf(prometheus: string): Promise<readonly [major: number, minor: number]> {
  const { stdout, stderr } = await promisify(execFile)(prometheus, ['--version'])
  const found = /version (\d+)\.(\d+)/.exec(stdout + stderr)
  if (found === null) throw new Error(`${prometheus} --version names no version: ${stdout}${stderr}`)
  return [Number(found[1]), Number(found[2])]
}

function fits([major, minor]: readonly [number, number]): boolean {
  return major === MAJOR && minor >= MINOR
}

await ifStarted(import.meta.url, needPrometheus3)
