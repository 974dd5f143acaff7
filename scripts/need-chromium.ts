/**
 * Chromium: from PATH, or else Debian's package, with those of its libraries that this machine does not have.
 *
 * Which these are differs from machine to machine, and apt knows it: so it is asked what it would install.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheOf, findOnPath, ifStarted, type Linked, unpacking, whyOf } from './need.js'

const UNPACK_WITH_LIBRARIES = `
missing() { apt-get -s --no-install-recommends install chromium | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p'; }
# The one that is there runs, or the caller would not know it as whole.
[ ! -e "$1/usr/lib/chromium/chromium" ] || exit 0
packages=$(missing)
[ -n "$packages" ] || [ "$(id -u)" -ne 0 ] || { apt-get -qq update; packages=$(missing); }
[ -n "$packages" ] || { echo 'apt has no package chromium' >&2; exit 1; }
unpack "$1" $packages
`

/** @throws Error with the reason where it is not to be had. */
export async function needChromium(): Promise<Linked> {
  const onPath = (await findOnPath(['chromium'])) ?? (await findOnPath(['google-chrome']))
  if (onPath !== undefined) return { program: Object.values(onPath)[0]!, env: process.env }
  try {
    const folder = cacheOf('chromium')
    await unpacking(UNPACK_WITH_LIBRARIES, folder)
    // What is in usr/bin is a script that looks for the program below /usr.
    const program = join(folder, 'usr/lib/chromium/chromium')
    const env = { ...process.env, LD_LIBRARY_PATH: libraries(folder).join(delimiter) }
    await promisify(execFile)(program, ['--version'], { env })
    return { program, env }
  } catch (error) {
    throw new Error(`Chromium is not on PATH, and Debian's packages of it do not run: ${whyOf(error)}`)
  }
}

/** The folders are named after the architecture; a package may have one of its own in there. */
function libraries(folder: string): string[] {
  return ['usr/lib', 'lib'].flatMap(lib => {
    const within = join(folder, lib)
    const names = existsSync(within) ? readdirSync(within) : []
    return names
      .filter(name => name.includes('-linux-'))
      .flatMap(name => {
        const all = readdirSync(join(within, name), { withFileTypes: true })
        const own = all.filter(entry => entry.isDirectory()).map(entry => join(within, name, entry.name))
        return [join(within, name), ...own]
      })
  })
}

await ifStarted(import.meta.url, async () => ({ chromium: (await needChromium()).program }))
