/**
 * How the library's objects look in logs. Their fields lead to the shared memory, which JSON.stringify() and
 * console.log() would write out: that takes seconds at 4 MiB. So each object shows a few facts in their place. The
 * views on the memory show only their length, for loggers that copy the fields of what they are given.
 */

/** The key that node:util looks for. It is written out, so that node:util need not be imported. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')

export type Inspect = (value: unknown, options: object) => string

/** The name of a class and the facts of an object, as util.inspect() shows an object of a class. */
export function inspected(name: string, facts: object, options: object, inspect: Inspect): string {
  return `${name} ${inspect(facts, options)}`
}

/** `counter` as `Counter`. */
export function capitalized(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
}

type View = Float64Array | Int32Array | BigInt64Array | Uint8Array

function lengthOnly(this: View): string {
  return `[${this.length} elements of shared memory]`
}

/**
 * Makes logs show only the length of a view on the shared memory. All views get the same properties, so that the code
 * that reads them sees one hidden class.
 */
export function quiet<V extends View>(view: V): V {
  return Object.defineProperties(view, { toJSON: { value: lengthOnly }, [INSPECT]: { value: lengthOnly } })
}
