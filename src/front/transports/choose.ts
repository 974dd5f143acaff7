import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

export type TransportName = 'uws' | 'http'

/** The transport to use, with the file to load for uWebSockets.js, or why that does not go. */
export type Choice =
  | { readonly transport: 'uws'; readonly native: string }
  | { readonly transport: 'http'; readonly why: string }

/** What the choice depends on; passed in by tests. */
export interface Surroundings {
  readonly mainThread: boolean
  readonly platform: string
  readonly arch: string
  /** NODE_MODULE_VERSION. */
  readonly abi: string
  /** Whether the C library is glibc, which the native parts for Linux are linked to. Asked on Linux only. */
  glibc(): boolean
  /** The main file of the package as Node resolves it, without running it; throws if there is none. */
  resolve(): string
  exists(path: string): boolean
}

export const PACKAGE = 'uWebSockets.js'
/** Where native parts lie: in a repack for npm, and at the top of the official release. */
const PLACES = ['binaries', 'dist', '']

/**
 * Decides which transport runs here, before anything of uWebSockets.js is loaded: where its native part does not
 * fit, the repack for npm would warn and run JavaScript of its own. Only the native file itself is ever loaded.
 */
export function choose(here: Surroundings = surroundings()): Choice {
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
  return PLACES.map(place => join(top, place, file))
}

function surroundings(): Surroundings {
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
 * Whether an ELF program asks for glibc's loader (`ld-linux…`, musl's is `ld-musl…`). Node's own report tells it
 * too, but takes milliseconds and looks up names of network peers.
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
