/**
 * Processes of a service that count, and are killed at any moment, scraped all the while by one that is not; and
 * processes that meet in a file, of which none is spared, and which start again.
 * POSTMETER_STRESS_SECONDS says how long; 5 if left out.
 *
 * Allowed: of each process that was killed, the call that it was in counted or not. What a process has begun and done is
 * in a file, which outlives it.
 * Forbidden: any other count lost or told twice; a count seen to fall; a shard or an attachment that is not given back.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import * as L from '../../src/memory/layout.js'
import { SEED } from '../support/arbitrary.js'
import { sharedFolder } from '../support/folder.js'
import { Process } from '../support/process.js'
import { fresh, samples, shardsIn } from '../support/registry.js'
import { until } from '../support/until.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 5)
const PROCESSES = 3
const LABEL_SETS = 200

t.test(`processes are killed for ${SECONDS} s`, { timeout: (SECONDS + 120) * 1000 }, async t => {
  const below = chance(t)
  const { registry, arena } = fresh(t, { shared: true, memory: '64MiB', sweepEvery: 100 })
  const folder = t.testdir()
  let lives = 0
  let running = true
  let begun = 0
  let done = 0
  async function live(): Promise<void> {
    while (running) {
      const path = join(folder, `${lives++}`)
      const child = new Process(t)
      // Some die while they start, or attach.
      const attached = child
        .call('get', registry.name)
        .then(() => child.call('countForEver', 'c_total', path, LABEL_SETS))
      const early = below(4) === 0
      if (!early) await attached
      else attached.catch(() => {})
      const wait = below(early ? 120 : 60)
      await new Promise(resolve => setTimeout(resolve, wait))
      await child.kill()
      const [its, whole] = logged(path)
      begun += its
      done += whole
      if (its - whole > 1) t.fail(`${its - whole} calls were in flight in one process`)
    }
  }
  const all = Array.from({ length: PROCESSES }, live)
  const seen = new Map<string, number>()
  let scrapes = 0
  let fell = 0
  async function scrape(): Promise<void> {
    for (const line of samples(await registry.metrics())) {
      const at = line.lastIndexOf(' ')
      const value = Number(line.slice(at + 1))
      if (value < (seen.get(line.slice(0, at)) ?? 0)) fell++
      seen.set(line.slice(0, at), value)
    }
    scrapes++
    // The processes are heard and killed from here, too.
    await new Promise(resolve => setImmediate(resolve))
  }
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end || lives < 4 * PROCESSES) await scrape()
  running = false
  await Promise.all(all)
  await scrape()
  t.equal(fell, 0, 'no count fell')
  const counted = [...seen.values()].reduce((sum, value) => sum + value, 0)
  t.comment(`${lives} processes, ${done} calls, ${scrapes} scrapes`)
  t.ok(counted >= done && counted <= begun, `${counted} counted, of ${done} to ${begun}`)
  await until('no shard of the dead lives', () => shardsIn(arena, L.SHARD_LIVE) === 0)
  t.match(await registry.metrics({ selfMetrics: true }), /^postmeter_processes 1$/m)
  t.ok(shardsIn(arena, L.SHARD_ORPHAN) <= PROCESSES + 1, 'no more shards than processes at once')
})

t.test(
  `all processes of a file are killed, again and again, for ${SECONDS} s`,
  { timeout: (SECONDS + 120) * 1000 },
  async t => {
    const below = chance(t)
    const file = `${sharedFolder(t)}/metrics`
    const folder = t.testdir()
    let [lives, begun, done, waves] = [0, 0, 0, 0]
    async function live(): Promise<void> {
      const path = join(folder, `${lives++}`)
      const child = new Process(t)
      const meeting = child
        .call('create', { name: 'a', memory: '64MiB', sweepEvery: 100, file })
        .then(() => child.call('countForEver', 'c_total', path, LABEL_SETS))
      // Some die while they make it, attach, or begin it anew.
      const early = below(2) === 0
      if (!early) await meeting
      else meeting.catch(() => {})
      await new Promise(resolve => setTimeout(resolve, below(early ? 160 : 40)))
      await child.kill()
      const [its, whole] = logged(path)
      begun += its
      done += whole
    }
    const end = performance.now() + SECONDS * 1000
    while (performance.now() < end || waves < 4) {
      await Promise.all(Array.from({ length: 1 + below(PROCESSES) }, live))
      waves++
    }
    const last = new Process(t)
    await last.call('create', { name: 'a', memory: '64MiB', sweepEvery: 100, file })
    await last.call('inc', 'c_total', '0')
    const counted = samples(await last.call<string>('metrics')).reduce(
      (sum, line) => sum + Number(line.split(' ').at(-1)),
      -1,
    )
    t.comment(`${waves} waves, ${lives} processes, ${done} calls`)
    t.ok(counted >= done && counted <= begun, `${counted} counted, of ${done} to ${begun}`)
  },
)

/** Numbers below another one, by the seed, which is said. */
function chance(t: Test): (most: number) => number {
  t.comment(`POSTMETER_SEED=${SEED}`)
  let state = SEED | 1
  return most => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d)
    return (state >>> 8) % most
  }
}

/** How many calls a process has begun, and done. */
function logged(path: string): [begun: number, done: number] {
  try {
    const bytes = readFileSync(path)
    return [bytes.length >= 8 ? bytes.readDoubleLE(0) : 0, bytes.length >= 16 ? bytes.readDoubleLE(8) : 0]
  } catch {
    return [0, 0]
  }
}
