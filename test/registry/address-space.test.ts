/** Address space: how much is reserved for what, and what happens where it is limited. Nothing may end the process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { LogEvent } from '../../src/index.js'
import { type AddressSpace, addressSpace, claimThreads } from '../../src/memory/address-space.js'

// Each of these processes starts up to five threads.
t.setTimeout(180_000)

const program = fileURLToPath(new URL('../fixtures/address-space.js', import.meta.url))
const FLAG = '--disable-wasm-trap-handler'
const MIB = 1024
const skip = process.platform !== 'linux' && 'no /proc to read the reserved address space from'

interface Step {
  readonly step: string
  /** KiB. */
  readonly reserved: number
  readonly error?: { readonly code: string; readonly message: string }
  readonly events: readonly LogEvent[]
}

interface Run {
  readonly ended: string
  readonly steps: Record<string, Step>
  readonly said: string
}

/** Runs the program with at most so many KiB of address space. */
async function run(flags: readonly string[], limit: number | 'unlimited', memory = '64MiB'): Promise<Run> {
  const command = `ulimit -v ${limit} && exec "$0" "$@"`
  const child = spawn('bash', ['-c', command, process.execPath, ...flags, program], {
    env: { ...process.env, NODE_OPTIONS: '', MEMORY: memory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let said = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    out += part
  })
  child.stderr.setEncoding('utf8').on('data', part => {
    said += part
  })
  const [code, signal] = await once(child, 'close')
  const steps = out
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map((line): Step => JSON.parse(line))
  return { ended: String(signal ?? code), steps: Object.fromEntries(steps.map(one => [one.step, one])), said }
}

t.test('a registry takes one reservation, and serving and compressing take none', { skip }, async t => {
  for (const flags of [[], [FLAG]]) {
    const { ended, steps, said } = await run(flags, 'unlimited')
    t.equal(ended, '0', said)
    const errors = Object.values(steps).filter(({ error }) => error !== undefined)
    t.same(errors, [])
    const grown = (from: string, to: string) => (steps[to].reserved - steps[from].reserved) / MIB
    const bare = grown('begin', 'memory')
    // With the flag, V8 reserves what was asked for: then it is the registry's own, and its workspaces.
    const one = Math.max(bare, 64)
    for (const [from, to] of [
      ['memory', 'registry'],
      ['registry', 'further registry'],
    ]) {
      t.ok(
        grown(from, to) > one - 8 && grown(from, to) < one + 128,
        `${to}: ${grown(from, to)} of ${one} MiB`,
      )
    }
    const threads = grown('record', 'metrics')
    t.ok(threads < 4_096, `front, two pools: ${threads} MiB`)
    t.comment(
      `${flags.join('')} memory ${bare}, serve ${grown('record', 'serve')}, all threads ${threads} MiB`,
    )
  }
})

t.test(
  'under a limit nothing ends the process: what does not fit is refused, or does without',
  { skip },
  async t => {
    const { steps } = await run([FLAG], 'unlimited')
    // So much there is before anything can be refused.
    const before = steps.memory.reserved
    const outcomes = new Set<string>()
    const cases: (readonly [flags: readonly string[], more: number, memory: string])[] = [
      [[], 400, '512MiB'],
      [[FLAG], 400, '512MiB'],
      [[FLAG], 400, '16MiB'],
      [[FLAG], 1_300, '16MiB'],
      [[FLAG], 1_700, '16MiB'],
      [[FLAG], 2_600, '16MiB'],
      [[], 10_600, '16MiB'],
      [[], 12_300, '16MiB'],
      [[], 22_500, '16MiB'],
    ]
    for (const [flags, more, memory] of cases) {
      const { ended, steps, said } = await run(flags, before + more * MIB, memory)
      const name = `${more} MiB more, ${memory}${flags.length > 0 ? ', with the flag' : ''}`
      t.equal(ended, '0', `${name}: ${said.slice(0, 2_000)}`)
      for (const { step, error, events } of Object.values(steps)) {
        const alone = events.filter(({ code }) => code === 'pool-failed')
        for (const { message } of alone) t.match(message, /encoded by the thread that serves.*needs 1280 MiB/)
        if (alone.length > 0) outcomes.add(`${step} alone`)
        // That one is only to measure with.
        if (error === undefined || step === 'memory') continue
        outcomes.add(`${step} refused`)
        t.equal(error.code, 'ERR_POSTMETER_MEMORY', `${name}: ${step}: ${error.message}`)
        t.ok(error.message.includes('option "memory"') && error.message.includes(FLAG), 'says what to do')
        t.ok(['registry', 'further registry', 'serve'].includes(step), `${name}: only what begins something`)
      }
      t.comment(`${name}: ${[...outcomes].join(', ')}`)
    }
    for (const outcome of ['registry refused', 'serve refused', 'scrapes alone', 'stream alone']) {
      t.ok(outcomes.has(outcome), outcome)
    }
  },
)

t.test('a front that waits for its address claims nothing more for its thread', { skip }, async t => {
  const program = fileURLToPath(new URL('../fixtures/front-claims.js', import.meta.url))
  const bare = (await run([FLAG], 'unlimited')).steps.memory.reserved
  // Enough for the first front and the second one, but not for a claim beside.
  const command = `ulimit -v ${bare + 1_300 * MIB} && exec "$0" "$@"`
  const child = spawn('bash', ['-c', command, process.execPath, FLAG, program], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    out += part
  })
  t.same(await once(child, 'close'), [0, null])
  t.same(out.trim().split('\n'), ['waits', 'second listens', 'first listens'])
})

t.test('what a limit leaves is read where it stands, and unknown elsewhere', async t => {
  const files = (limits: string, status: string) => (path: string) => {
    if (path === '/proc/self/limits') return limits
    if (path === '/proc/self/status') return status
    throw new Error(`no ${path}`)
  }
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax cpu time              unlimited            unlimited            seconds\nMax address space         ${soft.padEnd(21)}unlimited            bytes\n`
  const status = 'Name:\tnode\nVmPeak:\t 2000000 kB\nVmSize:\t 1000000 kB\n'
  t.same(addressSpace(files(limits('2048000000'), status)), { limit: 2_048_000_000, left: 1_024_000_000 })
  t.same(addressSpace(files(limits('1000'), status)), { limit: 1_000, left: 0 }, 'a limit that was set later')
  t.equal(addressSpace(files(limits('unlimited'), status)), undefined)
  t.equal(addressSpace(files(limits('2048000000'), 'Name:\tnode\n')), undefined)
  t.equal(addressSpace(files('', '')), undefined)
  t.equal(
    addressSpace(() => undefined),
    undefined,
    'no such file',
  )
})

t.test('what is claimed and has not begun is no longer left', async t => {
  const of = (left: number) => (): AddressSpace => ({ limit: 4_096 * 2 ** 20, left: left * 2 ** 20 })
  const claim = (threads: number, spare: number, left: number) => {
    const claimed = claimThreads('it', threads, spare, of(left))
    if ('lacking' in claimed) throw new Error(claimed.lacking)
    return claimed.begun
  }
  const two = claim(2, 1, 3 * 640)
  t.throws(
    () => claim(1, 0, 3 * 640 - 1),
    /it needs 640 MiB of address space, and the limit of 4096 MiB .* leaves 639 MiB: /,
  )
  const one = claim(1, 0, 3 * 640)
  two()
  two()
  t.throws(() => claim(1, 1, 3 * 640 - 1), /leaves 1279 MiB/)
  one()
  claim(1, 1, 2 * 640)()
  t.hasProp(
    claimThreads('it', 1_000, 0, () => undefined),
    'begun',
    'without a limit there is always room',
  )
})
