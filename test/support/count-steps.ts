/** Counts the work that a call does: so a test can say that it is bounded, however busy the processors are. */
import type { Test } from 'tap'

/**
 * A function that counts the elements of Int32Arrays which a call reads, writes or has moved: of those that are made
 * from now on to the end of the test, and lie over no other memory.
 */
export function countElements(t: Pick<Test, 'teardown'>): (call: () => void) => number {
  const Real = globalThis.Int32Array
  let count = 0
  const counted = (real: Int32Array): Int32Array =>
    new Proxy(real, {
      get(target, key) {
        if (typeof key === 'string' && /^\d/.test(key)) count++
        const value = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          count += target.length
          return value.apply(target, args)
        }
      },
      set(target, key, value) {
        count++
        return Reflect.set(target, key, value, target)
      },
    })
  globalThis.Int32Array = new Proxy(Real, {
    construct(target, args: [number]) {
      const real = new target(...args)
      return typeof args[0] === 'number' ? counted(real) : real
    },
  })
  t.teardown(() => {
    globalThis.Int32Array = Real
  })
  return call => {
    count = 0
    call()
    return count
  }
}

/** How often a call loads from shared memory through Atomics. */
export function loadsIn(call: () => void): number {
  return atomicsIn('load', call)
}

/** How often it clears bits there. */
export function andsIn(call: () => void): number {
  return atomicsIn('and', call)
}

function atomicsIn(name: 'load' | 'and', call: () => void): number {
  const atomics = Atomics as unknown as Record<string, (...args: unknown[]) => unknown>
  const real = atomics[name]
  let count = 0
  atomics[name] = (...args) => {
    count++
    return real(...args)
  }
  try {
    call()
  } finally {
    atomics[name] = real
  }
  return count
}

/** How many entries the largest Map has that a call adds to. */
export function largestMapIn(call: () => void): number {
  const { set } = Map.prototype
  let largest = 0
  Map.prototype.set = function (this: Map<unknown, unknown>, ...args: [unknown, unknown]) {
    set.apply(this, args)
    largest = Math.max(largest, this.size)
    return this
  } as typeof set
  try {
    call()
  } finally {
    Map.prototype.set = set
  }
  return largest
}
