// Suffixes: what stands between label text and value in the line of a bucket or a quantile, spelled for each format.
import { address } from './record'
import { Family, Suffix } from './records'

/** One spelling of a suffix, as it is in a Suffix: a reference to text, and its bytes. */
@unmanaged
export class Spelling {
  text: u32
  bytes: i32
}

/** How a format spells a family's first suffix. */
export function firstSpelling(family: Family, openMetrics: bool): Spelling {
  const first = address(family.suffixes)
  return changetype<Spelling>(first + (openMetrics ? offsetof<Suffix>('openmetrics') : offsetof<Suffix>('text')))
}

/** How it spells the next one. */
// @ts-ignore: decorator
@inline
export function nextSpelling(spelling: Spelling): Spelling {
  return changetype<Spelling>(changetype<usize>(spelling) + offsetof<Suffix>())
}

/** Bytes of a spelling: no more than was planned for. */
// @ts-ignore: decorator
@inline
export function suffixBytes(family: Family, bytes: i32): i32 {
  return <i32>min(<u32>bytes, <u32>family.suffixMax)
}

// @ts-ignore: decorator
@inline
export function firstSuffix(family: Family): Suffix {
  return changetype<Suffix>(address(family.suffixes))
}

// @ts-ignore: decorator
@inline
export function nextSuffix(suffix: Suffix): Suffix {
  return changetype<Suffix>(changetype<usize>(suffix) + offsetof<Suffix>())
}
