import { execFile } from 'node:child_process'
import { access, constants, mkdir } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where Prometheus's own programs are. */
export interface PrometheusPrograms {
  readonly promtool: string
  readonly prometheus: string
}

/**
 * Prometheus from PATH, or else Debian's package unpacked under node_modules/.cache.
 *
 * Unpacked and not installed: that starts no service, adds no user, and leaves the machine as it was.
 * Rejects with the reason where neither is to be had.
 */
export async function needPrometheus(): Promise<PrometheusPrograms> {
  const onPath = await findIn((process.env.PATH ?? '').split(delimiter).filter(Boolean))
  if (onPath) return onPath
  const cache = fileURLToPath(new URL('../../node_modules/.cache/prometheus', import.meta.url))
  const cached = await findIn([join(cache, 'usr/bin')])
  if (cached) return cached
  try {
    await unpack(cache)
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
    throw new Error(
      `prometheus is not on PATH, and Debian's package cannot be fetched: ${said.slice(0, 500)}`,
    )
  }
  const fetched = await findIn([join(cache, 'usr/bin')])
  if (!fetched) throw new Error("Debian's package prometheus brought no promtool or no prometheus")
  return fetched
}

/** Two test files may want it at once: the second waits for the first, and then finds it done. */
const UNPACK = `
set -e
[ ! -x "$1/usr/bin/prometheus" ] || exit 0
rm -rf "$1.part"
mkdir -p "$1.part"
cd "$1.part"
# The lists of a fresh machine are empty or old; only root may renew them.
[ "$(id -u)" -ne 0 ] || apt-get -qq update
apt-get -qq download prometheus
dpkg-deb -x ./prometheus_*.deb root
rm -rf "$1"
mv root "$1"
rm -rf "$1.part"
`

async function unpack(cache: string): Promise<void> {
  await mkdir(dirname(cache), { recursive: true })
  await run('flock', [`${cache}.lock`, 'sh', '-c', UNPACK, 'unpack', cache], {
    timeout: 300_000,
  })
}

async function findIn(folders: readonly string[]): Promise<PrometheusPrograms | undefined> {
  for (const folder of folders) {
    const found = {
      promtool: join(folder, 'promtool'),
      prometheus: join(folder, 'prometheus'),
    }
    try {
      await access(found.promtool, constants.X_OK)
      await access(found.prometheus, constants.X_OK)
      return found
    } catch {
      // Not in this folder, or not both.
    }
  }
  return undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    console.log(Object.values(await needPrometheus()).join('\n'))
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 1
  }
}
