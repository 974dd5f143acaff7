/** Holds what a reader found against what it had to find: the first difference is an error. */
import type { ExpectedExemplar } from '../support/expected.js'

type Pairs = readonly (readonly [string, string])[]

class Difference extends Error {
  override readonly name = 'Difference'
}

/** What t.rejects is to see of one. */
export const DIFFERENCE = { name: 'Difference' }

export function differ(where: string, is: unknown, expected: unknown): never {
  const show = (value: unknown) =>
    typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : JSON.stringify(value)
  throw new Difference(`${where}: ${show(is)}, and not ${show(expected)}`)
}

/** Labels in any order; a name that is there twice differs. */
export function labelKey(labels: Pairs): string {
  return JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function same(where: string, is: unknown, expected: unknown): void {
  if (!Object.is(is, expected)) differ(where, is, expected)
}

/** Each of `found` beside the one of `expected` with the same key; none is left over, and none is there twice. */
export function pairUp<A, B>(
  where: string,
  found: readonly A[],
  keyOfFound: (one: A) => string,
  expected: readonly B[],
  keyOfExpected: (one: B) => string,
): [A, B, string][] {
  const left = new Map(expected.map(one => [keyOfExpected(one), one]))
  if (left.size !== expected.length) throw new Error(`${where}: the model has two of a kind`)
  const pairs = found.map((one): [A, B, string] => {
    const key = keyOfFound(one)
    const other = left.get(key)
    if (other === undefined) differ(where, key, [...left.keys()].slice(0, 5))
    left.delete(key)
    return [one, other, `${where} ${key}`]
  })
  if (left.size > 0) differ(where, 'nothing', [...left.keys()].slice(0, 5))
  return pairs
}

export interface FoundExemplar {
  readonly labels: Pairs
  readonly value: number
  /** Seconds. */
  readonly time: number
}

/** When the model was recorded: from and to, in seconds. */
export type Time = readonly [number, number]

export function sameTime(where: string, is: number, [from, to]: Time): void {
  // Of milliseconds, spelled in seconds.
  if (!(is >= from - 0.002 && is <= to + 0.002)) differ(where, is, `${from} to ${to}`)
}

export function sameExemplar(
  where: string,
  is: FoundExemplar | undefined,
  expected: ExpectedExemplar | undefined,
  time: Time,
): void {
  if (is === undefined || expected === undefined) {
    if (is !== expected) differ(`${where}, exemplar`, is, expected)
    return
  }
  same(`${where}, exemplar`, labelKey(is.labels), labelKey(Object.entries(expected.labels)))
  same(`${where}, exemplar`, is.value, expected.value)
  sameTime(`${where}, exemplar`, is.time, time)
}
