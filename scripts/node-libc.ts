/**
 * A node for tests of a release of uWebSockets.js that wants a newer C library than this system has:
 *
 *     node dist/scripts/test.js --node "$(node dist/scripts/node-libc.js)" --in "$(node dist/scripts/need-uws.js)" /front/
 *
 * It is a copy of node whose loader and libraries are those of Debian 13. It is not started through that loader, because
 * process.execPath would then be the loader, and no test could fork. Where the system's own library will do, it is no
 * copy.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { cacheOf, ifStarted, unpacking, whyOf } from './need.js'
import { needLibc } from './need-libc.js'
import { needUws } from './need-uws.js'
import { fetchNode, type Line } from './node-lts.js'

const run = promisify(execFile)

/** Copies node $1 to $2, for the loader $3 and the libraries $4, with patchelf $5. */
const COPY = `
mkdir -p "$(dirname "$2")"
cp "$1" "$2.part"
"$5" --set-interpreter "$3" --set-rpath "$4" --force-rpath "$2.part"
mv "$2.part" "$2"
`

/** A node of this line that loads the release of need-uws.ts. @throws Error with the reason where it is not to be had. */
export async function nodeForUws(line: Line): Promise<string> {
  const [node, { folder }] = [await fetchNode(line), await needUws()]
  if ((await transportOf(node, folder)) === 'uws') return node
  const { stdout: version } = await run(node, ['--version'])
  const copy = join(cacheOf('node-libc'), version.trim(), 'bin/node')
  if ((await transportOf(copy, folder).catch(() => undefined)) === 'uws') return copy
  const { loader, libraries, patchelf } = await needLibc()
  await unpacking(COPY, node, copy, loader, libraries, patchelf).catch(error => {
    throw new Error(`no copy of ${node} can be made: ${whyOf(error)}`)
  })
  const transport = await transportOf(copy, folder)
  if (transport !== 'uws') throw new Error(`${copy} does not load uWebSockets.js: ${transport}`)
  return copy
}

/** What a program chooses that this node runs in this folder: `uws`, or why it is node:http. */
async function transportOf(node: string, folder: string): Promise<string> {
  const choose = JSON.stringify(new URL('../src/front/transports/choose.js', import.meta.url).href)
  const ask = `import { choose } from ${choose}; const { why = 'uws' } = choose(); console.log(why)`
  const { stdout } = await run(node, ['--input-type=module', '--eval', ask], { cwd: folder })
  return stdout.trim()
}

await ifStarted(import.meta.url, async () => {
  const { values } = parseArgs({ options: { major: { type: 'string' } } })
  return { node: await nodeForUws(values.major === undefined ? 'lts' : Number(values.major)) }
})
