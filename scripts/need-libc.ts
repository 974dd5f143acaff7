import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheOf, findIn, ifStarted, unpacking, whyOf } from './need.js'

/** What node is linked with, beyond itself. */
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1']

export interface Libc {
  /** Where its libraries are. */
  readonly libraries: string
  /** The loader of programs that use it. */
  readonly loader: string
  readonly patchelf: string
}

/** The C library of Debian 13, glibc 2.41. @throws Error with the reason where it is not to be had. */
export async function needLibc(): Promise<Libc> {
  const [folder, tools] = [cacheOf('libc-trixie'), cacheOf('patchelf')]
  // patchelf is of the release that runs here.
  const script = 'unpack "$1" patchelf; shift; unpack_from trixie "$@"'
  await unpacking(script, tools, folder, ...LIBRARIES).catch(error => {
    throw new Error(`the C library of Debian 13 cannot be fetched: ${whyOf(error)}`)
  })
  const programs = await findIn([join(tools, 'usr/bin')], ['patchelf'])
  if (programs === undefined) throw new Error("Debian's package patchelf brought no patchelf")
  const loader = await loaderIn(join(folder, 'usr/lib'))
  return { libraries: dirname(loader), loader, ...programs }
}

/** The loader's name, and the folder of libraries, differ from architecture to architecture. */
async function loaderIn(folder: string): Promise<string> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (/(^|\/)ld-linux[^/]*\.so\.\d+$/.test(name)) return join(folder, name)
  }
  throw new Error(`there is no loader in ${folder}`)
}

await ifStarted(import.meta.url, needLibc)
