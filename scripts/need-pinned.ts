/**
 * Programs that postmeter runs in, to try it where it is used, and what drives the browser that its page is seen in:
 * installed from npm, with all that they depend on as their lock in scripts/pinned/ has it, into node_modules/.cache/pinned.
 *
 * `node dist/scripts/need-pinned.js [PROGRAM…]` fetches some, or all, and prints where they are. To take another version,
 * change the program's package.json and run, beside it, `npm install --package-lock-only --omit-lockfile-registry-resolved`.
 */
import { createHash } from 'node:crypto'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheOf, ifStarted, whole, whyOf } from './need.js'
import { npm } from './npm.js'

const PROGRAMS = ['haraka', 'playwright', 'pm2', 'prom-client-users'] as const
const FILES = ['package.json', 'package-lock.json']
const locks = fileURLToPath(new URL('../../scripts/pinned', import.meta.url))

export type Pinned = (typeof PROGRAMS)[number]

/** The node_modules that a program is installed in. @throws Error with the reason where it is not to be had. */
export async function needPinned(program: Pinned): Promise<string> {
  const hash = createHash('sha256')
  for (const name of FILES) hash.update(await readFile(join(locks, program, name)))
  const folder = cacheOf(join('pinned', `${program}-${hash.digest('hex').slice(0, 16)}`))
  await whole(folder, async part => {
    for (const name of FILES) await cp(join(locks, program, name), join(part, name))
    await npm(['ci', '--prefix', part, '--ignore-scripts', '--no-audit', '--no-fund'])
  }).catch(error => {
    throw new Error(`npm cannot install ${program}: ${whyOf(error)}`)
  })
  return join(folder, 'node_modules')
}

await ifStarted(import.meta.url, async () => {
  const wanted = process.argv.slice(2) as Pinned[]
  const found: Record<string, string> = {}
  for (const program of wanted.length > 0 ? wanted : PROGRAMS) {
    if (!PROGRAMS.includes(program))
      throw new Error(`no program "${program}"; there are ${PROGRAMS.join(', ')}`)
    found[program] = await needPinned(program)
  }
  return found
})
