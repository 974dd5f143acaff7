import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { FLOORS } from '../../bench/gate/floors.js'
import { ATTEMPTS, judge } from '../../bench/gate/judge.js'
import {
  doubts,
  ELSEWHERE,
  floorsFile,
  LOSS,
  limitOf,
  MARGIN,
  readLimits,
  writeRuns,
} from '../../bench/gate/limits.js'

const main = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

t.test('judges by the best of all attempts', async t => {
  const [steady, late, lost, level] = judge(
    { steady: [1], late: [1.4, 1.2, 1.1], lost: [1.3, 1.2, 1.16], level: [1.15] },
    { steady: 1.15, late: 1.15, lost: 1.15, level: 1.15 },
  )
  t.same([steady!.held, late!.held, lost!.held, level!.held], [true, true, false, true])
  t.same(lost, { name: 'lost', attempts: [1.3, 1.2, 1.16], limit: 1.15, held: false })
  t.throws(() => judge({ unknown: [1] }, {}), /no limit/, 'a floor without a limit does not pass')
  t.notOk(judge({ broken: [Number.NaN] }, { broken: 1 })[0]!.held, 'nor does what is no number')
})

t.test('limits lie between noise and a loss', async t => {
  t.ok(MARGIN > 1 && MARGIN < LOSS)
  t.equal(limitOf([1, 2, 3]), 2 * MARGIN)
  t.same(doubts('x', [0.95, 1, 1.05]), [])
  t.match(doubts('x', [0.99, 1, 1.2]), [/of 3 runs without a loss 1.2 are above/])
  t.same(doubts('x', [1, 1, 1, 1, 1.2]), [], 'one in five is what three attempts are for')
  t.match(doubts('x', [0.8, 1, 1.01]), [/a loss .* from 0.8 would stay below/])
})

t.test('limits are kept for each kind of machine', async t => {
  const file = join(t.testdir(), 'floors.json')
  const now = new Date('2024-01-02T03:04:05Z')
  writeRuns(file, { counter: [1, 1.1, 1.2], json: [2] }, now, false, 'here')
  writeRuns(file, { counter: [3] }, now, false, 'there')
  t.same(readLimits(file, 'here'), {
    calibrated: true,
    machine: 'here',
    limits: { counter: limitOf([1.1]), json: limitOf([2]) },
  })
  writeRuns(file, { counter: [1.3, 1.4] }, now, true, 'here')
  t.equal(readLimits(file, 'here').limits.counter, limitOf([1.2]), 'runs are added')
  writeRuns(file, { counter: [1.5] }, now, false, 'here')
  t.equal(readLimits(file, 'here').limits.counter, limitOf([1.5]), 'or put in their place')
  t.same(
    readLimits(file, 'elsewhere'),
    {
      calibrated: false,
      machine: 'elsewhere',
      limits: { counter: limitOf([3]) * ELSEWHERE, json: limitOf([2]) * ELSEWHERE },
    },
    'a machine of no known kind gets the widest, wider',
  )
  t.match(readFileSync(file, 'utf8'), /"counter": \[1\.5\]/, 'and a person can read them')
})

t.test('the limits that CI takes', async t => {
  for (const { machine, runs } of JSON.parse(readFileSync(floorsFile, 'utf8'))) {
    t.same(Object.keys(runs).sort(), FLOORS.map(({ name }) => name).sort(), `${machine} has them all`)
    for (const [name, ratios] of Object.entries<number[]>(runs)) {
      t.ok(ratios.length >= 5, `${name} comes from repeated runs`)
      t.same(
        doubts(name, ratios),
        [],
        `runs without a loss keep to ${name}, and a loss in any of them would not`,
      )
    }
  }
})

// The whole way. A neighbour that comes or goes between calibration and gate changes a ratio by any factor that a day
// has shown, which is below two: limits are eight times what this machine does, and the slow-down is a hundred.
t.test('a deliberate slow-down fails its own floor alone', { timeout: 120_000 }, async t => {
  const file = join(t.testdir(), 'floors.json')
  writeFileSync(file, '[]')
  const counter = ['--floors', file, '--generations', '1', '--floor', 'counter']
  const floors = [...counter, '--floor', 'compressed counters']
  await bench(['--calibrate', '2', ...floors])
  const [{ runs }] = JSON.parse(readFileSync(file, 'utf8')) as [{ runs: Record<string, number[]> }]
  t.same(Object.keys(runs), ['counter', 'compressed counters'])
  for (const [name, ratios] of Object.entries(runs)) {
    t.equal(ratios.length, 2, `${name} was run as often as asked`)
    writeRuns(file, { [name]: ratios.map(ratio => ratio * 8) }, new Date(), false)
  }

  const even = await bench(['--gate', ...counter])
  t.equal(even.code, 0, even.output)
  t.notMatch(even.output, /FAILED/)

  const slow = await bench(['--gate', ...floors], { POSTMETER_BENCH_SLOWDOWN: 'counter:100' })
  t.equal(slow.code, 1, slow.output)
  const failed = slow.output.split('\n').filter(line => line.startsWith('floor '))
  t.equal(failed.length, 1, slow.output)
  t.match(
    failed[0],
    /^floor counter: (\d+\.\d+(, )?){3} times as long as plain objects, at most \d+\.\d+ is let pass; again: .*--gate --floor 'counter'$/,
  )
  t.equal(slow.output.match(/plain objects .* FAILED/)?.length, 1)
  t.equal(failed[0]!.match(/\d+\.\d+/g)!.length, ATTEMPTS + 1, 'measured again before it failed')
})

async function bench(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { output, code: code as number | null }
}
