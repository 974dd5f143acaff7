import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { installInto, npm } from './npm.js'

const run = promisify(execFile)
const usage = `node dist/scripts/node-lts.js [--newest | --major N]
  prints the path of a node binary, fetched from npm into node_modules/.cache if it is not there yet:
  the newest that calls itself LTS, or with --newest the newest of all, or with --major the newest of that major`

/** The newest LTS, the newest of all, or the newest of a major. */
export type Line = 'lts' | 'newest' | number

/**
 * The path of the newest node of a line that npm has for this platform.
 *
 * A binary itself says whether it is LTS (`process.release.lts`): no list of versions or dates is kept here.
 * It is kept apart from the dependencies, for as one of them it would be the `node` of every npm script.
 * Throws if npm has none for this platform, cannot be reached, or what it brought does not run here.
 */
export async function fetchNode(line: Line): Promise<string> {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const versions = await newestOfEachMajor(name)
  if (typeof line === 'number') {
    const version = versions.find(version => version.startsWith(`${line}.`))
    if (version === undefined) throw new Error(`npm's package ${name} has no version ${line}`)
    return install(name, version)
  }
  for (const version of versions) {
    const path = await install(name, version)
    if (line === 'newest' || (await saysLts(path))) return path
  }
  throw new Error(`npm's package ${name} has no version that calls itself LTS`)
}

/** The newest version of each major, newest first. */
async function newestOfEachMajor(name: string): Promise<string[]> {
  const listed = JSON.parse(await npm(['view', name, 'versions', '--json']))
  const newest = new Map<number, number[]>()
  for (const version of [listed].flat()) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) continue
    const parts = version.split('.').map(Number)
    const known = newest.get(parts[0])
    if (!known || parts[1] > known[1]! || (parts[1] === known[1] && parts[2] > known[2]!))
      newest.set(parts[0], parts)
  }
  if (newest.size === 0) throw new Error(`npm lists no version of ${name}`)
  return [...newest.values()].sort((a, b) => b[0]! - a[0]!).map(parts => parts.join('.'))
}

async function install(name: string, version: string): Promise<string> {
  const folder = fileURLToPath(new URL(`../../node_modules/.cache/node/${version}`, import.meta.url))
  const path = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(path)) await installInto(folder, `${name}@${version}`)
  const { stdout } = await run(path, ['--version'])
  if (stdout.trim() !== `v${version}`) throw new Error(`${path} says it is ${stdout.trim()}, not v${version}`)
  return path
}

async function saysLts(path: string): Promise<boolean> {
  const { stdout } = await run(path, ['-p', 'Boolean(process.release.lts)'])
  return stdout.trim() === 'true'
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      newest: { type: 'boolean', default: false },
      major: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(usage)
  else {
    try {
      const { major, newest } = values
      console.log(await fetchNode(major === undefined ? (newest ? 'newest' : 'lts') : Number(major)))
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
}
