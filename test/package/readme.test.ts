/** README's programs, extracted as a reader copies them, work as they stand. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createRegistry, serve } from '../../src/index.js'
import { freePort } from '../support/free-port.js'
import { until } from '../support/until.js'
import { makeConsumer, repository } from './consumer.js'

const readme = readFileSync(join(repository, 'README.md'), 'utf8')

/** The block of code whose first line names a file. */
function program(name: string): string {
  const found = [...readme.matchAll(/^```js\n(\/\/ ([\w.]+)[^\n]*\n.*?)^```/gms)].find(
    ([, , file]) => file === name,
  )
  if (found === undefined) throw new Error(`README.md has no program "// ${name}"`)
  return found[1]
}

t.test('main.js and worker.js count, serve, move, and end in order', async t => {
  const consumer = await makeConsumer(t)
  const port = await freePort()
  writeFileSync(join(consumer.folder, 'package.json'), '{ "type": "module" }')
  const main = program('main.js')
  t.ok(main.includes('127.0.0.1:8000'))
  writeFileSync(join(consumer.folder, 'main.js'), main.replace('127.0.0.1:8000', `127.0.0.1:${port}`))
  writeFileSync(join(consumer.folder, 'worker.js'), program('worker.js'))
  const child = spawn(process.execPath, ['main.js'], { cwd: consumer.folder })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  t.equal(String(line), `metrics at http://127.0.0.1:${port}/metrics\n`)
  const received = async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    return Number(/^mail_received_total\{node="mx1",service="smtp"\} (\d+)$/m.exec(text)?.[1] ?? 0)
  }
  await until('the figures move', async () => (await received()) > 0)
  const before = await received()
  await until('and go on', async () => (await received()) > before)
  child.kill('SIGTERM')
  t.same(await ended(child), [0, null], 'it ends by itself')
})

t.test('the test of a reader passes', async t => {
  const consumer = await makeConsumer(t)
  writeFileSync(join(consumer.folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(consumer.folder, 'mail.test.js'), program('mail.test.js'))
  const { stdout } = await consumer.node('--test', '--test-reporter=tap', 'mail.test.js')
  t.match(stdout, /^# pass 1$/m)
})

t.test('each option of createRegistry and serve stands in its table, and no other', async t => {
  const registry = createRegistry({ memory: '4MiB' })
  t.teardown(() => registry.close())
  const wrong = { none: 1 } as object
  const calls: [name: string, call: () => unknown][] = [
    ['createRegistry', () => createRegistry(wrong)],
    ['serve', () => serve(registry, wrong)],
  ]
  for (const [name, call] of calls) {
    const { message } = await Promise.resolve()
      .then(call)
      .then(raise, (error: Error) => error)
    const known = /; there are (.+)$/.exec(message)![1]!.split(', ')
    const table = new RegExp(`^\`${name}\`\n\n((?:\\|.*\n)+)`, 'm').exec(readme)![1]!
    const listed = [...table.matchAll(/^\|(.+?)\|/gm)]
      .flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)`/g)])
      .map(([, option]) => option)
    t.same(listed.toSorted(), known.toSorted(), name)
  }
})

function raise(): never {
  throw new Error('it was not refused')
}

async function ended(child: ChildProcess): Promise<[number | null, string | null]> {
  return (await once(child, 'exit')) as [number | null, string | null]
}
