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

/** Installs one package into a folder of its own, without running its scripts. */
export async function installInto(folder: string, spec: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n')
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  await npm(['install', '--prefix', folder, ...flags, spec])
}
