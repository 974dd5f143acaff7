import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const run = promisify(execFile)
const usage = `node dist/scripts/node-lts.js [--newest]
  prints the path of a node binary, fetched from npm into node_modules/.cache if it is not there yet:
  the newest that calls itself LTS, or with --newest the newest of all`

export type Line = 'lts' | 'newest'

/**
 * The path of the newest LTS node (or the newest of all) that npm has for this platform.
 *
 * A binary itself says whether it is LTS (`process.release.lts`): no list of versions or dates is kept here.
 * It is kept apart from the dependencies, for as one of them it would be the `node` of every npm script.
 * Throws if npm has none for this platform, cannot be reached, or what it brought does not run here.
 */
export async function fetchNode(line: Line): Promise<string> {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  for (const version of await newestOfEachMajor(name)) {
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
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
    await npm(['install', '--prefix', folder, ...flags, `${name}@${version}`])
  }
  const { stdout } = await run(path, ['--version'])
  if (stdout.trim() !== `v${version}`) throw new Error(`${path} says it is ${stdout.trim()}, not v${version}`)
  return path
}

async function saysLts(path: string): Promise<boolean> {
  const { stdout } = await run(path, ['-p', 'Boolean(process.release.lts)'])
  return stdout.trim() === 'true'
}

async function npm(args: string[]): Promise<string> {
  try {
    const { stdout } = await run('npm', args, {
      maxBuffer: 1 << 26,
      timeout: 300_000,
      shell: process.platform === 'win32',
    })
    return stdout
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || String(error)
    throw new Error(
      `npm ${args.slice(0, 2).join(' ')} failed, so there is no other node to test with: ${said}`,
    )
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      newest: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(usage)
  else {
    try {
      console.log(await fetchNode(values.newest ? 'newest' : 'lts'))
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
}
