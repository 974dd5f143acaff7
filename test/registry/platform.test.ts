/** Without WebAssembly the import works, and calls say what is missing. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const INDEX = new URL('../../src/index.js', import.meta.url).href

/** What these calls throw or reject with, in a process of its own, or in a Worker of it. */
async function errors(flags: readonly string[], before: string, inWorker: boolean): Promise<string[]> {
  const program = `
    ${before}
    const { createRegistry, getRegistry } = await import(${JSON.stringify(INDEX)})
    for (const call of [createRegistry, getRegistry, () => getRegistry('other'), () => getRegistry({})]) {
      try { call(); console.log('none') } catch (error) { console.log(error.code, error.message) }
    }`
  const source = inWorker
    ? `import { Worker } from 'node:worker_threads'
       new Worker(new URL('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(program))}))`
    : program
  const args = [...flags, '--input-type=module', '--eval', source]
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: '' } })
  return stdout.trim().split('\n')
}

for (const inWorker of [false, true]) {
  for (const [what, flags, before] of [
    ['--jitless', ['--jitless'], ''],
    ['no global', [], 'delete globalThis.WebAssembly'],
  ] as const) {
    t.test(`${what}, ${inWorker ? 'in a Worker' : 'in the main thread'}`, async t => {
      const said = await errors(flags, before, inWorker)
      const calls = said.filter(line => !line.startsWith('Warning:'))
      t.equal(calls.length, 4)
      for (const line of calls) {
        t.match(
          line,
          /^ERR_POSTMETER_PLATFORM postmeter needs WebAssembly, .* without --jitless .*NODE_OPTIONS/,
        )
      }
    })
  }
}
