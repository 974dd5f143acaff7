import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { glibcVersion, usesGlibc, wantedGlibc } from './libc.js'
import { isBefore } from './versions.js'

export type TransportName = 'uws' | 'http'

/** The transport to use: the file to load for uWebSockets.js, and of which release; or why it is node:http. */
export type Choice =
  | { readonly transport: 'uws'; readonly native: string; readonly release: string }
  | { readonly transport: 'http'; readonly why: string }

/** What the choice depends on; tests pass their own. */
export interface Platform {
  readonly mainThread: boolean
  readonly platform: string
  readonly arch: string
  /** NODE_MODULE_VERSION. */
  readonly abi: string
  /** The main files of the packages of that name, as Node resolves them from several places. Runs none of them. */
  found(): readonly string[]
  exists(path: string): boolean
  /** Names of the files in a folder. Empty if there is no such folder. */
  list(folder: string): readonly string[]
  /** The version that a package.json says. */
  versionIn(path: string): string
  /** The next three are called on Linux only. */
  glibc(): boolean
  glibcVersion(): string | undefined
  wantedGlibc(native: string): string | undefined
}

export const PACKAGE = 'uWebSockets.js'
/** Folders of native parts: those of a repack for npm, and the top of the official release. */
const FOLDERS = ['binaries', 'dist', '']

/**
 * Decides which transport runs here, before anything of uWebSockets.js is loaded. If its native part did not fit, the
 * repack for npm would warn and run JavaScript of its own; so only the native file itself is ever loaded.
 */
export function choose(here: Platform = platform()): Choice {
  if (!here.mainThread)
    return http('serve was not called in the main thread, which alone can end it in order')
  const mains = here.found()
  if (mains.length === 0) return http(`the optional package ${PACKAGE} is not installed`)
  let firstWhy: string | undefined
  for (const main of mains) {
    const choice = judge(main, here)
    if (choice.transport === 'uws') return choice
    firstWhy ??= choice.why
  }
  return http(firstWhy!)
}

function http(why: string): Choice {
  return { transport: 'http', why }
}

/** Whether an installed package fits this process. */
function judge(main: string, here: Platform): Choice {
  const { platform, arch, abi } = here
  if (platform === 'linux' && !here.glibc())
    return http(`${PACKAGE} wants the C library glibc, and this node runs with another one (Alpine has musl)`)
  const top = topOf(main, here.exists)
  const release = here.versionIn(join(top, 'package.json'))
  const file = `uws_${platform}_${arch}_${abi}.node`
  const native = FOLDERS.map(folder => join(top, folder, file)).find(here.exists)
  if (native === undefined) {
    const others = abisOf(top, here)
    const has = others.length === 0 ? 'none for this platform' : `those for ${listed(others.map(nodeOf))}`
    return http(
      `the installed ${PACKAGE} ${release} has no native part for ${nodeOf(abi)} on ${platform} ${arch} (${file}); it has ${has}`,
    )
  }
  if (platform === 'linux') {
    const [wanted, has] = [here.wantedGlibc(native), here.glibcVersion()]
    if (wanted !== undefined && has !== undefined && isBefore(has, wanted))
      return http(
        `the installed ${PACKAGE} ${release} wants glibc ${wanted} or later, and this system has ${has}`,
      )
  }
  return { transport: 'uws', native, release }
}

function topOf(main: string, exists: (path: string) => boolean): string {
  let top = dirname(main)
  while (!exists(join(top, 'package.json')) && top !== dirname(top)) top = dirname(top)
  return top
}

/** The ABIs for which a package has native parts on this platform, in order. */
function abisOf(top: string, { platform, arch, list }: Platform): string[] {
  const names = FOLDERS.flatMap(folder => list(join(top, folder)))
  const begin = `uws_${platform}_${arch}_`
  const abis = names
    .filter(name => name.startsWith(begin) && name.endsWith('.node'))
    .map(name => name.slice(begin.length, -'.node'.length))
  return [...new Set(abis)].sort((a, b) => Number(a) - Number(b))
}

/** Which Node has an ABI. Those that are not here are spelt as their number. */
const NODES: Readonly<Record<string, string>> = {
  93: '16',
  108: '18',
  111: '19',
  115: '20',
  120: '21',
  127: '22',
  131: '23',
  137: '24',
  141: '25',
  147: '26',
}

function nodeOf(abi: string): string {
  const node = NODES[abi]
  return node === undefined ? `ABI ${abi}` : `Node ${node}`
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function platform(): Platform {
  return {
    mainThread: isMainThread,
    platform: process.platform,
    arch: process.arch,
    abi: process.versions.modules,
    found,
    exists: existsSync,
    list: folder => (existsSync(folder) ? readdirSync(folder) : []),
    versionIn: path => JSON.parse(readFileSync(path, 'utf8')).version ?? 'of an unknown version',
    glibc: () => usesGlibc(process.execPath),
    glibcVersion: () => glibcVersion(),
    wantedGlibc,
  }
}

/**
 * Looks where the application may have put the package: beside this one, where the program that was started finds its
 * packages (this one may be linked from elsewhere), and in the working directory.
 */
function found(): string[] {
  const [, program] = process.argv
  const places = [import.meta.url]
  if (program !== undefined) places.push(program, realPath(program))
  const mains = places.map(from => resolveFrom(from))
  const inDirectory = resolveFrom(join(process.cwd(), 'package.json'))
  // A working directory can be one where others write, such as /tmp: nobody else's native code is loaded from there.
  if (inDirectory !== undefined && isOurs(inDirectory)) mains.push(inDirectory)
  return [...new Set(mains.filter(main => main !== undefined))]
}

function resolveFrom(from: string): string | undefined {
  try {
    return createRequire(from).resolve(PACKAGE)
  } catch {
    return undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Whether a file belongs to the user of this process, or to root. */
function isOurs(path: string): boolean {
  const { uid } = statSync(path)
  return process.geteuid === undefined || uid === 0 || uid === process.geteuid()
}
