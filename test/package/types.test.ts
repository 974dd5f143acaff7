import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { type Consumer, link, makeConsumer, repository } from './consumer.js'

const program = `
export async function main(): Promise<string> {
  const registry = createRegistry({ name: 'typed', memory: '64MiB', labels: { node: 'mx1' } })
  const sent = registry.counter({ name: 'sent_total', help: 'Sent.', labelNames: ['service', 'domain'] })
  sent.labels({ service: 'smtp', domain: 'a.example' }).inc()
  sent.labels('smtp', 'a.example').inc(2)
  sent.inc({ service: 'smtp', domain: 'a.example' }, 2)
  const depth = registry.gauge({ name: 'depth', help: 'Queued.', aggregate: 'max' })
  depth.set(3)
  depth.dec()
  const latency = registry.histogram({ name: 'latency_seconds', help: 'Times.', labelNames: ['hop'], buckets: [0.1, 1] })
  const stop = latency.labels({ hop: 'sink' }).startTimer()
  const seconds: number = stop()
  latency.observe({ hop: 'sink' }, seconds)
  depth.inc({}, 2)
  depth.labels().set(depth.labels({}) === depth.labels() ? 1 : 0)
  const wait = registry.gauge({ name: 'wait', help: 'W.', labelNames: ['hop'], collect() { this.set({ hop: 'a' }, 1) } })
  wait.startTimer({ hop: 'a' })({ hop: 'b' })
  const front = await serve(getRegistry('typed'), { listen: '127.0.0.1:0', trustedHosts: ['127.0.0.1'] })
  const url: string = front.url
  await front.close()
  await registry.close()

  // @ts-expect-error a misspelt label
  sent.labels({ servce: 'smtp', domain: 'a.example' })
  // @ts-expect-error a label missing
  sent.labels({ service: 'smtp' })
  // @ts-expect-error a misspelt label in the family's form
  sent.inc({ service: 'smtp', domian: 'a.example' })
  // @ts-expect-error a label too many
  sent.labels({ service: 'smtp', domain: 'a.example', node: 'x' })
  // @ts-expect-error a label too many, in the family's form
  sent.inc({ service: 'smtp', domain: 'a.example', node: 'x' })
  // @ts-expect-error a label where there are none
  depth.labels({ hop: 'x' })
  // @ts-expect-error a label where there are none, in the family's form
  depth.set({ hop: 'x' }, 1)
  // @ts-expect-error text is no amount
  depth.inc('5')
  // @ts-expect-error a list is no labels
  depth.inc([])
  // @ts-expect-error an object as label value
  sent.labels({ service: {}, domain: 'a.example' })
  // @ts-expect-error a counter cannot be set
  sent.labels('smtp', 'a.example').set(1)
  // @ts-expect-error no such aggregate
  registry.gauge({ name: 'bad', help: 'Bad.', aggregate: 'average' })
  // @ts-expect-error buckets are numbers
  registry.histogram({ name: 'bad_seconds', help: 'Bad.', buckets: ['1'] })
  // @ts-expect-error no such option
  createRegistry({ memmory: '64MiB' })
  return url
}
`

t.test('declarations serve a strict program, as ES module and as CommonJS', async t => {
  const consumer = await makeConsumer(t)
  await link('@types/node', consumer.folder)
  const write = (name: string, text: string) => writeFile(join(consumer.folder, name), text)
  await write('esm.mts', `import { createRegistry, getRegistry, serve } from 'postmeter'\n${program}`)
  await write(
    'common.cts',
    `import postmeter = require('postmeter')\nconst { createRegistry, getRegistry, serve } = postmeter\n${program}`,
  )
  // One mistake that is not announced: a compiler that was given nothing to check would not tell it.
  await write(
    'wrong.mts',
    `import { getRegistry } from 'postmeter'
     getRegistry().counter({ name: 'a_total', help: 'A.', labelNames: ['b'] }).labels({ c: '1' })`,
  )
  const said = await compile(consumer, 'esm.mts', 'common.cts', 'wrong.mts')
  const errors = said.split('\n').filter(line => /: error TS/.test(line))
  t.match(errors[0], /^wrong\.mts\(2,\d+\): error TS/, 'the one mistake is told')
  t.same(errors.slice(1), [], 'and nothing else')
})

/** What tsc has to say: '' if nothing. Libraries' declarations are checked too, and no browser's types are there. */
async function compile(consumer: Consumer, ...files: string[]): Promise<string> {
  const flags = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', 'node']
  const checks = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck', 'false']
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  return promisify(execFile)(process.execPath, [tsc, ...flags, ...checks, ...files], {
    cwd: consumer.folder,
  }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout || String(error),
  )
}
