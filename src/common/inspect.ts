/**
 * How the library's objects look in logs. Their fields lead to the shared memory, which JSON.stringify() and console.log()
 * would write out: seconds at 4 MiB. So each tells its facts in their place, and the views on the memory their length,
 * for loggers that copy the fields of what they are given.
 */

/** What node:util calls it; taken by its name, so that nothing is imported. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')

export type Inspect = (value: unknown, options: object) => string

/** A class' name and an object's facts, as util.inspect() tells an object of a class. */
export function inspected(name: string, facts: object, options: object, inspect: Inspect): string {
  return `${name} ${inspect(facts, options)}`
}

/** `counter` as `Counter`. */
export function capitalized(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
}

type View = Float64Array | Int32Array | BigInt64Array | Uint8Array

function told(this: View): string {
  return `[${this.length} elements of shared memory]`
}

/** Has a view on the shared memory told by its length. All views alike: what reads them is to see one kind. */
export function quiet<V extends View>(view: V): V {
  return Object.defineProperties(view, { toJSON: { value: told }, [INSPECT]: { value: told } })
}
