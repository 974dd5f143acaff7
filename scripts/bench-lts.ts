/**
 * Runs the bench on the newest LTS of Node, with a release of uWebSockets.js that it loads (node-libc.ts). The figures of
 * README.md are of such a run:
 *
 *     node dist/scripts/bench-lts.js && node dist/scripts/readme-figures.js
 *
 * Takes the options of bench/main.js. Files that they name are looked for in this folder.
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { needUws } from './need-uws.js'
import { nodeForUws } from './node-libc.js'

const main = fileURLToPath(new URL('../bench/main.js', import.meta.url))
const FILES = ['--json', '--report', '--floors']
const args = process.argv.slice(2)
const inPlace = args.map((arg, at) => (FILES.includes(args[at - 1] ?? '') ? resolve(arg) : arg))
const whole = !args.some(arg => ['--report', '--only', '--quick', '--gate', '--calibrate'].includes(arg))
if (whole) inPlace.push('--report', resolve('bench-report'))
const { folder } = await needUws()
const { status } = spawnSync(await nodeForUws('lts'), [main, ...inPlace], { cwd: folder, stdio: 'inherit' })
process.exitCode = status ?? 1
