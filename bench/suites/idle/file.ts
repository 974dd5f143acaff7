import { fstatSync } from 'node:fs'
import { openArena, rangeOffset } from '../../../src/memory/arena.js'
import type { RegistryHandle } from '../../../src/memory/handle.js'
import * as L from '../../../src/memory/layout.js'

const PAGE = 4_096

/** What the file of a registry that processes share takes, in bytes. */
export interface FileInUse {
  /** What the system has given it. */
  readonly taken: number
  /** Its tables, and what has been given out to families, series, cells and text, in whole pages. */
  readonly used: number
}

export function fileInUse(registry: object): FileInUse {
  const arena = openArena((registry as { handle: RegistryHandle }).handle)
  const { i32 } = arena
  const from = Math.floor(rangeOffset(arena.hash) / PAGE)
  const upTo = (word: number) => Math.ceil(rangeOffset(word) / PAGE)
  return {
    taken: fstatSync(i32[L.P_DESCRIPTOR]!).blocks * 512,
    used: PAGE * (upTo(i32[L.H_BUMP]!) + upTo(arena.slots) - from),
  }
}
