/**
 * As many one-label series as the largest scrape that kumod's authors report, registered by four threads at once, a
 * part of them by all four.
 *
 * Allowed: any order. Forbidden: a series missing or exposed twice, a count lost, more memory than the README says.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import * as L from '../../src/memory/layout.js'
import type { Share } from '../fixtures/scale-worker.js'
import { fresh, shardsIn } from '../support/registry.js'

const SERIES = 2_162_586
const THREADS = 4
const COMMON = 100_000

t.setTimeout(170_000)

t.test(`${SERIES} series from ${THREADS} threads`, { timeout: 160_000 }, async t => {
  const { registry, arena, events } = fresh(t, { memory: '1GiB' })
  const each = Math.ceil((SERIES - COMMON) / THREADS)
  const threads = Array.from({ length: THREADS }, (_, n) => {
    const from = COMMON + n * each
    const share: Share = { name: registry.name, from, to: Math.min(from + each, SERIES), common: COMMON }
    return new Worker(new URL('../fixtures/scale-worker.js', import.meta.url), { workerData: share })
  })
  await Promise.all(threads.map(thread => once(thread, 'message')))
  t.equal(shardsIn(arena, L.SHARD_LIVE), THREADS)
  await Promise.all(threads.map(thread => thread.terminate()))

  t.equal(arena.i32[L.H_SERIES], SERIES)
  const seen = new Uint8Array(SERIES)
  const wrong: string[] = []
  const line = /^scale_total\{queue="queue (\d+)"\} (\d+)$/
  let rest = ''
  for await (const part of registry.stream()) {
    const lines = (rest + Buffer.from(part).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const one of lines) {
      if (one.startsWith('#')) continue
      const match = line.exec(one)
      const n = Number(match?.[1])
      const right = match !== null && Number(match[2]) === (n < COMMON ? 2 * THREADS : 2)
      if (!right && wrong.length < 20) wrong.push(one)
      seen[n]++
    }
  }
  t.equal(rest, '')
  t.strictSame(wrong, [])
  t.notOk(
    seen.some(times => times !== 1),
    'each is exposed, once',
  )
  // Text in steps of 16 bytes; the common ones have cells in all four threads, by pages.
  const bytes = arena.usedBytes() / SERIES
  t.comment(`${bytes.toFixed(1)} bytes a series, texts included`)
  t.ok(bytes < 96 + 32 + (THREADS - 1) * 8)
  t.strictSame(events, [])
})
