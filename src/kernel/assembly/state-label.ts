// The label that distinguishes the states of a stateset: OpenMetrics 1.0, 'StateSet', has it called as the family is, prefix
// and all. So it is in all formats, as labels are part of a series' identity.
import { KIND_STATESET, MAX_PREFIX_BYTES } from './layout'
import { address, ownProcess } from './record'
import { Family, Slot } from './records'

const COLON = 0x3a
const UNDERSCORE = 0x5f
const QUOTE = 0x22
const EQUALS = 0x3d

/** Bytes of the prefix that stand before the first of a series' own labels. */
export function labelPrefix(slot: Slot, family: Family): i32 {
  return family.kind == KIND_STATESET && fits(slot, family) ? slot.prefixBytes : 0
}

/** The most that it can be. */
export function mostLabelPrefix(family: Family): i32 {
  return family.kind == KIND_STATESET ? MAX_PREFIX_BYTES : 0
}

/** Whether a stateset's whole name is no label name, or another label's: it keeps its own without the prefix then, and is a gauge. */
export function isMisfit(slot: Slot, family: Family): bool {
  return family.kind == KIND_STATESET && !fits(slot, family)
}

/** No colon, not `__`, which is reserved, and no label that there is already. */
function fits(slot: Slot, family: Family): bool {
  const bytes = slot.prefixBytes
  if (bytes == 0) return true
  const prefix = slot.prefix
  for (let n = 0; n < bytes; n++) if (load<u8>(prefix + n) == COLON) return false
  const name = address(family.name)
  if (load<u8>(prefix) == UNDERSCORE && load<u8>(bytes > 1 ? prefix + 1 : name) == UNDERSCORE) return false
  const length = family.nameBytes
  // The definition has label names in quotes; whatever else it has so is as good a reason.
  const definition = address(family.definition)
  return (
    !has(definition, family.definitionBytes, prefix, bytes, name, length, QUOTE) &&
    !has(address(ownProcess().defaults), ownProcess().defaultsBytes, prefix, bytes, name, length, EQUALS)
  )
}

/** Whether a text has prefix and name together, and this byte behind them, before its last byte. */
function has(text: usize, bytes: i32, prefix: usize, prefixBytes: i32, name: usize, nameBytes: i32, end: i32): bool {
  const whole = prefixBytes + nameBytes
  for (let n = 0; n < bytes - whole; n++) {
    const at = text + n
    if (load<u8>(at + whole) != end || isNameByte(text, n)) continue
    if (memory.compare(at, prefix, prefixBytes) == 0 && memory.compare(at + prefixBytes, name, nameBytes) == 0) return true
  }
  return false
}

/** Whether what stands before the nth byte goes on in it: it is a letter, a digit or `_`. */
function isNameByte(text: usize, n: i32): bool {
  if (n == 0) return false
  const c = load<u8>(text + n - 1)
  return c == UNDERSCORE || (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a)
}
