import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

export type TransportName = 'uws' | 'http'

/** The transport to use: the file to load for uWebSockets.js, or why it is node:http. */
export type Choice =
  | { readonly transport: 'uws'; readonly native: string }
  | { readonly transport: 'http'; readonly why: string }

/** What the choice depends on; tests pass their own. */
export interface Platform {
  readonly mainThread: boolean
  readonly platform: string
  readonly arch: string
  /** NODE_MODULE_VERSION. */
  readonly abi: string
  /** Whether the C library is glibc, to which the native parts for Linux are linked. Called on Linux only. */
  glibc(): boolean
  /** The main file of the package as Node resolves it. Does not run it. Throws if there is none. */
  resolve(): string
  exists(path: string): boolean
}

export const PACKAGE = 'uWebSockets.js'
/** Folders of native parts: those of a repack for npm, and the top of the official release. */
const FOLDERS = ['binaries', 'dist', '']

/**
 * Decides which transport runs here, before anything of uWebSockets.js is loaded. If its native part did not fit, the
 * repack for npm would warn and run JavaScript of its own; so only the native file itself is ever loaded.
 */
export function choose(here: Platform = platform()): Choice {
  const http = (why: string): Choice => ({ transport: 'http', why })
  if (!here.mainThread)
    return http('serve was not called in the main thread, which alone can end it in order')
  let main: string
  try {
    main = here.resolve()
  } catch {
    return http(`the optional package ${PACKAGE} is not installed`)
  }
  const file = `uws_${here.platform}_${here.arch}_${here.abi}.node`
  const native = candidates(main, file, here.exists).find(here.exists)
  if (native === undefined) {
    return http(
      `the installed ${PACKAGE} has no native part for ${here.platform} ${here.arch} and ABI ${here.abi} (${file})`,
    )
  }
  if (here.platform === 'linux' && !here.glibc())
    return http(`the C library is not glibc, which ${PACKAGE} needs`)
  return { transport: 'uws', native }
}

function candidates(main: string, file: string, exists: (path: string) => boolean): string[] {
  let top = dirname(main)
  while (!exists(join(top, 'package.json')) && top !== dirname(top)) top = dirname(top)
  return FOLDERS.map(folder => join(top, folder, file))
}

function platform(): Platform {
  return {
    mainThread: isMainThread,
    platform: process.platform,
    arch: process.arch,
    abi: process.versions.modules,
    glibc: () => usesGlibc(process.execPath),
    resolve: () => createRequire(import.meta.url).resolve(PACKAGE),
    exists: existsSync,
  }
}

/**
 * Whether an ELF program asks for glibc's loader (`ld-linux…`; musl's is `ld-musl…`). Node's own report says so, too,
 * but it takes milliseconds and looks up names of network peers.
 */
export function usesGlibc(program: string): boolean {
  let fd: number | undefined
  try {
    fd = openSync(program, 'r')
    const head = Buffer.alloc(4096)
    const text = head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0))
    return text.startsWith('\x7fELF') && /\/ld-linux[^/\0]*\.so\.\d+\0|\/ld64\.so\.\d+\0/.test(text)
  } catch {
    return false
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
