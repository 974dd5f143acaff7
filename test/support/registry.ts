import type { Test } from 'tap'
import { DROP_REASONS, type DropReason, dropped } from '../../src/catalogue/drops.js'
import { Families, type Family } from '../../src/catalogue/families.js'
import { createRegistry, type LogEvent, type Registry, type RegistryOptions } from '../../src/index.js'
import { type Arena, openArena } from '../../src/memory/arena.js'
import * as L from '../../src/memory/layout.js'
import { stateOf, wordAt } from '../../src/memory/owner.js'

let made = 0

export interface Fresh {
  readonly registry: Registry
  /** The same memory, seen from below. */
  readonly arena: Arena
  /** What the registry said through its log hook. */
  readonly events: LogEvent[]
}

/** A registry of its own name, closed when the test ends. */
export function fresh(t: Pick<Test, 'teardown'>, options: RegistryOptions = {}): Fresh {
  const events: LogEvent[] = []
  const registry = createRegistry({
    name: `test-${process.pid}-${++made}`,
    memory: '16MiB',
    log: event => events.push(event),
    ...options,
  })
  t.teardown(() => registry.close())
  return { registry, arena: openArena(registry.handle), events }
}

/** A family as the catalogue has it. */
export function familyOf(arena: Arena, name: string): Family {
  const family = new Families(arena).get(name)
  if (family === undefined) throw new Error(`no family ${name}`)
  return family
}

/** Updates of a family dropped for a reason. */
export function drops(arena: Arena, name: string | undefined, reason: DropReason): number {
  return dropped(arena, name === undefined ? 0 : familyOf(arena, name).ref, DROP_REASONS.indexOf(reason))
}

/** States of all threads' shards, the common one left out. */
export function shardStates(arena: Arena): number[] {
  return Array.from({ length: arena.i32[L.H_SHARD_COUNT] - 1 }, (_, n) =>
    stateOf(arena.i64[arena.shards + (n + 1) * L.SHARD_WORDS + wordAt(L.SHARD_OWNER)]),
  )
}

export function shardsIn(arena: Arena, state: number): number {
  return shardStates(arena).filter(one => one === state).length
}

/** Gives out what is left of a memory, so that the next allocation fails; `but` words are left. */
export function fill(arena: Arena, but = 0): void {
  const left = arena.i32[L.H_LIMIT] - Atomics.load(arena.i32, L.H_BUMP) - but
  if (left >= L.LINE_WORDS) arena.alloc(Math.floor(left / L.LINE_WORDS) * L.LINE_WORDS)
}

/** The lines of an exposition that are samples. */
export function samples(text: string): string[] {
  return text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
}
