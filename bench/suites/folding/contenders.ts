import { readFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { Families } from '../../../src/catalogue/families.js'
import { openArena } from '../../../src/memory/arena.js'
import { takeSlot } from '../../../src/memory/slots.js'
import type { Contender, Contenders } from '../../harness/contender.js'
import { HISTOGRAM_LINES, type Kind } from '../../work/expositions.js'
import { filledRegistry } from '../../work/fill.js'

export const FOLDED = ['counters', 'histograms'] as const
export const SHARDS = [1, 4] as const

export const folded = (kind: Kind, shards: number) => `${kind}, ${shards} shard${shards === 1 ? '' : 's'}`
export const added = (kind: Kind) => `bare sum, ${kind}`

export const contenders: Contenders = Object.fromEntries(
  FOLDED.flatMap((kind): [string, Contenders[string]][] => [
    ...SHARDS.map((shards): [string, Contenders[string]] => [
      folded(kind, shards),
      size => folding(kind, size, shards),
    ]),
    [added(kind), size => adding(kind, size)],
  ]),
)

interface Folding {
  foldFamily(slot: number, family: number): number
}

/** One call is one line of text. */
async function folding(kind: Kind, size: number, shards: number): Promise<Contender> {
  const { registry, lines } = await filledRegistry(kind, size, shards)
  const arena = openArena(registry.handle)
  const module = new WebAssembly.Module(readFileSync(new URL('../../folding.wasm', import.meta.url)))
  const env = { memory: arena.memory }
  const { foldFamily } = new WebAssembly.Instance(module, { env }).exports as unknown as Folding
  const slot = takeSlot(arena, threadId)
  const families = new Families(arena).sorted().filter(family => !family.self)
  return {
    calls: lines,
    batch: () => families.reduce((sum, family) => sum + foldFamily(slot, family.ref), 0),
  }
}

/** As many numbers, one after the other, in JavaScript. */
function adding(kind: Kind, size: number): Contender {
  // A histogram's count is not kept.
  const cells = new Float64Array(
    kind === 'histograms' ? (size / HISTOGRAM_LINES) * (HISTOGRAM_LINES - 1) : size,
  ).fill(1)
  return {
    calls: size,
    batch: () => {
      let sum = 0
      for (let at = 0; at < cells.length; at++) sum += cells[at]!
      return sum
    },
  }
}
