/**
 * Programs that others wrote, to read what postmeter exposes: from PATH, or else Debian's packages unpacked under
 * node_modules/.cache.
 *
 * Unpacked and not installed: that starts no service, adds no user, and leaves the machine as it was.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const caches = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

/** Where something of that name is unpacked, or kept. */
export function cacheOf(name: string): string {
  return join(caches, name)
}

/** Has a folder filled once, and be there whole or not at all. Of two that fill it at once, the second finds it there. */
export async function whole(folder: string, fill: (part: string) => Promise<unknown>): Promise<void> {
  if (existsSync(folder)) return
  await mkdir(dirname(folder), { recursive: true })
  const part = await mkdtemp(`${folder}.`)
  try {
    await fill(part)
    await rename(part, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}

/**
 * `unpack CACHE PACKAGE…`: packages are there whole or not at all, and again when others are asked for.
 * `unpack_from RELEASE CACHE PACKAGE…`: those of another release of Debian.
 */
const UNPACK = `
set -e
unpack() {
  cache=$1
  shift
  [ "$(cat "$cache/.packages" 2>/dev/null)" != "$*" ] || return 0
  rm -rf "$cache" "$cache.part"
  mkdir -p "$cache.part/root"
  cd "$cache.part"
  # The lists of a fresh machine are empty or old; only root may renew them.
  apt-get -qq download "$@" 2>/dev/null || {
    [ "$(id -u)" -ne 0 ] || apt-get -qq update
    apt-get -qq download "$@"
  }
  for package in ./*.deb; do dpkg-deb -x "$package" root; done
  echo "$*" >root/.packages
  mv root "$cache"
  cd "$cache"
  rm -rf "$cache.part"
}
# The mirror that apt has Debian from; its updates and its security archive have other labels or no such releases.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1
}
# The lists of the other release are kept apart, so that the system's own stay as they are.
unpack_from() {
  release=$1 folder=$2
  shift 2
  [ "$(cat "$folder/.packages" 2>/dev/null)" != "$*" ] || return 0
  uri=$(mirror)
  [ -n "$uri" ] || [ "$(id -u)" -ne 0 ] || { apt-get -qq update; uri=$(mirror); }
  [ -n "$uri" ] || { echo 'apt knows no source of Debian' >&2; exit 1; }
  apt=$folder.apt
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $release main" >"$apt/sources"
  cat >"$apt/conf" <<END
Dir::Etc::SourceList "$apt/sources";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt";
APT::Sandbox::User "root";
END
  export APT_CONFIG="$apt/conf"
  apt-get -qq update
  unpack "$folder" "$@"
  unset APT_CONFIG
  rm -rf "$apt"
}
`

/** Runs a script that may call `unpack` and `unpack_from`. Of test files that want the same at once the second waits, and finds it done. */
export async function unpacking(script: string, ...args: string[]): Promise<void> {
  await mkdir(caches, { recursive: true })
  await run('flock', [cacheOf('need.lock'), 'sh', '-c', UNPACK + script, 'need', ...args], {
    timeout: 600_000,
  })
}

export async function unpack(name: string, ...packages: string[]): Promise<string> {
  await unpacking('unpack "$@"', cacheOf(name), ...packages)
  return cacheOf(name)
}

/**
 * Paths of programs that come together, from PATH or from the packages of a name.
 *
 * @throws Error with the reason where they are not to be had.
 */
export async function needPrograms<P extends string>(
  name: string,
  programs: readonly P[],
): Promise<Record<P, string>> {
  const onPath = await findOnPath(programs)
  if (onPath !== undefined) return onPath
  const folder = await unpack(name, name).catch(error => {
    throw new Error(
      `${programs[0]} is not on PATH, and Debian's package ${name} cannot be fetched: ${whyOf(error)}`,
    )
  })
  const unpacked = await findIn([join(folder, 'usr/bin')], programs)
  if (unpacked === undefined)
    throw new Error(`Debian's package ${name} brought no ${programs.join(' or no ')}`)
  return unpacked
}

/** The first folder of PATH that has all of the programs. */
export function findOnPath<P extends string>(programs: readonly P[]): Promise<Record<P, string> | undefined> {
  return findIn((process.env.PATH ?? '').split(delimiter).filter(Boolean), programs)
}

export interface Linked {
  readonly program: string
  /** The environment in which it finds its libraries. */
  readonly env: NodeJS.ProcessEnv
}

/**
 * A program from PATH, or from Debian's packages of it and of the libraries that not every Debian has. `version` is the
 * option with which it shows that it runs.
 *
 * @throws Error with the reason where it is not to be had.
 */
export async function needLinked(
  name: string,
  packages: readonly string[],
  version = '--version',
): Promise<Linked> {
  // Servers are in sbin, which only root has on PATH.
  const onPath = (await findOnPath([name])) ?? (await findIn(['/usr/sbin'], [name]))
  if (onPath !== undefined) return { program: onPath[name]!, env: process.env }
  try {
    const folder = await unpack(name, ...packages)
    const unpacked = ['usr/bin', 'usr/sbin'].map(bin => join(folder, bin))
    const program = (await findIn(unpacked, [name]))?.[name]
    if (program === undefined) throw new Error(`${packages[0]} brought no ${name}`)
    // The folders of libraries are named after the architecture.
    const libraries = ['usr/lib', 'lib'].flatMap(lib => {
      const within = join(folder, lib)
      const names = existsSync(within) ? readdirSync(within) : []
      return names.filter(name => name.includes('-linux-')).map(name => join(within, name))
    })
    const own = libraries.map(folder => join(folder, packages[0]!))
    const env = { ...process.env, LD_LIBRARY_PATH: [...libraries, ...own].join(delimiter) }
    await run(program, [version], { env })
    return { program, env }
  } catch (error) {
    throw new Error(`${name} is not on PATH, and Debian's packages of it do not run: ${whyOf(error)}`)
  }
}

/** What a program that failed said, shortly. */
export function whyOf(error: unknown): string {
  const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
  return said.slice(0, 500)
}

/** The first folder that has all of the programs. */
export async function findIn<P extends string>(
  folders: readonly string[],
  programs: readonly P[],
): Promise<Record<P, string> | undefined> {
  for (const folder of folders) {
    const paths = programs.map(program => [program, join(folder, program)] as const)
    const checks = await Promise.allSettled(paths.map(([, path]) => access(path, constants.X_OK)))
    if (checks.every(({ status }) => status === 'fulfilled')) {
      return Object.fromEntries(paths) as Record<P, string>
    }
  }
  return undefined
}

/** When the module is what was started: fetches what it needs and prints where it is. */
export async function ifStarted(module: string, need: () => Promise<object>): Promise<void> {
  if (module !== pathToFileURL(process.argv[1] ?? '').href) return
  try {
    console.log(Object.values(await need()).join('\n'))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
