import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What npm writes. @throws Error with what it said. */
export async function npm(args: string[]): Promise<string> {
  try {
    const { stdout } = await run('npm', args, {
      maxBuffer: 1 << 26,
      timeout: 300_000,
      shell: process.platform === 'win32',
    })
    return stdout
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || String(error)
    throw new Error(`npm ${args.slice(0, 2).join(' ')} failed: ${said}`)
  }
}

export interface Packed {
  readonly filename: string
  /** Bytes. */
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** Packs a package as `npm publish` would, into a folder. Its scripts do not run: what is built is packed as it is. */
export async function pack(source: string, folder: string): Promise<Packed> {
  const listed = JSON.parse(
    await npm(['pack', source, '--json', '--ignore-scripts', '--pack-destination', folder]),
  )
  // npm 12 and later print an object by package name, older ones a list.
  const [packed] = (Array.isArray(listed) ? listed : Object.values(listed)) as Packed[]
  return packed!
}

/** Installs one package into a folder of its own, without running its scripts. */
export async function installInto(folder: string, spec: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n')
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  await npm(['install', '--prefix', folder, ...flags, spec])
}
