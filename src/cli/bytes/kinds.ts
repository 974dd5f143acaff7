/** Bytes that mean something in an exposition, and kinds of them. */
export const TAB = 0x09
export const LF = 0x0a
export const SPACE = 0x20
export const QUOTE = 0x22
export const HASH = 0x23
export const COMMA = 0x2c
export const EQUALS = 0x3d
export const OPEN = 0x7b
export const BACKSLASH = 0x5c
export const CLOSE = 0x7d

/** Kinds of bytes. */
export const LABEL = 1
export const NAME = 2
export const DIGIT = 4
/** Ends or interrupts a label value. */
export const STOP = 8
/** Ends a number. */
export const END = 16
export const KINDS = new Uint8Array(256)
for (const c of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_')
  KINDS[c.charCodeAt(0)]! |= LABEL | NAME
for (const c of '0123456789') KINDS[c.charCodeAt(0)]! |= LABEL | NAME | DIGIT
KINDS[0x3a]! |= NAME
for (const c of [QUOTE, BACKSLASH, LF]) KINDS[c]! |= STOP
for (const c of [SPACE, TAB, LF]) KINDS[c]! |= END

/** Whether a known name stands there, and ends there. */
export function startsWith(bytes: Uint8Array, at: number, known: Uint8Array, kind: number): boolean {
  const { length } = known
  for (let n = 0; n < length; n++) if (bytes[at + n] !== known[n]) return false
  return (KINDS[bytes[at + length]!]! & kind) === 0
}

export function isSame(bytes: Uint8Array, at: number, other: number, length: number): boolean {
  for (let n = 0; n < length; n++) if (bytes[at + n] !== bytes[other + n]) return false
  return true
}
