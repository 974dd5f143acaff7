/** Installs a packed tarball into a fresh project, as a user would, and sees a program of it work. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { npm } from './npm.js'

const run = promisify(execFile)

const PROGRAM = `
async function main() {
  const registry = createRegistry({ memory: '16MiB' })
  const sent = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] })
  sent.inc({ to: 'a' }, 2)
  const worker = new Worker("const { getRegistry } = require('postmeter'); getRegistry().counter({ name: 'sent_total', help: 'Sent.', labelNames: ['to'] }).inc({ to: 'a' }, 3)", { eval: true })
  await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
  const front = await serve(registry, { listen: '127.0.0.1:0' })
  const text = await (await fetch(front.url)).text()
  await front.close()
  await registry.close()
  if (!text.includes('sent_total{to="a"} 5')) throw new Error('expected sent_total of 5 in: ' + text.slice(0, 2000))
}
main().catch(error => {
  console.error(error)
  process.exit(1)
})
`

/**
 * `beside` are tarballs of packages that depend on it, by name: they are installed with it, and loaded.
 *
 * @throws Error with what was printed, if a tarball cannot be installed or a program does not work.
 */
export async function smoke(tarball: string, beside: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'postmeter-smoke-'))
  try {
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
    await npm(['install', '--prefix', folder, '--no-audit', '--no-fund', tarball, ...Object.values(beside)])
    const loading = Object.keys(beside).map(name => `require(${JSON.stringify(name)})\n`)
    const programs = {
      'beside.cjs': loading.join(''),
      'program.mjs': `import { Worker } from 'node:worker_threads'\nimport { createRegistry, serve } from 'postmeter'\n${PROGRAM}`,
      'program.cjs': `const { Worker } = require('node:worker_threads')\nconst { createRegistry, serve } = require('postmeter')\n${PROGRAM}`,
    }
    for (const [name, text] of Object.entries(programs)) {
      await writeFile(join(folder, name), text)
      await run(process.execPath, [name], { cwd: folder, timeout: 60_000 })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
