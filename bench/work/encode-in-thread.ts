import { threadId } from 'node:worker_threads'
import { Families } from '../../src/catalogue/families.js'
import { Plan } from '../../src/exposition/plan.js'
import { spanBytes } from '../../src/exposition/span.js'
import type { Format } from '../../src/exposition/types.js'
import type { Registry } from '../../src/index.js'
import { loadKernel } from '../../src/kernel/loader.js'
import { openArena } from '../../src/memory/arena.js'
import { takeSlot } from '../../src/memory/slots.js'

/**
 * All that a scrape does, span by span, in this thread and into one slot that is used again and again: no pool, no
 * socket, so that it can be set beside what other libraries do in theirs. Gives the bytes written at each call; `taken`
 * gets each span.
 */
export function encoderInThread(
  registry: Registry,
  format: Format,
  prefix: string,
  taken: (span: Uint8Array) => void = () => {},
): () => number {
  const arena = openArena(registry.handle)
  const kernel = loadKernel(arena)
  const families = new Families(arena)
  const slot = takeSlot(arena, threadId)
  if (slot === 0) throw new Error('no free slot')
  return () => {
    const plan = new Plan(arena, kernel, families.sorted(), {
      format,
      prefix,
      selfMetrics: false,
    })
    let bytes = 0
    while (!plan.done) {
      plan.next(slot, arena.slotText)
      kernel.encode(slot)
      const span = spanBytes(arena, slot)
      bytes += span.length
      taken(span)
    }
    return bytes
  }
}
