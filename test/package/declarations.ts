/** The declarations of the packed package, as compilers of several versions take them, in each way that they find them. */
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { type Consumer, makeConsumer } from './consumer.js'

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

/** `postmeter/mta`, where entries of a package are found: its classes are those of `postmeter`. */
const mtaProgram = `
import { type Counter, createRegistry, type Registry } from 'postmeter'
import { type MtaMetrics, mtaCatalogue, mtaMetrics, type ReadyQueueBundle } from 'postmeter/mta'
// @ts-expect-error no value of that name: mtaMetrics() makes bundles
export const made = () => new ReadyQueueBundle()
export function count(registry: Registry): ReadyQueueBundle {
  const mta: MtaMetrics = mtaMetrics(createRegistry({ name: registry.name }), { expireAfter: '1h' })
  const delivered: Counter<'service'> = mta.totalMessagesDelivered
  delivered.labels({ service: 'smtp_client' }).inc()
  mta.collect({ disks: { 'data spool': '/' }, threadPools: { spool: () => ({ size: 1, parked: 1 }) } })
  const [label]: readonly ('provider' | 'pool')[] = mtaCatalogue.queued_count_by_provider_and_pool.labelNames
  // @ts-expect-error a misspelt label
  mta.totalMessagesDelivered.labels({ servce: 'smtp_client' })
  // @ts-expect-error no such metric
  mta.totalMessagesDeliverd.inc()
  return mta.readyQueue({ service: 'a', provider: label })
}
`

const IMPORT = "import { createRegistry, getRegistry, serve } from 'postmeter'"

/** By how the compiler resolves: its flags, and the files it is given. */
const WAYS = {
  node10: [
    ['--module', 'commonjs', '--moduleResolution', 'node', '--esModuleInterop'],
    ['common.ts', 'wrong.ts'],
  ],
  node16: [
    ['--module', 'node16', '--moduleResolution', 'node16'],
    ['esm.mts', 'common.cts', 'required.cts', 'mta.mts', 'mta.cts', 'wrong.mts'],
  ],
  nodenext: [
    ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
    ['esm.mts', 'common.cts', 'required.cts', 'mta.mts', 'mta.cts', 'wrong.mts'],
  ],
  bundler: [
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
    ['esm.mts', 'common.ts', 'mta.mts', 'wrong.ts'],
  ],
} satisfies Record<string, [string[], string[]]>

export type Way = keyof typeof WAYS

/**
 * Compiles a strict program with the TypeScript that is installed in `modules`, beside the types of Node; the first of
 * `ways` checks the declarations, too.
 */
export async function tryTypes(
  t: Test,
  modules: string,
  ways: readonly Way[],
  more: readonly string[] = [],
): Promise<void> {
  const consumer = await makeConsumer(t)
  const types = join(consumer.folder, 'node_modules', '@types')
  await mkdir(types, { recursive: true })
  await symlink(join(modules, '@types/node'), join(types, 'node'))
  const write = (name: string, text: string) => writeFile(join(consumer.folder, name), text)
  for (const name of ['esm.mts', 'common.cts', 'common.ts']) await write(name, `${IMPORT}\n${program}`)
  for (const name of ['mta.mts', 'mta.cts']) await write(name, mtaProgram)
  await write(
    'required.cts',
    `import postmeter = require('postmeter')\nconst { createRegistry, getRegistry, serve } = postmeter\n${program}`,
  )
  // One mistake that is not announced: a compiler that was given nothing to check would not find it.
  for (const name of ['wrong.mts', 'wrong.ts']) {
    await write(
      name,
      `import { getRegistry } from 'postmeter'
       getRegistry().counter({ name: 'a_total', help: 'A.', labelNames: ['b'] }).labels({ c: '1' })`,
    )
  }
  for (const way of ways) {
    const [flags, files] = WAYS[way]
    // The declarations themselves are the same each way, and those of Node take seconds.
    const all = ['--skipLibCheck', String(way !== ways[0])]
    const said = await compile(consumer, modules, [...flags, ...all, ...more], files)
    const errors = said.split('\n').filter(line => /error TS/.test(line))
    t.match(errors[0], /^wrong\.m?ts\(2,\d+\): error TS/, `${way}: the one mistake is found`)
    t.same(errors.slice(1), [], `${way}: and nothing else`)
  }
}

/** What tsc has to say: '' if nothing. No browser's types are there. */
async function compile(
  consumer: Consumer,
  modules: string,
  flags: readonly string[],
  files: readonly string[],
): Promise<string> {
  const strict = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node', '--pretty', 'false']
  const checks = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']
  const tsc = join(modules, 'typescript', 'bin', 'tsc')
  return promisify(execFile)(process.execPath, [tsc, ...strict, ...checks, ...flags, ...files], {
    cwd: consumer.folder,
  }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout || `error TS: ${String(error)}`,
  )
}
