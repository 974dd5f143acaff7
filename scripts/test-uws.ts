/**
 * Runs tests of the front on a release of uWebSockets.js that Node 22 and later load: the one of need-uws.ts. With --all
 * on Node 22, too, and not only on the newest LTS.
 *
 *     node dist/scripts/test-uws.js [--all] [FILTER…]
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { needUws } from './need-uws.js'
import { nodeForUws } from './node-libc.js'
import type { Line } from './node-lts.js'

const test = fileURLToPath(new URL('./test.js', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false } },
})
const filters = positionals.length > 0 ? positionals : ['/front/']
const { folder } = await needUws()
const lines: Line[] = values.all ? [22, 'lts'] : ['lts']
for (const line of lines) {
  const args = [test, '--node', await nodeForUws(line), '--in', folder, ...filters]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
