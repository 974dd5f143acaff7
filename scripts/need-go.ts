import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { cacheOf, findIn, unpacking, whyOf } from './need.js'

/**
 * Builds $1 from $2 with the libraries in the folder $3 of $4, and Go from PATH or Debian's, which goes again: it takes
 * 450 MB. Packages of Go have a release in their names, which golang-go depends on.
 */
const BUILD = `
program=$1 source=$2 libraries=$3 caches=$4
shift 4
[ ! -x "$program" ] || exit 0
unpack "$caches/$libraries" "$@"
if ! command -v go >/dev/null; then
  release() { apt-cache depends golang-go | sed -n 's/^ *Depends: \\(golang-[0-9.]*\\)-go$/\\1/p'; }
  name=$(release)
  [ -n "$name" ] || [ "$(id -u)" -ne 0 ] || { apt-get -qq update; name=$(release); }
  [ -n "$name" ] || { echo 'go is not on PATH, and there is no package golang-go' >&2; exit 1; }
  unpack "$caches/go" "$name-go" "$name-src"
  export GOROOT=$(echo "$caches"/go/usr/lib/go-*)
  PATH=$GOROOT/bin:$PATH
fi
export GO111MODULE=off CGO_ENABLED=0 GOFLAGS= GOPATH="$caches/$libraries/usr/share/gocode" GOCACHE="$caches/go-build"
go build -o "$program.part" "$source"
rm -rf "$caches/go" "$caches/go-build"
mv "$program.part" "$program"
`

/**
 * A Go program, built of one source and Debian's packages of libraries, and kept until either changes.
 *
 * @throws Error with the reason where it cannot be fetched or built.
 */
export async function needGoProgram(
  name: string,
  source: string,
  libraries: readonly string[],
): Promise<string> {
  const hash = createHash('sha256')
  hash
    .update(await readFile(source))
    .update(BUILD)
    .update(libraries.join(' '))
  const built = `${name}-${hash.digest('hex').slice(0, 16)}`
  const program = cacheOf(built)
  if ((await findIn([cacheOf('')], [built])) !== undefined) return program
  await unpacking(BUILD, program, source, name, cacheOf(''), ...libraries).catch(error => {
    throw new Error(`Go's ${name} cannot be fetched and built: ${whyOf(error)}`)
  })
  return program
}
