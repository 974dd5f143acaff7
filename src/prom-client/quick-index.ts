/**
 * From label values as a program gives them, numbers as numbers, to children: a Map for each label, one in the other.
 *
 * Guarantees: it has few entries, because V8's hash of a string cannot be trusted with values that senders choose: label
 * sets beyond those are looked up elsewhere. An entry with a child that can record no more is never given out.
 */
import type { Child } from '../instruments/metric.js'

const MOST = 512

/** What is known of a label set. */
export class Entry<C extends Child> {
  readonly child: C
  /** What `labels()` gives out for it. */
  handle: object | undefined = undefined

  constructor(child: C) {
    this.child = child
  }
}

type Node<C extends Child> = Map<unknown, Node<C> | Entry<C>>

export class QuickIndex<C extends Child> {
  readonly #names: readonly string[]
  readonly #root: Node<C> = new Map()
  #entries = 0

  constructor(names: readonly string[]) {
    this.#names = names
  }

  /** Of an object with all labels and no others. */
  get(labels: Record<string, unknown>): Entry<C> | undefined {
    const names = this.#names
    let node: Node<C> | Entry<C> | undefined = this.#root
    for (let n = 0; n < names.length; n++) {
      node = (node as Node<C>).get(labels[names[n]])
      if (node === undefined) return undefined
    }
    return count(labels) === names.length ? this.#live(node) : undefined
  }

  /** Of a value for each label, in order. */
  of(values: readonly unknown[]): Entry<C> | undefined {
    if (values.length !== this.#names.length) return undefined
    let node: Node<C> | Entry<C> | undefined = this.#root
    for (let n = 0; n < values.length; n++) {
      node = (node as Node<C>).get(values[n])
      if (node === undefined) return undefined
    }
    return this.#live(node)
  }

  #live(node: Node<C> | Entry<C>): Entry<C> | undefined {
    // Without labels there is nothing to look up.
    if (!(node instanceof Entry)) return undefined
    // One that was removed or let go has no cell.
    if (node.child.at !== 0) return node
    this.#root.clear()
    this.#entries = 0
    return undefined
  }

  /** Notes a child, if it can record, there is room, and all labels have simple values. */
  add(labels: Record<string, unknown>, child: C): void {
    const names = this.#names
    if (this.#entries === MOST || child.at === 0 || !names.every(name => isSimple(labels[name]))) return
    let node = this.#root
    const last = names.length - 1
    for (let n = 0; n < last; n++) {
      let next = node.get(labels[names[n]]) as Node<C> | undefined
      if (next === undefined) {
        next = new Map()
        node.set(labels[names[n]], next)
      }
      node = next
    }
    node.set(labels[names[last]], new Entry(child))
    this.#entries++
  }
}

function isSimple(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** Enumerable keys, inherited ones too: no label may be among them that is not looked for. */
export function count(labels: object): number {
  let keys = 0
  for (const _ in labels) keys++
  return keys
}
