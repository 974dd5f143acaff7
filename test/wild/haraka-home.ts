/** Haraka as a user has it: installed, a folder that `haraka -i` filled, and postmeter in that. */
import { execFile, execFileSync } from 'node:child_process'
import { appendFile, chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { link, makeConsumer } from '../package/consumer.js'

const run = promisify(execFile)
const PLUGINS = fileURLToPath(new URL('../../../test/wild/haraka/plugins', import.meta.url))

export const DOMAIN = 'here.example'

export interface Home {
  readonly folder: string
  /** What users type as `haraka`. */
  readonly haraka: string
}

/** Plugins are those of config/plugins, one a line; those of test/wild/haraka are there, too. */
export async function installHaraka(t: Test, modules: string, plugins: readonly string[]): Promise<Home> {
  // Workers read some files after they gave up root: all must be where anybody can read.
  const { folder } = await makeConsumer(t)
  for (const name of ['koffi', 'uWebSockets.js']) await link(name, folder)
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'global'))
  // Ten times as fast as node's cp for thousands of files.
  await run('cp', ['-R', modules, join(folder, 'global/node_modules')])
  const haraka = join(folder, 'global/node_modules/Haraka/bin/haraka')
  await run(process.execPath, [haraka, '-i', folder])
  await cp(PLUGINS, join(folder, 'plugins'), { recursive: true })
  await writeFile(join(folder, 'config/plugins'), `${plugins.join('\n')}\n`)
  await appendFile(join(folder, 'config/host_list'), `${DOMAIN}\n`)
  return { folder, haraka }
}

/** The group of the user that workers become where they are started as root, as is usual; undefined where they are not. */
export function workersGroup(): string | undefined {
  if (process.getuid?.() !== 0) return undefined
  return execFileSync('id', ['-gn', 'nobody'], { encoding: 'utf8' }).trim()
}

/** Writes smtp.ini; lines say more. */
export async function writeSmtpIni({ folder }: Home, port: number, ...lines: string[]): Promise<void> {
  const group = workersGroup()
  const rights = group === undefined ? [] : ['user=nobody', `group=${group}`]
  const ini = [`listen=127.0.0.1:${port}`, ...lines, ...rights]
  await writeFile(join(folder, 'config/smtp.ini'), `${ini.join('\n')}\n`)
}
