/**
 * A registry's memory that is damaged, as a stray write of one of the processes that share it does: nobody hangs, nobody
 * dies, nobody writes where it must not. Wrong counts and failed scrapes are what it costs. POSTMETER_STRESS_SECONDS says
 * how long processes live with bytes that change under them; a failure is run again with POSTMETER_SEED.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import * as L from '../../src/memory/layout.js'
import { SEED } from '../support/arbitrary.js'
import { sharedFolder } from '../support/folder.js'

const SECONDS = Number(process.env.POSTMETER_STRESS_SECONDS ?? 5)
t.comment(`POSTMETER_SEED=${SEED}`)
t.setTimeout(SECONDS * 4_000 + 170_000)

/** A process that says nothing for so long, ms, hangs: no act takes a hundredth of that. */
const PATIENCE = 60_000

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url))

/** Starts a process, and has the test fail if it is silent for too long, or ends otherwise than it should. */
function watched(t: Test, name: string, args: readonly string[], heard: (message: never) => void) {
  const child = fork(fixture(name), args, { env: { ...process.env, POSTMETER_SEED: String(SEED) } })
  let last = ''
  const silent = () => {
    t.fail(`process ${child.pid} hangs: ${last}`)
    child.kill('SIGKILL')
  }
  let timer = setTimeout(silent, PATIENCE)
  child.on('message', message => {
    clearTimeout(timer)
    timer = setTimeout(silent, PATIENCE)
    last = JSON.stringify(message)
    heard(message as never)
  })
  // Its last messages can come after its end.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code, signal]]) => {
    clearTimeout(timer)
    t.strictSame([code, signal], [0, null], `the process ends by itself; it said last: ${last}`)
  })
  t.teardown(() => void child.kill('SIGKILL'))
  return { child, ended }
}

/** Has processes change their own memory, field by field, and do all that a program does after each change. */
async function changed(t: Test, which: 'links' | 'all', parts: number, first: number): Promise<void> {
  const folder = sharedFolder(t)
  const all = [first, first + 1].map(async part => {
    let done: { done: number; fields: number; wrong: string[] } | undefined
    const args = [folder, which, String(part % parts), String(parts), String(SEED)]
    const { ended } = watched(t, 'damage', args, (message: { what?: string } & typeof done) => {
      if (message.what === undefined) done = message
    })
    await ended
    t.ok((done?.fields ?? 0) > 150, `${done?.fields} fields`)
    t.strictSame(
      done?.wrong,
      [],
      'nothing throws where a program records, and nothing of the process is changed',
    )
  })
  await Promise.all(all)
}

t.test('each link of each record, leading in a circle and out of the arena', t => changed(t, 'links', 2, 0))

t.test('any field of any record, changed to what it cannot be', t =>
  // Which of all changes are tried differs from seed to seed.
  changed(t, 'all', Math.max(6, Math.round(400 / SECONDS)), SEED),
)

/** What a victim says. */
interface Said {
  readonly beat?: number
  readonly failed?: boolean
  readonly refused?: string
  readonly event?: string
  readonly wrong?: string
}

/** How often a file is damaged before another one is taken. */
const STRIKES = 80
/** What is heard of its processes between two times. */
const ACTS = 4

/** Random numbers below n, the same for one seed. */
function randoms(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >>> 8) % n
  }
}

/**
 * Changes some bytes of a file from `begin` on: anywhere, or of what comes first, which is the header, tables, and what
 * was recorded first.
 */
function strike(descriptor: number, begin: number, size: number, below: (n: number) => number): void {
  const regions = [size - begin, L.HEADER_BYTES, 4_096, 65_536, 262_144]
  for (let n = below(12); n >= 0; n--) {
    const at = begin + below(regions[below(regions.length)]!)
    // One byte, or a whole field: a small number is more often taken for a length or a reference.
    const bytes = below(2) === 0 ? Buffer.from([below(256)]) : Buffer.alloc(4)
    if (bytes.length === 4) bytes.writeInt32LE(below(3) === 0 ? -1 : below(2 ** (1 + below(24))))
    writeSync(descriptor, bytes, 0, bytes.length, bytes.length === 4 ? at & ~3 : at)
  }
}

t.test('processes go on while random bytes of their memory change', async t => {
  const folder = sharedFolder(t)
  const below = randoms(SEED)
  const end = performance.now() + SECONDS * 1_000
  const said = { beats: 0, refused: new Map<string, number>(), damaged: 0, failed: 0, rounds: 0 }
  const messages = new EventEmitter()
  const wrong: string[] = []
  const start = (file: string) => {
    let heard = () => {}
    const began = new Promise<void>(resolve => {
      heard = resolve
    })
    const hear = (message: Said) => {
      messages.emit('message')
      if (message.failed !== undefined) said.failed++
      if (message.beat !== undefined) said.beats++
      if (message.event === 'memory-damaged') said.damaged++
      if (message.wrong !== undefined) wrong.push(message.wrong)
      if (message.refused !== undefined)
        said.refused.set(message.refused, (said.refused.get(message.refused) ?? 0) + 1)
      heard()
    }
    return { ...watched(t, 'damage-victim', [file], hear), began }
  }
  // A file that was damaged for a while has nothing left that works: then another one is taken.
  while (performance.now() < end) {
    const file = `${folder}/metrics${said.rounds++}`
    const victims = [start(file), start(file)]
    await Promise.all(victims.map(({ began }) => began))
    const descriptor = openSync(file, 'r+')
    const { size } = statSync(file)
    // Where the header is damaged nobody else comes in; where only the rest is, they meet in what is damaged.
    const begin = said.rounds % 2 === 0 ? 0 : L.HEADER_BYTES
    for (let strikes = 0; strikes < STRIKES; strikes++) {
      strike(descriptor, begin, size, below)
      // They do something with it before the next one.
      for (let n = 0; n < ACTS && victims.some(isRunning); n++) await once(messages, 'message')
      if (strikes % 40 === 20) victims.push(start(file))
    }
    closeSync(descriptor)
    await Promise.all(victims.map(victim => victim.began))
    for (const { child } of victims) stop(child)
    await Promise.all(victims.map(victim => victim.ended))
  }
  t.strictSame(wrong, [], 'nothing is thrown where a program records')
  t.ok(said.beats > 100, `${said.beats} acts in ${said.rounds} files`)
  t.ok(said.failed > 0, `${said.failed} of them failed; ${said.damaged} kinds of damage were said`)
  // A byte also says whether the registry was closed: then a later thread of the process finds none.
  const accepted = /^ERR_POSTMETER_(FILE|DAMAGED|CONFLICT|OPTION|NO_REGISTRY): /
  for (const [why, times] of said.refused) t.match(why, accepted, `${times} were refused: ${why}`)
})

function isRunning({ child }: { readonly child: ChildProcess }): boolean {
  return child.exitCode === null && child.signalCode === null
}

/** One that was refused may be ending by itself, with its channel still open on this side: how it ends is told by `ended`. */
function stop(child: ChildProcess): void {
  if (child.connected) child.send('close', () => {})
}
