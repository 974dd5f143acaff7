import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Skip } from './test-file.js'

/** A skip that CI accepts, since what is skipped cannot run there. */
interface AcceptedSkip {
  readonly reason: RegExp
  readonly why: string
  /** Asked again in each run, so that an entry which no longer holds is no longer accepted. */
  readonly holds: (node: NodeUnderTest) => boolean
}

interface NodeUnderTest {
  readonly platform: string
  readonly arch: string
  readonly modules: string
  /** Where the tests run. */
  readonly folder: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

const accepted: readonly AcceptedSkip[] = [
  {
    reason: /\buWebSockets\.js\b/,
    why: 'uWebSockets.js has no native part for this Node',
    holds: node => !hasNativePart(node),
  },
  {
    reason: /\/proc\b/,
    why: 'only Linux shows the address space of a process there',
    holds: node => node.platform !== 'linux',
  },
]

/** What the node binary under test says of itself. */
export function askNode(node: string): Omit<NodeUnderTest, 'folder'> & { version: string } {
  const say =
    '{ version: process.version, platform: process.platform, arch: process.arch, modules: process.versions.modules }'
  return JSON.parse(execFileSync(node, ['-p', `JSON.stringify(${say})`], { encoding: 'utf8' }))
}

/** Why a skip is accepted in CI; undefined if it is not. */
export function whyAccepted(skip: Skip, node: NodeUnderTest): string | undefined {
  return accepted.find(entry => entry.reason.test(skip.reason) && entry.holds(node))?.why
}

function hasNativePart({ platform, arch, modules, folder }: NodeUnderTest): boolean {
  const wanted = `uws_${platform}_${arch}_${modules}.node`
  return [root, folder]
    .map(top => join(top, 'node_modules/uWebSockets.js'))
    .flatMap(top => [top, join(top, 'binaries'), join(top, 'dist')])
    .some(folder => existsSync(folder) && readdirSync(folder).includes(wanted))
}
