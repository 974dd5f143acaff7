import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
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
}

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
export function askNode(node: string): NodeUnderTest & { version: string } {
  const say =
    '{ version: process.version, platform: process.platform, arch: process.arch, modules: process.versions.modules }'
  return JSON.parse(execFileSync(node, ['-p', `JSON.stringify(${say})`], { encoding: 'utf8' }))
}

/** Why a skip is accepted in CI; undefined if it is not. */
export function whyAccepted(skip: Skip, node: NodeUnderTest): string | undefined {
  return accepted.find(entry => entry.reason.test(skip.reason) && entry.holds(node))?.why
}

function hasNativePart(node: NodeUnderTest): boolean {
  let root: string
  try {
    root = dirname(createRequire(import.meta.url).resolve('uWebSockets.js/package.json'))
  } catch {
    return false
  }
  const wanted = `uws_${node.platform}_${node.arch}_${node.modules}.node`
  return [root, join(root, 'binaries'), join(root, 'dist')].some(
    folder => existsSync(folder) && readdirSync(folder).includes(wanted),
  )
}
