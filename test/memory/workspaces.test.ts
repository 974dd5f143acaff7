/** Workspaces: each span that is compressed has one for itself, whoever died with another. */
import t from 'tap'
import { type Arena, createArena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { workspaceBytes } from '../../src/memory/workspace-size.js'
import { giveWorkspace, takeWorkspace } from '../../src/memory/workspaces.js'

function arenaOf(bytes: number): Arena {
  const limits = { maxThreads: 1, maxLabelBytes: 1, maxSeries: 0 }
  return createArena({ bytes, ...limits, now: 0, started: 0, hashKey: [0, 0] })
}

function slotsOf(arena: Arena): number[] {
  return Array.from({ length: L.SLOT_COUNT }, (_, n) => arena.slots + n * arena.slotWords)
}

t.test('they lie behind what an arena shows, each for itself, in memories of every size', async t => {
  for (const bytes of [
    L.MIN_MEMORY_BYTES,
    16 * 2 ** 20,
    2 ** 28,
    L.MAX_MEMORY_BYTES - L.WASM_PAGE_BYTES,
    L.MAX_MEMORY_BYTES,
  ]) {
    const arena = arenaOf(bytes)
    const { byteLength } = arena.memory.buffer
    const size = workspaceBytes(arena.i32[L.P_SLOT_TEXT])
    const taken = slotsOf(arena).map(slot => takeWorkspace(arena, slot))
    t.ok(arena.u8.length <= bytes && byteLength <= L.MAX_MEMORY_BYTES, `${bytes} bytes`)
    if (bytes < L.MAX_MEMORY_BYTES / 2)
      t.equal(arena.u8.length, bytes, 'all that was asked for is the registry')
    else t.ok(bytes - arena.u8.length < 2 ** 26, 'nearly all that was asked for is')
    t.same(
      taken,
      taken.map((_, n) => arena.u8.length + n * size),
      'the lowest is taken first',
    )
    t.ok(taken.at(-1)! + size <= byteLength, 'and the last one fits')
  }
})

t.test('the next span in a slot has what a thread that died there left', async t => {
  const arena = arenaOf(L.MIN_MEMORY_BYTES)
  const slots = slotsOf(arena)
  const first = takeWorkspace(arena, slots[0])
  const left = takeWorkspace(arena, slots[1])
  giveWorkspace(arena, first)
  t.equal(takeWorkspace(arena, slots[1]), left, 'though a lower one is free')
  const taken = slots.map(slot => takeWorkspace(arena, slot))
  t.equal(new Set(taken).size, L.SLOT_COUNT, 'so all find one')
  for (const at of taken) giveWorkspace(arena, at)
  t.equal(takeWorkspace(arena, slots[7]), first, 'and given back, the lowest is the next again')
})
