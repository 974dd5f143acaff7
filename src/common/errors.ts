/**
 * Errors for mistakes of the program. They are thrown in the call that made the mistake, and name the option or label,
 * and the value. A value of the wrong kind is a TypeError; one of the right kind that is out of range is a RangeError.
 *
 * Guarantees: to show a value takes bounded work whatever it is, and runs no code of the program: no getter, no
 * toJSON(), no trap of a Proxy. The values can be caches, buffers or this library's own children, passed by mistake.
 */
// Not node:util, because an import of it reads all its exports: on some Nodes that opens the process's output.
import types from 'node:util/types'
import { visible } from './visible.js'

/**
 * What kind of mistake it was: `code` of each error that a call throws or rejects with. Codes stay the same from
 * release to release; messages do not. Errors of the system keep their own codes (`EADDRINUSE`).
 */
export type ErrorCode =
  /** An option is unknown, of the wrong kind, or out of range. */
  | 'ERR_POSTMETER_OPTION'
  /** A label is missing or unknown, or its value is no text. */
  | 'ERR_POSTMETER_LABEL'
  /** The metric does not accept the value. */
  | 'ERR_POSTMETER_VALUE'
  /** A call that is not possible there: an argument of another kind, remove() of what cannot be removed. */
  | 'ERR_POSTMETER_CALL'
  /** It was registered, or made, with other options before. */
  | 'ERR_POSTMETER_CONFLICT'
  /** The registry was closed. */
  | 'ERR_POSTMETER_CLOSED'
  /** There is no registry of that name in this thread. */
  | 'ERR_POSTMETER_NO_REGISTRY'
  /** The front's thread could not start. */
  | 'ERR_POSTMETER_FRONT'
  /** The thread of a push could not start. */
  | 'ERR_POSTMETER_PUSH'
  /** A file of the package is not there: it was bundled, or replaced while the program runs. */
  | 'ERR_POSTMETER_FILES'
  /** The system refused the memory, or has too little address space left for a thread. */
  | 'ERR_POSTMETER_MEMORY'
  /** A registry cannot be shared with other processes there, or cannot be found from this one. */
  | 'ERR_POSTMETER_SHARED'
  /** The file in which processes share a registry cannot be made, or must not be used. */
  | 'ERR_POSTMETER_FILE'
  /** What is recorded cannot be read: a process that shares the registry has written where it must not. */
  | 'ERR_POSTMETER_DAMAGED'
  /** There is no WebAssembly (`node --jitless`), or the processor is of a kind that it does not run on. */
  | 'ERR_POSTMETER_PLATFORM'

const OPTION = 'ERR_POSTMETER_OPTION'

export function plainError(code: ErrorCode, message: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(message, options), { code })
}

const DAMAGED = 'what is recorded is damaged: '

/** That what is recorded cannot be what was written: see memory/damage.ts. */
export function damaged(why: string, cause?: unknown): Error {
  return plainError('ERR_POSTMETER_DAMAGED', DAMAGED + why, cause === undefined ? undefined : { cause })
}

/** Whether an error says so. One that another thread sent has no code any more. */
export function isDamage(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith(DAMAGED)
}

/** Whether an error of this library says by a code what is wrong, and is no damage. */
export function isCoded(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && code.startsWith('ERR_POSTMETER_') && !isDamage(error)
}

export function typeError(code: ErrorCode, message: string): TypeError {
  return Object.assign(new TypeError(message), { code })
}

export function rangeError(code: ErrorCode, message: string): RangeError {
  return Object.assign(new RangeError(message), { code })
}

const MOST = 120
const MOST_THROWN = 1_000

/** A value as an error message shows it: short and quoted. Never throws. */
export function show(value: unknown): string {
  return cut(isList(value) ? spellList(value) : spell(value), MOST)
}

function isList(value: unknown): value is unknown[] {
  // Checked first, because Array.isArray() throws for a Proxy that was revoked.
  return !types.isProxy(value) && Array.isArray(value)
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3).toWellFormed()}...` : text
}

function spell(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'function':
      return 'a function'
    case 'bigint':
      return value > -(10n ** 100n) && value < 10n ** 100n ? `${value}n` : 'a bigint'
    case 'symbol':
      return `Symbol(${visible((value.description ?? '').slice(0, MOST))})`
    case 'object':
      return value === null ? 'null' : spellObject(value)
    default:
      return String(value)
  }
}

function quote(text: string): string {
  return visible(JSON.stringify(text.slice(0, MOST + 1)))
}

/** Shows only the class: what an object holds can be large, and reading it can run any code. */
function spellObject(value: object): string {
  if (types.isProxy(value)) return '[object Proxy]'
  return isList(value) ? '[...]' : `[object ${visible(className(value))}]`
}

/** The first elements, as many as fit. */
function spellList(list: readonly unknown[]): string {
  let text = ''
  for (let n = 0; n < list.length && text.length <= MOST; n++) {
    // A getter is not called.
    const element: unknown = Object.getOwnPropertyDescriptor(list, n)?.value
    text += `${n === 0 ? '' : ','}${spell(element)}`
  }
  return `[${text}]`
}

function className(value: object): string {
  const prototype: object | null = Object.getPrototypeOf(value)
  const made = own(prototype, 'constructor')
  const name = typeof made === 'function' ? own(made, 'name') : undefined
  return typeof name === 'string' && name !== '' ? name.slice(0, MOST) : 'Object'
}

/** A property that can be read without running any code. */
function own(value: object | null, key: string): unknown {
  if (value === null || types.isProxy(value)) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

/**
 * What was thrown, which need not be an Error. If it has a message, shows its name and message, for which it reads
 * them; else as show().
 */
export function thrown(error: unknown): string {
  if (typeof error === 'string') return cut(error, MOST_THROWN)
  if (typeof error === 'object' && error !== null && !isList(error)) {
    try {
      const { name, message } = error as Error
      if (typeof message === 'string') {
        const of = typeof name === 'string' ? name : className(error)
        return cut(message === '' ? of : `${of}: ${message}`, MOST_THROWN)
      }
    } catch {
      // A getter threw: show only the class.
    }
  }
  return show(error)
}

/** `option "listen": "x" is not an address` as a TypeError. */
export function badOption(option: string, value: unknown, why: string): TypeError {
  return typeError(OPTION, `option "${option}": ${show(value)} ${why}`)
}

/** As badOption, for a value of the right kind that is out of range. */
export function outOfRange(option: string, value: unknown, why: string): RangeError {
  return rangeError(OPTION, `option "${option}": ${show(value)} ${why}`)
}

/** Whether its own keys are names, and not indices, of which there may be millions. */
export function isNamed(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isList(value) && !ArrayBuffer.isView(value)
}

/** Whether it may be an object of labels: no Map, no Date, nothing boxed. Never throws, whatever its class says of itself. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  try {
    return Object.prototype.toString.call(value) === '[object Object]'
  } catch {
    // A getter or a trap of the program threw, or it is a Proxy that was revoked.
    return false
  }
}

/**
 * Refuses options that do not exist, so that a misspelt one is not silently ignored. Refuses also what cannot have
 * options.
 */
export function knownOptions(call: string, options: unknown, known: readonly string[]): void {
  if (!isNamed(options)) throw typeError(OPTION, `${call}: options ${show(options)} are no object`)
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw typeError(OPTION, `${call}: option ${show(key)} is not known; there are ${known.join(', ')}`)
    }
  }
}
