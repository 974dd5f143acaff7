/**
 * Attachments: which processes use a memory that several share, and what becomes of those that died. test/model/processes
 * explores this protocol, with processes stopped and killed at every step.
 *
 * Each attachment has a record in the memory, and the lock of one byte of the file, through a description (an open) of
 * the file of its own:
 *
 *     byte 0          the gate: one process at a time attaches
 *     byte n          the nth record's, from 1 on, as long as its process lives
 *
 *     free ─the gate and its byte are had─▶ a number ─▶ … ─all is given back─▶ free ─▶ the byte is given back
 *                                             └─ its process ends; who has its byte then buries it ─┘
 *
 * Owners in the memory are named by the number, which no other attachment ever gets (memory/owner.ts).
 *
 * Assumes: The system gives a process' locks back after its last store, however it ends, and not before: a process that
 * is stopped keeps them. A lock belongs to a description, and two tries through one do not exclude each other. The
 * description that has an attachment's lock is closed on exec, lies over no memory, and lives as long as the process: so
 * only main threads attach, whose end is that of the process.
 * Guarantees: An attachment whose process lives is never buried: whoever buries has its byte, through a description made
 * for that burial, which the system closes with the thread that made it. Two do not bury one at once. After a death amid
 * a burial, the next begins it anew: each step can be done twice. A record is free only when nothing in the memory names
 * its attachment. What a dead process counted stays. Nobody waits for another process without a bound. One that is
 * stopped amid a burial holds back what the dead one held back, which is sweeps and the reuse of memory, until it runs or
 * dies.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { makeRoom } from '../lifecycle/room.js'
import { endSweepOfAttachment, isSweepOwn } from '../lifecycle/sweep.js'
import type { Arena } from '../memory/arena.js'
import * as L from '../memory/layout.js'
import { forgetAttachment } from '../memory/lineage.js'
import { ownerOf, stateOf, wordAt } from '../memory/owner.js'
import { orphanAttachment } from '../memory/shards.js'
import { addWide } from '../memory/wide-counter.js'
import { pathOf, type SystemCalls, unavailable } from './system-calls.js'

const GATE = 0
/** How long the gate is waited for, ms: its holder may be stopped. */
const GATE_PATIENCE = 2_000
/** The longest wait between two tries, ms: many that start at once must leave the processors to the one that has it. */
const GATE_PAUSE = 16

/** The Int32 where a record begins. */
function recordAt(arena: Arena, slot: number): number {
  return (arena.attachments + (slot - 1) * L.ATTACHMENT_WORDS) * 2
}

function slotCount(arena: Arena): number {
  return arena.shardCount - 1
}

/** The number of the attachment that has a record; 0 if none has. */
function numberIn(arena: Arena, slot: number): number {
  return Atomics.load(arena.i32, recordAt(arena, slot) + L.ATTACHMENT_NUMBER)
}

/**
 * Attaches this process. `now` is in ms since the registry was made; the gate is waited for as long as `patience`, ms.
 * @throws Error if as many processes are attached as threads may record, or if another one holds the gate for too long.
 */
export function attach(calls: SystemCalls, arena: Arena, now: number, patience = GATE_PATIENCE): void {
  const lock = calls.open(pathOf(arena.i32[L.P_DESCRIPTOR]))
  if (lock === undefined) throw unavailable('the memory cannot be opened a second time')
  try {
    passGate(calls, lock, patience)
    enter(calls, arena, lock, now)
  } catch (error) {
    calls.close(lock)
    throw error
  }
}

/**
 * The second half of attaching: `lock`, which is the attachment's from then on, has passed the gate, and lets it go.
 * @throws Error if as many processes are attached as threads may record.
 */
export function enter(calls: SystemCalls, arena: Arena, lock: number, now: number): void {
  const { i32 } = arena
  const slot = freeSlot(calls, arena, lock)
  const at = recordAt(arena, slot)
  i32[at + L.ATTACHMENT_PROCESS] = process.pid
  i32[at + L.ATTACHMENT_SINCE] = now
  const number = Atomics.add(i32, L.H_NUMBERS, 1) + 1
  Atomics.store(i32, at + L.ATTACHMENT_NUMBER, number)
  calls.unlock(lock, GATE, 1)
  i32[L.P_LOCK] = lock
  i32[L.P_SLOT] = slot
  i32[L.P_ATTACHMENT] = number
}

/** @throws Error if another process holds the gate for too long. */
export function passGate(calls: SystemCalls, lock: number, patience = GATE_PATIENCE): void {
  const end = performance.now() + patience
  for (const wait of pauses()) {
    if (calls.lock(lock, GATE, 1)) return
    if (performance.now() > end)
      throw unavailable('another process has been attaching for too long: it may be stopped')
    wait()
  }
}

/** Waits, in this thread, that become longer, and differ from process to process. */
export function* pauses(random = Math.random): Generator<() => void, never> {
  const nobody = new Int32Array(new SharedArrayBuffer(4))
  for (let pause = 1; ; pause = Math.min(pause * 2, GATE_PAUSE))
    yield () => void Atomics.wait(nobody, 0, 0, pause * (0.5 + random()))
}

/** Whether no process is attached. If so, `lock`, which has passed the gate, has the bytes of all from then on. */
export function tryAll(calls: SystemCalls, lock: number, shardCount: number): boolean {
  return calls.lock(lock, 1, shardCount - 1)
}

/** Buries all attachments. Call with the bytes of all. */
export function buryAll(arena: Arena): void {
  for (let slot = 1; slot <= slotCount(arena); slot++) bury(arena, slot)
}

/** Gives back the bytes that tryAll() got, but that of the first attachment, which is then its own. */
export function keepFirst(calls: SystemCalls, lock: number, shardCount: number): void {
  if (shardCount > 2) calls.unlock(lock, 2, shardCount - 2)
}

/** A record that nobody has, whose byte `lock` has from now on. */
function freeSlot(calls: SystemCalls, arena: Arena, lock: number): number {
  // Those that are free first: a burial takes time.
  for (const isFree of [true, false]) {
    for (let slot = 1; slot <= slotCount(arena); slot++) {
      if ((numberIn(arena, slot) === 0) !== isFree || !calls.lock(lock, slot, 1)) continue
      bury(arena, slot)
      return slot
    }
  }
  throw unavailable(
    `${slotCount(arena)} processes use the registry, as many as threads (option "maxThreads")`,
  )
}

/**
 * Buries the attachments whose processes have died; returns how many. Costs one open and a system call for each attached
 * process. Can be called from any thread of an attached process, at any time, also by several at once.
 */
export function buryDead(calls: SystemCalls, arena: Arena): number {
  const others = othersIn(arena)
  if (others.length === 0) return 0
  const { descriptor, close } = openToBury(calls, pathOf(arena.i32[L.P_DESCRIPTOR]))
  let buried = 0
  try {
    // A lock that is granted on another file proves no death: the program may have closed this one's number by mistake,
    // and have opened something else since.
    if (!isFileOf(arena, descriptor)) return 0
    for (const slot of others) {
      if (!calls.lock(descriptor, slot, 1)) continue
      if (bury(arena, slot)) buried++
      calls.unlock(descriptor, slot, 1)
    }
  } finally {
    close()
  }
  return buried
}

/**
 * The numbers of attachments whose processes have died, and how many live. For who only reads, and cannot bury them:
 * whoever buries must not ask, but have the byte.
 */
export function deadAttachments(calls: SystemCalls, arena: Arena): { dead: Set<number>; living: number } {
  const dead = new Set<number>()
  let living = 0
  for (let slot = 1; slot <= slotCount(arena); slot++) {
    const number = numberIn(arena, slot)
    // Read again: who detaches clears it before it gives the byte back.
    if (number === 0) continue
    if (calls.isLocked(arena.i32[L.P_DESCRIPTOR], slot)) living++
    else if (numberIn(arena, slot) === number) dead.add(number)
  }
  return { dead, living }
}

/** Whether it is the file that lies over this memory: it has the registry's id, which is random. */
function isFileOf(arena: Arena, descriptor: number): boolean {
  const id = new Uint8Array(16)
  const at = L.H_ID * 4
  return (
    readSync(descriptor, id, 0, id.length, at - L.HEADER_AT) === id.length &&
    id.every((byte, n) => byte === arena.u8[at + n])
  )
}

/**
 * An open of the file that ends with the calling thread at the latest: one that is terminated amid a burial must leave
 * no lock behind. Node closes what a Worker has open, but does not open it under --permission without --allow-fs-write.
 * The main thread, whose end is that of the process, needs no permission.
 */
function openToBury(calls: SystemCalls, path: string): { descriptor: number; close: () => void } {
  if (isMainThread) {
    const descriptor = calls.open(path)
    if (descriptor === undefined) throw unavailable('the memory cannot be opened a second time')
    return { descriptor, close: () => calls.close(descriptor) }
  }
  const descriptor = openSync(path, 'r+')
  return { descriptor, close: () => closeSync(descriptor) }
}

/** The records that other processes have. */
function othersIn(arena: Arena): number[] {
  const others: number[] = []
  for (let slot = 1; slot <= slotCount(arena); slot++) {
    if (slot !== arena.i32[L.P_SLOT] && numberIn(arena, slot) !== 0) others.push(slot)
  }
  return others
}

/**
 * Gives back all that the attachment has whose record this is; false if it is free. The caller has its byte, so the
 * process runs no more instructions.
 */
function bury(arena: Arena, slot: number): boolean {
  // Read under the byte: it may be another one's since.
  const number = numberIn(arena, slot)
  if (number === 0) return false
  orphanAttachment(arena, number)
  // It may have asked other threads to let go of a series, and died before it raised H_REQUESTS.
  Atomics.add(arena.i32, L.H_REQUESTS, 1)
  endSweepOfAttachment(arena, number)
  forgetAttachment(arena, number)
  addWide(arena, L.H_BURIED)
  Atomics.store(arena.i32, recordAt(arena, slot) + L.ATTACHMENT_NUMBER, 0)
  makeRoom(arena)
  return true
}

/**
 * Gives up this process' attachment, if none of its threads owns anything any more, nor is about to; false if one does.
 * Call once P_CLOSED is set.
 */
export function detach(calls: SystemCalls, arena: Arena): boolean {
  const { i32, attachment } = arena
  const lock = Atomics.load(i32, L.P_LOCK)
  if (lock === 0) return true
  if (Atomics.load(i32, L.P_TAKING) !== 0 || ownsShards(arena) || isSweepOwn(arena)) return false
  if (Atomics.compareExchange(i32, L.P_LOCK, lock, 0) !== lock) return true
  forgetAttachment(arena, attachment)
  Atomics.store(i32, recordAt(arena, i32[L.P_SLOT]) + L.ATTACHMENT_NUMBER, 0)
  // With it the byte is given back.
  calls.close(lock)
  return true
}

function ownsShards(arena: Arena): boolean {
  for (let index = 1; index < arena.shardCount; index++) {
    const word = Atomics.load(arena.i64, arena.shards + index * L.SHARD_WORDS + wordAt(L.SHARD_OWNER))
    const state = stateOf(word)
    if (state !== L.SHARD_LIVE && state !== L.SHARD_MOVING) continue
    if (ownerOf(word).attachment === arena.attachment) return true
  }
  return false
}
