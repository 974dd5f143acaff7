import { ftruncateSync } from 'node:fs'
import { type SystemCalls, systemCalls } from '../../src/processes/system-calls.js'
import type { Form } from '../harness/member.js'

const PAGE = 65_536

/** Memory that all that record can write to beside any library, and that outlives each of them. */
export interface CommonMemory {
  readonly buffer: SharedArrayBuffer
  /** What another one opens it by: threads are given the buffer itself, processes a path. */
  readonly handle: CommonHandle
}

export type CommonHandle = SharedArrayBuffer | string

/** Why processes can have none here; undefined if they can. */
export function whyNoCommonMemory(): string | undefined {
  try {
    systemCalls()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

export function makeCommonMemory(form: Form, bytes: number): CommonMemory {
  if (form === 'threads') {
    const buffer = new SharedArrayBuffer(bytes)
    return { buffer, handle: buffer }
  }
  const calls = systemCalls()
  const descriptor = calls.memoryFile('bench')
  if (descriptor === undefined) throw new Error('the system refuses a file in memory')
  ftruncateSync(descriptor, Math.ceil(bytes / PAGE) * PAGE)
  return {
    buffer: laidOver(calls, bytes, descriptor),
    handle: `/proc/${process.pid}/fd/${descriptor}`,
  }
}

export function openCommonMemory(handle: CommonHandle, bytes: number): SharedArrayBuffer {
  if (typeof handle !== 'string') return handle
  const calls = systemCalls()
  const descriptor = calls.open(handle)
  if (descriptor === undefined) throw new Error(`${handle} cannot be opened`)
  return laidOver(calls, bytes, descriptor)
}

/** A WebAssembly memory begins at a page, which a typed array's own need not. */
function laidOver(calls: SystemCalls, bytes: number, descriptor: number): SharedArrayBuffer {
  const pages = Math.ceil(bytes / PAGE)
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const address = calls.addressOf(new Uint8Array(buffer))
  if (!calls.layOver(address, pages * PAGE, descriptor, true))
    throw new Error('the system refuses to share memory')
  return buffer as unknown as SharedArrayBuffer
}
