import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheOf, findIn, ifStarted, unpacking, whyOf } from './need.js'

/** What node is linked with, beyond itself. */
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1']

/**
 * Unpacks packages of Debian's release $1 into the folder $2, and patchelf, of the release that runs here, into $3. The
 * lists of the other release are kept apart, so that the system's own stay as they are.
 */
const UNPACK = `
release=$1 libraries=$2 tools=$3
shift 3
unpack "$tools" patchelf
[ "$(cat "$libraries/.packages" 2>/dev/null)" != "$*" ] || exit 0
source() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sort -u | head -n 1; }
uri=$(source)
[ -n "$uri" ] || [ "$(id -u)" -ne 0 ] || { apt-get -qq update; uri=$(source); }
[ -n "$uri" ] || { echo 'apt knows no source of Debian' >&2; exit 1; }
apt=$libraries.apt
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
unpack "$libraries" "$@"
rm -rf "$apt"
`

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
  await unpacking(UNPACK, 'trixie', folder, tools, ...LIBRARIES).catch(error => {
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
