/**
 * Programs that others wrote for prom-client or client_js, from npm: the same program, with the same requests, exposes on
 * postmeter's stand-ins what it exposes on the packages that they stand in for.
 *
 * npm puts the stand-ins in their place by `overrides`, beside the lock that the program has, as it does for a user who
 * adds them. What it needs it has in its cache, from where it installed this package and the programs.
 */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { needPinned } from '../../scripts/need-pinned.js'
import { npm, pack } from '../../scripts/npm.js'
import { packStandIns, STAND_INS } from '../../scripts/stand-ins.js'
import { link, repository } from '../package/consumer.js'
import { freePort } from '../support/free-port.js'
import { getBody } from '../support/get-body.js'
import { neededOrSkip } from '../support/need.js'
import { until } from '../support/until.js'
import { Program } from './program.js'

const programs = fileURLToPath(new URL('../../../test/wild/prom-client-users/', import.meta.url))

interface Session {
  readonly method: string
  readonly path: string
  readonly zone?: string
}
const SESSION: readonly Session[] = [
  { method: 'GET', path: '/users/ann' },
  { method: 'GET', path: '/users/bob', zone: 'north' },
  { method: 'GET', path: '/users/ann' },
  { method: 'POST', path: '/orders?what=tea' },
  { method: 'POST', path: '/orders?what=a%20%22pot%22%0A' },
  { method: 'POST', path: '/orders?what=tea', zone: 'north' },
  { method: 'GET', path: '/missing' },
  { method: 'GET', path: '/broken' },
]
const CLUSTER_SESSION = SESSION.filter(({ path }) => path !== '/broken')

t.test('programs on what stands in for prom-client and client_js', async t => {
  const modules = await neededOrSkip(t, 'programs for prom-client', () => needPinned('prom-client-users'))
  if (modules === undefined) return
  const [real, replaced] = await Promise.all([folderOf(t), folderOf(t)])
  await symlink(modules, join(real, 'node_modules'))
  await installReplaced(dirname(modules), replaced)

  t.test('npm has put them in their place, for all that ask for them', async t => {
    for (const standIn of STAND_INS) {
      const nameIn = async (folder: string) =>
        JSON.parse(await readFile(join(folder, 'node_modules', standIn.for, 'package.json'), 'utf8')).name
      t.equal(await nameIn(real), standIn.for)
      t.equal(await nameIn(replaced), standIn.name)
    }
    const { dependencies } = JSON.parse(await npm(['ls', '--all', '--json', '--prefix', replaced]))
    t.match(dependencies['express-prom-bundle'].dependencies['prom-client'], { version: '15.1.3' })
    t.match(dependencies['fastify-metrics'].dependencies['@prometheus-io/client'], { version: '0.16.1' })
  })

  for (const { name, program, line } of [
    {
      name: 'express-prom-bundle',
      program: 'express.js',
      line: /^orders_duration_seconds_count\{.*\} 3$/m,
    },
    {
      name: 'fastify-metrics',
      program: 'fastify.js',
      line: /^http_request_summary_seconds_count\{.*\} 2$/m,
    },
  ]) {
    t.test(name, async t => {
      const [expected, found] = await Promise.all(
        [real, replaced].map(async folder => {
          const port = await freePort()
          const running = start(t, folder, program, { PORT: String(port) })
          await running.said(/^listening$/)
          return answersOf(port, SESSION, `http://127.0.0.1:${port}/metrics`)
        }),
      )
      t.equal(found!.type, expected!.type, 'the same content type')
      t.strictSame(masked(found!.text), masked(expected!.text), 'the same exposition')
      t.match(expected!.text, /^orders_total\{what="tea"\} 2$/m)
      t.match(expected!.text, line)
    })
  }

  t.test('express-prom-bundle under node:cluster', async t => {
    const run = async (folder: string, env: NodeJS.ProcessEnv) => {
      const [port, metrics] = [await freePort(), await freePort()]
      const running = start(t, folder, 'cluster.js', {
        ...env,
        PORT: String(port),
        METRICS_PORT: String(metrics),
      })
      await running.said(/^listening$/)
      return answersOf(port, CLUSTER_SESSION, `http://127.0.0.1:${metrics}/metrics`)
    }
    const expected = await run(real, {})
    for (const line of ['worker_sum 3', 'worker_min 1', 'worker_max 2', 'orders_total{what="tea"} 2'])
      t.ok(expected.text.split('\n').includes(line), `prom-client has ${line}`)
    for (const [how, env] of [
      ['each worker with a registry of its own', {}],
      ['a registry that they share', { POSTMETER_PROM_CLIENT_SHARED: '1' }],
    ] as const) {
      const found = await run(replaced, env)
      t.equal(found.type, expected.type, `the same content type, ${how}`)
      t.strictSame(sorted(found.text), sorted(expected.text), `the same families, ${how}`)
    }
  })
})

async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postmeter-users-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(programs, folder, { recursive: true })
  return folder
}

/** The programs' package.json with what a user writes into it, and the lock that they have, installed by npm. */
async function installReplaced(pinned: string, folder: string): Promise<void> {
  const packed = join(folder, 'packed')
  await mkdir(packed)
  const { version, license } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  const { filename } = await pack(repository, packed)
  const standIns = await packStandIns(packed, { version, license })
  const manifest = JSON.parse(await readFile(join(pinned, 'package.json'), 'utf8'))
  const dependencies: Record<string, string> = {
    ...manifest.dependencies,
    postmeter: `file:${join(packed, filename)}`,
  }
  for (const [name, tarball] of Object.entries(standIns)) dependencies[name] = `file:${tarball}`
  const overrides = Object.fromEntries(Object.keys(standIns).map(name => [name, `$${name}`]))
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ ...manifest, type: 'commonjs', dependencies, overrides }),
  )
  await cp(join(pinned, 'package-lock.json'), join(folder, 'package-lock.json'))
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  await npm(['install', '--prefix', folder, ...flags])
  // The packages of which postmeter takes what there is; of those with binaries the one that is built here.
  await link('koffi', folder)
}

function start(t: Test, folder: string, program: string, settings: NodeJS.ProcessEnv): Program {
  const { TAP: _tap, ...env } = process.env
  return new Program(t, process.execPath, [program], { cwd: folder, env: { ...env, ...settings } })
}

/** What a program exposes when it has answered a session, and counted all of it. */
async function answersOf(
  port: number,
  session: readonly Session[],
  metrics: string,
): Promise<{ type: string; text: string }> {
  for (const one of session) await send(port, one)
  // A program counts a request when its answer is on the way, which its client may have by then.
  await until('all requests are counted', async () => counted(await getBody(metrics)) === session.length)
  const answer = await fetch(metrics)
  return { type: answer.headers.get('content-type')!, text: await answer.text() }
}

function counted(text: string): number {
  const counts = text.matchAll(/^http_request_duration_seconds_count\{.*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

function send(port: number, { method, path, zone }: Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = zone === undefined ? {} : { 'x-zone': zone }
    request({ host: '127.0.0.1', port, method, path, headers, agent: false }, response => {
      response.on('error', reject).on('end', resolve).resume()
    })
      .on('error', reject)
      .end()
  })
}

/** Lines of an exposition, without what differs between two runs of one program on one client. */
function masked(text: string): string[] {
  return text
    .split('\n')
    .filter(line => !/^nodejs_(gc_duration_seconds|active_\w+)\w*\{(kind|type|le)=/.test(line))
    .map(line =>
      /^(?!nodejs_version_info)(process_|nodejs_)|^\w+_sum\{|\bquantile="/.test(line)
        ? line.replace(/ \S+$/, ' <measured>')
        : line,
    )
}

/** Families, and the lines of each, in an order that does not depend on which worker answers first. */
function sorted(text: string): string[][] {
  const families = text.trim().split('\n\n')
  return families.sort().map(family => masked(family).sort())
}
